import Orchestration
import Primitives
import Workload

/// Requests to objects of a cache, as dense columns: what a cache replay needs of a trace.
public struct ObjectTrace: Sendable {
  /// A name for people.
  public var name: String
  /// The object of each request.
  public var objects: [AdapterID]
  /// When each request comes; nil if the trace does not say.
  public var times: [Nanoseconds]?
  /// What each object is called in the trace.
  public var keys: [UInt64]
  /// The size of each object: that of its first request.
  public var bytes: [Bytes]
  /// The time to load each object.
  public var loadCost: [Nanoseconds]
  /// Requests that give their object another size than its first one did.
  public var resized = 0
  /// Objects whose size the trace does not say; it counts as 1.
  public var unsized = 0

  /// Number of requests.
  public var count: Int { objects.count }
  /// The size of all objects together.
  public var workingSet: Bytes { bytes.reduce(0, +) }

  /// Makes a trace.
  public init(
    name: String, objects: [AdapterID], times: [Nanoseconds]? = nil, keys: [UInt64],
    bytes: [Bytes], loadCost: [Nanoseconds]
  ) {
    self.name = name
    self.objects = objects
    self.times = times
    self.keys = keys
    self.bytes = bytes
    self.loadCost = loadCost
  }
}

/// The time that it takes to load an object.
public struct LoadCost: Sendable, Equatable {
  /// What each load takes, whatever its size.
  public var latency: Nanoseconds
  /// Bytes a second; nil where size does not matter.
  public var bandwidth: Double?

  /// Makes a cost. By default all loads cost the same, so that policies which weigh cost by size
  /// decide by size alone, as libCacheSim's do.
  public init(latency: Nanoseconds = 1_000_000, bandwidth: Double? = nil) {
    self.latency = latency
    self.bandwidth = bandwidth
  }

  /// The cost of a load of so many bytes.
  public func callAsFunction(_ bytes: Bytes) -> Nanoseconds {
    guard let bandwidth else { return latency }
    return Nanoseconds(seconds: latency.seconds + Double(bytes) / bandwidth)
  }
}

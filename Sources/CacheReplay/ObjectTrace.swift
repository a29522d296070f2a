import Orchestration
import Primitives

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

  /// Number of requests.
  public var count: Int { objects.count }

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

extension ObjectTrace {
  /// Reads libCacheSim's oracleGeneral: packed little-endian records of u32 time in seconds, u64
  /// object, u32 bytes, i64 index of the next request.
  /// - Throws: `PitwallError` (data) if the bytes are not a whole number of records.
  public init(oracleGeneral data: [UInt8], name: String) throws {
    guard data.count % 24 == 0 else {
      throw PitwallError.data(name, "is not a whole number of 24-byte records")
    }
    var known: [UInt64: AdapterID] = [:]
    self.init(name: name, objects: [], keys: [], bytes: [], loadCost: [])
    func number(at start: Int, _ width: Int) -> UInt64 {
      (0..<width).reversed().reduce(0) { $0 << 8 | UInt64(data[start + $1]) }
    }
    for start in stride(from: 0, to: data.count, by: 24) {
      let key = number(at: start + 4, 8)
      if let object = known[key] {
        objects.append(object)
        continue
      }
      let object = AdapterID(keys.count)
      known[key] = object
      objects.append(object)
      keys.append(key)
      bytes.append(Bytes(number(at: start + 12, 4)))
      loadCost.append(1_000_000)
    }
  }
}

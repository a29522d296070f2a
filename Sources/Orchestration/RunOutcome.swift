import Primitives

/// Everything that one replay of one trace produced, in whichever world it ran.
public struct RunOutcome: Sendable {
  /// One record a request, in order of the trace's rows; empty where they were not kept.
  public var requests: [RequestRecord]
  /// Sums over all requests, whether their records were kept or not.
  public var totals: RequestTotals
  /// The time series, by time and then by replica.
  public var samples: [Sample]
  /// When which adapter was on which device; empty where it was not asked for.
  public var residency: [ResidencySpan]
  /// What was counted.
  public var counters: Counters
  /// The distribution of gaps between tokens, pooled over all requests (vLLM's ITL): pairs of a
  /// gap and how often it occurred, by rising gap.
  public var tokenGaps: [TokenGap]
  /// How full the replicas were, measured over all of the run; nil where a world has nothing but
  /// the time series to tell it by.
  public var occupancy: Occupancy?
  /// One replica's device memory.
  public var memory: DeviceMemory
  /// When the run ended, in virtual or wall time since its start.
  public var end: Nanoseconds

  /// Makes an outcome.
  /// - Parameter totals: nil for those of `requests`.
  public init(
    requests: [RequestRecord], totals: RequestTotals? = nil, samples: [Sample],
    residency: [ResidencySpan], counters: Counters,
    tokenGaps: [TokenGap], occupancy: Occupancy? = nil, memory: DeviceMemory, end: Nanoseconds
  ) {
    self.requests = requests
    self.totals = totals ?? RequestTotals(requests)
    self.samples = samples
    self.residency = residency
    self.counters = counters
    self.tokenGaps = tokenGaps
    self.occupancy = occupancy
    self.memory = memory
    self.end = end
  }
}

/// A gap between two tokens of one request, and its number of occurrences.
public struct TokenGap: Sendable, Equatable {
  /// Length of the gap.
  public var gap: Nanoseconds
  /// How often.
  public var count: Int64

  /// Makes a pair.
  public init(gap: Nanoseconds, count: Int64) {
    self.gap = gap
    self.count = count
  }
}

/// Means over a run's time of what all replicas held together.
public struct Occupancy: Sendable, Equatable {
  /// Requests that waited.
  public var waiting: Double
  /// Requests that ran.
  public var running: Double
  /// Bytes of KV cache.
  public var kvBytes: Double
  /// Bytes of adapters, resident or arriving.
  public var adapterBytes: Double
  /// The most requests that waited at once: not a mean.
  public var deepestQueue: Int64
  /// Over how many replicas.
  public var replicas: Int

  /// Makes a measurement.
  public init(
    waiting: Double, running: Double, kvBytes: Double, adapterBytes: Double, deepestQueue: Int64,
    replicas: Int
  ) {
    self.waiting = waiting
    self.running = running
    self.kvBytes = kvBytes
    self.adapterBytes = adapterBytes
    self.deepestQueue = deepestQueue
    self.replicas = replicas
  }
}

/// How a replica's device memory is divided when it starts.
public struct DeviceMemory: Sendable, Equatable {
  /// Memory that the server may use.
  public var capacity: Bytes
  /// Of this, the base model's weights and working space.
  public var weights: Bytes
  /// Of this, set aside for adapter slots; 0 where adapters share a pool with the KV cache.
  public var adapterSlots: Bytes

  /// Makes a division.
  public init(capacity: Bytes, weights: Bytes, adapterSlots: Bytes) {
    self.capacity = capacity
    self.weights = weights
    self.adapterSlots = adapterSlots
  }
}

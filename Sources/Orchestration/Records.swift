import Primitives

/// Where an adapter's weights can be, from farthest to nearest.
public enum Tier: UInt8, Sendable, CaseIterable, Comparable, BitwiseCopyable,
  CustomStringConvertible
{
  /// An object store or model hub, without a limit on size.
  case remote
  /// The server's own disk.
  case disk
  /// The server's memory.
  case host
  /// The accelerator's memory, from which adapters are executed.
  case device

  public static func < (a: Tier, b: Tier) -> Bool { a.rawValue < b.rawValue }
  public var description: String {
    switch self {
    case .remote: "remote"
    case .disk: "disk"
    case .host: "host"
    case .device: "device"
    }
  }
}

/// How a request ended. Every request ends exactly once.
public enum Outcome: UInt8, Sendable, CaseIterable, BitwiseCopyable {
  /// All its tokens were produced.
  case finished
  /// It could never have been served (too long for the KV cache, an adapter that does not fit).
  case rejected
  /// It was cancelled before it was finished, by the client or by the end of the run.
  case aborted
  /// Its client had no connection left to send it on; no server saw it.
  case unsent
}

/// What happened to one request. Times are in nanoseconds from the start of the trace; a time that
/// never came is ``RequestRecord/never``.
public struct RequestRecord: Sendable, Equatable, BitwiseCopyable {
  /// The time of something that did not happen.
  public static let never: Nanoseconds = -1

  /// Row in the trace.
  public var request: Int32
  /// Tenant's index in the trace.
  public var tenant: Int32
  /// The adapter set that it was served with (after selection).
  public var adapterSet: Int32
  /// Prompt tokens.
  public var promptTokens: Int32
  /// Output tokens that were produced.
  public var outputTokens: Int32
  /// Times that it lost its KV cache and had to be computed again.
  public var preemptions: Int32
  /// The replica that served it.
  public var replica: Int16
  /// How it ended.
  public var outcome: Outcome
  /// The farthest tier in which one of its adapters was when the scheduler first wanted to run the
  /// request: `.device` is a hit. Base-only requests are hits.
  public var foundIn: Tier
  /// When it came.
  public var arrival: Nanoseconds
  /// When its first step began.
  public var admitted: Nanoseconds
  /// When its first token was out.
  public var firstToken: Nanoseconds
  /// When it ended.
  public var finished: Nanoseconds
  /// How long it could have run but for an adapter that was not yet on the device.
  public var loadWait: Nanoseconds

  /// A record of a request that has just come.
  public init(
    request: Int32, tenant: Int32, adapterSet: Int32, promptTokens: Int32, arrival: Nanoseconds
  ) {
    self.request = request
    self.tenant = tenant
    self.adapterSet = adapterSet
    self.promptTokens = promptTokens
    self.arrival = arrival
    outputTokens = 0
    preemptions = 0
    replica = 0
    outcome = .aborted
    foundIn = .device
    admitted = RequestRecord.never
    firstToken = RequestRecord.never
    finished = RequestRecord.never
    loadWait = 0
  }
}

/// One point of a replica's time series.
public struct Sample: Sendable, Equatable, BitwiseCopyable {
  /// When.
  public var at: Nanoseconds
  /// Which replica.
  public var replica: Int16
  /// Requests waiting.
  public var waiting: Int32
  /// Requests running.
  public var running: Int32
  /// Device memory that holds KV cache.
  public var kvBytes: Bytes
  /// Device memory that holds adapters, resident or arriving.
  public var adapterBytes: Bytes
  /// Adapters resident on the device.
  public var residentAdapters: Int32
  /// References to adapters so far, and how many were hits, over the whole run.
  public var references: Int64
  /// Of these, found on the device.
  public var hits: Int64

  /// A point.
  public init(
    at: Nanoseconds, replica: Int16, waiting: Int32, running: Int32, kvBytes: Bytes,
    adapterBytes: Bytes, residentAdapters: Int32, references: Int64, hits: Int64
  ) {
    self.at = at
    self.replica = replica
    self.waiting = waiting
    self.running = running
    self.kvBytes = kvBytes
    self.adapterBytes = adapterBytes
    self.residentAdapters = residentAdapters
    self.references = references
    self.hits = hits
  }
}

/// A stretch of time that an adapter spent on a replica's device.
public struct ResidencySpan: Sendable, Equatable, BitwiseCopyable {
  /// Which adapter.
  public var adapter: Int32
  /// On which replica.
  public var replica: Int16
  /// Whether it came by prefetch rather than on demand.
  public var prefetched: Bool
  /// When it became resident.
  public var from: Nanoseconds
  /// When it was evicted, or the run's end.
  public var to: Nanoseconds

  /// A stretch.
  public init(
    adapter: Int32, replica: Int16, prefetched: Bool, from: Nanoseconds, to: Nanoseconds
  ) {
    self.adapter = adapter
    self.replica = replica
    self.prefetched = prefetched
    self.from = from
    self.to = to
  }
}

/// What was counted over a run, summed over replicas.
public struct Counters: Sendable, Equatable {
  /// References to adapters: each request counts each of its adapters once, when the scheduler
  /// first wants to run it.
  public var references: Int64 = 0
  /// The bytes of the referenced adapters.
  public var referencedBytes: Bytes = 0
  /// References by the tier in which the adapter was found, indexed by ``Tier``'s raw value.
  public var found: [Int64] = [0, 0, 0, 0]
  /// The bytes of these.
  public var foundBytes: [Bytes] = [0, 0, 0, 0]
  /// Transfers completed into each tier, indexed by the destination's raw value.
  public var loads: [Int64] = [0, 0, 0, 0]
  /// Bytes that these moved.
  public var bytesMoved: [Bytes] = [0, 0, 0, 0]
  /// Adapters dropped from each tier to make room.
  public var evictions: [Int64] = [0, 0, 0, 0]
  /// Prefetches into the device begun.
  public var prefetches: Int64 = 0
  /// Bytes of these.
  public var prefetchedBytes: Bytes = 0
  /// Prefetched adapters that a request then used (whether the transfer had ended or not).
  public var prefetchesUsed: Int64 = 0
  /// Prefetches that were wanted before they had arrived: part of `prefetchesUsed`.
  public var prefetchesLate: Int64 = 0
  /// Bytes prefetched and evicted, cancelled or left over without having been used.
  public var prefetchWastedBytes: Bytes = 0
  /// Prefetches cancelled to let a demand load pass.
  public var prefetchesCancelled: Int64 = 0
  /// Loads into the device that a request had to wait for.
  public var demandLoads: Int64 = 0
  /// Of these, copies of adapters that the same step had dropped: the cascade of
  /// ``ReplicaConfiguration/Activation/setOrder``.
  public var reloads: Int64 = 0
  /// Time that steps spent copying adapters before they computed.
  public var copying: Nanoseconds = 0
  /// Engine steps.
  public var steps: Int64 = 0
  /// Different adapters of each step, added up over the steps.
  public var adapterSteps: Int64 = 0
  /// Time spent in steps.
  public var busy: Nanoseconds = 0
  /// Prompt tokens computed, those of recomputation included.
  public var prefillTokens: Int64 = 0
  /// Output tokens produced.
  public var decodeTokens: Int64 = 0
  /// Sequences that lost their KV cache.
  public var preemptions: Int64 = 0

  /// All zero.
  public init() {}

  /// Adds another replica's counts.
  public mutating func add(_ other: Counters) {
    references += other.references
    referencedBytes += other.referencedBytes
    for tier in 0..<4 {
      found[tier] += other.found[tier]
      foundBytes[tier] += other.foundBytes[tier]
      loads[tier] += other.loads[tier]
      bytesMoved[tier] += other.bytesMoved[tier]
      evictions[tier] += other.evictions[tier]
    }
    prefetches += other.prefetches
    prefetchedBytes += other.prefetchedBytes
    prefetchesUsed += other.prefetchesUsed
    prefetchesLate += other.prefetchesLate
    prefetchWastedBytes += other.prefetchWastedBytes
    prefetchesCancelled += other.prefetchesCancelled
    demandLoads += other.demandLoads
    reloads += other.reloads
    copying += other.copying
    steps += other.steps
    adapterSteps += other.adapterSteps
    busy += other.busy
    prefillTokens += other.prefillTokens
    decodeTokens += other.decodeTokens
    preemptions += other.preemptions
  }
}

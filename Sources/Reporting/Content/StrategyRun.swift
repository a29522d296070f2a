import Orchestration
import Primitives
import Replay

/// One run of one strategy in full: what the charts over requests and over time are drawn from.
public struct StrategyRun: Sendable {
  /// The strategy's name.
  public var strategy: String
  /// The run's id.
  public var runID: String
  /// Its seed.
  public var seed: UInt64
  /// One record a request.
  public var requests: [RequestRecord]
  /// The time series, by time and then by replica.
  public var samples: [Sample]
  /// When which adapter was on which device.
  public var residency: [ResidencySpan]
  /// One replica's device memory.
  public var memory: DeviceMemory
  /// When the run ended.
  public var end: Nanoseconds

  /// Makes a run.
  public init(
    strategy: String, runID: String, seed: UInt64, requests: [RequestRecord], samples: [Sample],
    residency: [ResidencySpan], memory: DeviceMemory, end: Nanoseconds
  ) {
    self.strategy = strategy
    self.runID = runID
    self.seed = seed
    self.requests = requests
    self.samples = samples
    self.residency = residency
    self.memory = memory
    self.end = end
  }

  /// Replicas that the samples speak of; at least one.
  var replicaCount: Int { Set(samples.map(\.replica)).count.clamped(to: 1...Int.max) }

  /// The run's whole time; empty where nothing happened.
  var span: Range<Nanoseconds> {
    let last = max(end, samples.last?.at ?? 0)
    return 0..<max(last, 0)
  }
}

/// A latency of a request.
public enum Latency: String, Sendable, CaseIterable {
  /// Time to first token: from arrival until the first token was out.
  case timeToFirstToken = "TTFT"
  /// End to end: from arrival until the last token was out.
  case endToEnd = "E2E"

  /// In words, as the beginning of a heading.
  var title: String {
    switch self {
    case .timeToFirstToken: "Time to first token"
    case .endToEnd: "End-to-end latency"
    }
  }

  /// Seconds; nil where the moment never came.
  public func of(_ request: RequestRecord) -> Double? {
    let until: Nanoseconds
    switch self {
    case .timeToFirstToken: until = request.firstToken
    case .endToEnd: until = request.outcome == .finished ? request.finished : RequestRecord.never
    }
    return until < request.arrival ? nil : (until - request.arrival).seconds
  }
}

extension Comparable {
  /// This value, or the nearest one in `range`.
  func clamped(to range: ClosedRange<Self>) -> Self {
    min(max(self, range.lowerBound), range.upperBound)
  }
}

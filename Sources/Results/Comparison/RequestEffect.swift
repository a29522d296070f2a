import Orchestration
import Primitives

/// How a latency changed request by request: each request of run B against the same request of
/// run A, pooled over seeds. It says how large a difference feels; certainty comes from the seeds.
public struct RequestEffect: Sendable, Equatable {
  /// Requests that have the latency in both runs.
  public let pairs: Int
  /// Median of the differences, in milliseconds.
  public let medianDifference: Double
  /// Share of requests that became faster, ties counted half: the probability of superiority for
  /// dependent samples (R. Grissom and J. Kim, "Effect Sizes for Research", 2005).
  public let shareFaster: Double

  /// From the differences `b - a` in nanoseconds; nil where there are none.
  init?(_ differences: [Double]) {
    let sorted = differences.sorted()
    guard let median = Quantile.of(sorted: sorted, 0.5) else { return nil }
    pairs = sorted.count
    medianDifference = median / 1e6
    let faster = sorted.partitioningIndex { $0 >= 0 }
    let notSlower = sorted.partitioningIndex { $0 > 0 }
    shareFaster = (Double(faster) + Double(notSlower)) / 2 / Double(sorted.count)
  }
}

/// A latency that each request has.
enum RequestLatency: String, CaseIterable {
  case ttft
  case tpot
  case e2e
  case queue
  case loadWait = "load_wait"

  /// The latency of which a metric is a summary, if it is one of these.
  init?(metric: String) {
    guard let end = metric.lastIndex(of: "_"),
      ["mean", "p50", "p90", "p95", "p99", "total"].contains(metric[metric.index(after: end)...])
    else { return nil }
    self.init(rawValue: String(metric[..<end]))
  }

  /// In nanoseconds; nil where the request has none.
  func value(of request: RequestRecord) -> Double? {
    switch self {
    case .ttft: request.outcome == .finished ? request.ttft.map(Double.init) : nil
    case .tpot: request.tpot
    case .e2e: request.e2e.map(Double.init)
    case .queue: request.outcome == .finished ? request.queueTime.map(Double.init) : nil
    case .loadWait: request.outcome == .unsent ? nil : Double(request.loadWait)
    }
  }

  /// Appends the differences `b - a` of two runs' records, both by rising request number.
  func appendDifferences(
    _ a: [RequestRecord], _ b: [RequestRecord], to differences: inout [Double]
  ) {
    var next = 0
    for record in a {
      while next < b.count, b[next].request < record.request { next += 1 }
      guard next < b.count else { return }
      guard b[next].request == record.request, let before = value(of: record),
        let after = value(of: b[next])
      else { continue }
      differences.append(after - before)
    }
  }
}

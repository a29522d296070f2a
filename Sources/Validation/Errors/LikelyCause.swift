import Foundation
import Results

/// Why a prediction may be off: what the other quantities of the same run give away.
///
/// Rules, not a diagnosis: each states what it saw, and the first that applies is given.
public enum LikelyCause: Sendable, Equatable, CustomStringConvertible {
  /// The server is predicted to start and did not, or the other way round.
  case start
  /// Tokens in the cache per running request, relative to its capacity, differ: the run had
  /// another cache than the one assumed. The ratio is of predicted to measured share.
  case cacheSize(ratio: Double)
  /// The client sent so many requests for each one that is predicted to be sent.
  case requestsSent(ratio: Double)
  /// Waiting requests in one of the two and next to none in the other, or a server that just fails
  /// to keep up: a small error of capacity grows to a large one of what waits.
  case nearSaturation
  /// Steps so long that requests pile up while they last: an error of step time feeds itself.
  case stepTimeFeedback
  /// Within twice the standard deviation that independent arrivals and lengths give.
  case chance(standardDeviation: Double)
  /// No rule applies.
  case unknown

  /// Judges the error of a metric in a run.
  public init(of run: ValidatedRun, _ metric: ValidationQuantity) {
    self =
      LikelyCause.start(run) ?? LikelyCause.chance(run, metric) ?? LikelyCause.cacheSize(run)
      ?? LikelyCause.requestsSent(run) ?? LikelyCause.saturation(run) ?? .unknown
  }

  public var description: String {
    switch self {
    case .start: "start predicted wrongly"
    case .cacheSize(let ratio):
      "another KV size? \(LikelyCause.percent(ratio)) of its share a request"
    case .requestsSent(let ratio):
      "client sent \(LikelyCause.percent(ratio)) of what is predicted"
    case .nearSaturation: "near saturation"
    case .stepTimeFeedback: "long steps that feed themselves"
    case .chance(let deviation):
      "chance (standard deviation \(NumberText.fixed(deviation, decimals: 1)))"
    case .unknown: "unknown"
    }
  }

  private static func percent(_ ratio: Double) -> String {
    NumberText.fixed(100 * ratio, decimals: 0) + " %"
  }

  // MARK: The rules

  private static func start(_ run: ValidatedRun) -> LikelyCause? {
    run.measured[.starts] == run.predicted[.starts] ? nil : .start
  }

  /// Tokens of n independent requests have a relative variance of (1 + c²)/n, where c is the
  /// coefficient of variation of a request's tokens: about 0.6 for prompt and output together (ShareGPT). The
  /// measured and the predicted sum both vary, and SMAPE is half of a small relative difference.
  private static func chance(_ run: ValidatedRun, _ metric: ValidationQuantity) -> LikelyCause? {
    guard metric == .totalThroughput || metric == .completed,
      let measured = run.measured[metric], let predicted = run.predicted[metric],
      let completed = run.measured[.completed], completed > 0,
      ["unloaded", "slot_queueing"].contains(run.regime)
    else { return nil }
    let variation = metric == .completed ? 0 : 0.6
    let deviation = 50 * (2 * (1 + variation * variation) / completed).squareRoot()
    let error = ErrorSummary.smape(measured: measured, predicted: predicted)
    return error <= 2 * deviation ? .chance(standardDeviation: deviation) : nil
  }

  private static func cacheSize(_ run: ValidatedRun) -> LikelyCause? {
    guard let measured = share(run.measured), let predicted = share(run.predicted) else {
      return nil
    }
    let ratio = predicted / measured
    return abs(log(ratio)) > log(1.08) ? .cacheSize(ratio: ratio) : nil
  }

  /// The share of the cache that a running request takes; nil where too few run to tell.
  private static func share(_ observed: Observations) -> Double? {
    guard let usage = observed[.kvUsage], let running = observed[.running], running >= 5, usage > 0
    else { return nil }
    return usage / running
  }

  private static func requestsSent(_ run: ValidatedRun) -> LikelyCause? {
    guard let measured = run.measured[.sent], let predicted = run.predicted[.sent], predicted > 0
    else { return nil }
    let ratio = measured / predicted
    return abs(ratio - 1) > 0.03 ? .requestsSent(ratio: ratio) : nil
  }

  private static func saturation(_ run: ValidatedRun) -> LikelyCause? {
    if let measured = run.measured[.waiting], let predicted = run.predicted[.waiting] {
      // Ten waiting requests are a queue; less than one on average is none.
      let (less, more) = (min(measured, predicted), max(measured, predicted))
      if more >= 10, less < more / 5 { return .nearSaturation }
    }
    if run.regime == "transition" { return .nearSaturation }
    let itl = max(run.measured[.itlMean] ?? 0, run.predicted[.itlMean] ?? 0)
    return run.regime == "unloaded" && itl > 60 ? .stepTimeFeedback : nil
  }
}

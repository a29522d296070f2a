/// Runs that went on well after their trace had ended, because requests came faster than they were
/// served. The queue then grows for as long as the trace lasts, and latencies measure its length.
public struct Saturation: Sendable, Equatable, CustomStringConvertible {
  /// The strategies with such runs, in order of appearance.
  public let strategies: [String]
  /// First to last arrival of the worst of these runs, in seconds.
  public let arrivalSpan: Double
  /// First arrival to last finish of the same run, in seconds.
  public let makespan: Double

  private static let leastRatio = 1.2
  /// The last requests take their time on an idle server too.
  private static let leastExcess = 60.0

  /// Looks for saturated runs among those of one workload; nil where there is none. A trace whose
  /// requests all arrive at once has no span to go beyond.
  public init?(_ runs: [(strategy: String, metrics: [String: Double])]) {
    var strategies: [String] = []
    var worst: (span: Double, makespan: Double)?
    for (strategy, metrics) in runs {
      guard let span = metrics["arrival_span"], let makespan = metrics["makespan"], span > 0,
        makespan > span * Saturation.leastRatio, makespan - span > Saturation.leastExcess
      else { continue }
      if !strategies.contains(strategy) { strategies.append(strategy) }
      if makespan / span > worst.map({ $0.makespan / $0.span }) ?? 0 { worst = (span, makespan) }
    }
    guard let worst else { return nil }
    self.strategies = strategies
    arrivalSpan = worst.span
    makespan = worst.makespan
  }

  /// In one line, without a full stop.
  public var description: String {
    let seconds = MetricUnit.seconds
    return "the server is saturated under \(strategies.joined(separator: ", ")): a trace of "
      + "\(seconds.text(arrivalSpan)) takes up to \(seconds.text(makespan)) to serve, and "
      + "latencies grow with the length of the trace"
  }
}

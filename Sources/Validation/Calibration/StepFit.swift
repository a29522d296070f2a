import Primitives
import Replay
import Simulation
import Workload

/// The coefficients of step-time terms, fitted to steps that were measured alone.
public struct StepFit: Sendable, Equatable {
  /// The terms' coefficients, in the order asked for; of terms about which the steps say nothing, or
  /// which explain nothing, 0.
  public var coefficients: [Profile.Model.StepCoefficient]
  /// Root of the mean squared relative error.
  public var relativeError: Double
  /// Groups of steps fitted to.
  public var count: Int

  /// The terms that benchmarks tell apart. The others come together with some of these only: all
  /// steps with prompts, say, are steps of nothing else.
  public static let terms: [StepTerm] = [
    .step, .shrinkGrid, .expandGrid, .decode, .promptToken, .contextToken, .adapter,
  ]

  /// What is known already.
  init(known coefficients: [Profile.Model.StepCoefficient]) {
    self.coefficients = coefficients
    relativeError = 0
    count = 0
  }

  /// Fits terms, none of which makes a step faster, to measured steps.
  ///
  /// Errors are relative: a step of 300 ms is known no more exactly, in percent, than one of 13.
  public init(_ steps: [MeasuredStep], terms: [StepTerm] = terms) {
    var problem = LeastSquares(terms.map(\.rawValue))
    for step in steps where step.milliseconds > 0 {
      problem.add(
        terms.map { $0.value(of: step.work, on: step.slots) }, target: step.milliseconds * 1000,
        weight: 1 / (step.milliseconds * step.milliseconds * 1e6))
    }
    let fit = problem.fitNonNegative()
    coefficients = zip(terms, fit.coefficients).map { .init($0, microseconds: $1) }
    count = problem.count
    relativeError = (fit.residual / Double(max(1, count))).squareRoot()
  }
}

/// Measured steps with the benchmarks that made them.
public struct StepMeasurements: Sendable {
  /// The steps of each model, by the model's name.
  public let steps: [(model: ModelShape, steps: [MeasuredStep])]

  /// Joins steps with the benchmarks that made them: the run of a step is the end of a benchmark's.
  /// - Parameters:
  ///   - groups: a file of steps, with ``MeasuredStep/columns``.
  ///   - benchmarks: a file of runs, with ``MeasuredStep/Benchmark/columns``.
  /// - Throws: `PitwallError` (data) for a malformed row, and for a step of an unknown run.
  public init(groups: CSVTable, benchmarks: CSVTable) throws {
    var known: [String: MeasuredStep.Benchmark?] = [:]
    for row in benchmarks.rows {
      let run = try row.required("run_id", row.text("run_id"))
      let benchmark = try MeasuredStep.Benchmark(row)
      // Every end of the path, so that a run is found whatever folder its name begins with.
      var rest = Substring(run)
      while true {
        known[String(rest)] = .some(benchmark)
        guard let slash = rest.firstIndex(of: "/") else { break }
        rest = rest[rest.index(after: slash)...]
      }
    }
    steps = try groups.byModel().map { model, rows in
      let steps = try rows.compactMap { row -> MeasuredStep? in
        let run = try row.required("run_id", row.text("run_id"))
        guard let benchmark = known[run] else { throw row.failure("run_id", "unknown run") }
        return try benchmark.flatMap { try MeasuredStep(row, of: $0) }
      }
      return (model, steps)
    }
  }
}

import Foundation
import Simulation

/// A run as some coefficients predict it, and how its observables change with each of them.
///
/// One more simulation, with all coefficients a little larger, gives the derivatives by all of them.
/// Whatever makes steps longer has the same consequences: fewer end in a second, sequences stay
/// longer, batches and queues grow, and grow steps in their turn. So an observable `o` follows the
/// coefficients `c` through the length of steps alone, and
///
///     d log o / d c_k = (d log o / d log s) x (phi_k / sum of c_j phi_j),
///
/// where `s` scales all steps, and `phi` are the terms of the run's steps, averaged over its gaps
/// between tokens (``StepProfile``). The first factor is what the two simulations differ by, with
/// the same random numbers; the second the share of the time that a unit of the coefficient takes.
/// It is an approximation where a term matters in few steps, such as those with prompts, that
/// clients notice in other ways than in the mean gap; a fit with it still ends where the
/// simulations agree with the measurements, since residuals are simulated in every iteration.
struct LinearizedRun: Sendable {
  /// An observable's logarithm.
  struct Row: Sendable {
    /// Measured less predicted.
    var residual: Double
    /// Derivatives of the prediction by the coefficients, in the order of ``StepTerm/allCases``.
    var slopes: [Double]
    /// What the residual may be of a perfect model.
    var deviation: Double

    /// The weight of the row in a sum of squares: its inverse variance, less where it is so far off
    /// that something else must be the cause (Huber, "Robust Statistics", 1981: iteratively
    /// reweighted, with a threshold of two deviations).
    var weight: Double { 1 / (deviation * deviation * max(1, excess)) }

    /// Huber's loss, of which ``weight`` is the derivative.
    var loss: Double {
      let distance = abs(residual) / deviation
      return distance <= 2 ? distance * distance : 4 * distance - 4
    }

    private var excess: Double { abs(residual) / (2 * deviation) }
  }

  /// What was measured.
  let run: MeasuredRun
  /// What the coefficients predict.
  let prediction: Prediction
  /// The terms of a mean step.
  let means: [Double]
  /// The time of a mean step, us.
  let stepTime: Double
  /// By how many times more than the steps' lengths each observable changes.
  let elasticities: [RunObservable: Double]
  /// An entry an observable.
  let rows: [Row]

  /// Adds derivatives to a prediction.
  /// - Parameters:
  ///   - coefficients: those that the prediction was made with, in the order of
  ///     ``StepTerm/allCases``, us.
  ///   - elasticities: see ``elasticities(from:to:)``.
  init(
    _ run: MeasuredRun, _ prediction: Prediction, _ profile: StepProfile, coefficients: [Double],
    elasticities: [RunObservable: Double]
  ) {
    self.run = run
    self.prediction = prediction
    self.elasticities = elasticities
    let means = profile.means
    let stepTime = zip(coefficients, means).reduce(0) { $0 + $1.0 * $1.1 }
    self.means = means
    self.stepTime = stepTime
    rows = RunObservable.allCases.compactMap { observable in
      guard stepTime > 0, let deviation = observable.deviation(in: run.regime),
        let measured = run.measured.flatMap(observable.value), measured > 0,
        let predicted = observable.value(of: prediction), predicted > 0,
        let elasticity = elasticities[observable]
      else { return nil }
      return Row(
        residual: log(measured / predicted), slopes: means.map { elasticity * $0 / stepTime },
        deviation: deviation)
    }
  }

  /// How much larger the coefficients of the second simulation are: far more than what two
  /// simulations differ by at random, and little enough for a derivative.
  static let scale = 1.03

  /// Elasticities of more than this are those of a run at the edge of another regime, and hold
  /// nowhere else.
  private static let steepest = 8.0

  /// Compares a run with itself where all coefficients are ``scale`` times as large.
  static func elasticities(
    from prediction: Prediction, to scaled: Prediction
  ) -> [RunObservable: Double] {
    var elasticities: [RunObservable: Double] = [:]
    for observable in RunObservable.allCases {
      guard let predicted = observable.value(of: prediction), predicted > 0,
        let moved = observable.value(of: scaled), moved > 0
      else { continue }
      elasticities[observable] = min(max(log(moved / predicted) / log(scale), -steepest), steepest)
    }
    return elasticities
  }
}

import Foundation
import Primitives
import Replay
import Results
import Simulation

extension FrontendModel {
  /// What a server in Python takes, by order of magnitude: where a fit begins, and what it keeps to
  /// where measurements say little.
  static let typical = FrontendModel(
    ingress: 3_000_000, egress: 3_000_000, perToken: 75_000, perCombination: 10_000, perName: 200)
}

/// Fits what requests and tokens pass through on their way to the engine and back to the times to
/// first token of servers that kept up: where nobody waits, little else is in them but the prompt's
/// own step.
///
/// Gauss and Newton's method on the logarithms, with one more simulation for each part, and with
/// ``FrontendModel/typical`` as prior knowledge: each part is known to a factor.
struct FrontendFit: Sendable {
  /// The runs: of servers that kept up, in which a time to first token was measured.
  let runs: [MeasuredRun]
  /// The seed of all simulations.
  var seed: UInt64 = 1
  /// Simulations at a time.
  var threads = 1

  private static let iterations = 2
  /// How far each part may be from what is typical, as a share, before anything is measured.
  private static let spread = 0.5
  /// How far off the mean time to first token of a run may be, as a share, of a perfect model.
  private static let deviation = 0.08
  /// The step of a numerical derivative, as a share.
  private static let nudge = 0.3

  init(_ runs: [MeasuredRun]) {
    self.runs = runs.filter { $0.regime == "unloaded" && ($0.measured?.ttftMean ?? 0) > 0 }
  }

  /// The number of simulations that a fit takes.
  var simulations: Int { FrontendFit.iterations * (FrontendModel.parts.count + 1) * runs.count }

  /// The profile with fitted frontends: one for each model that there are runs of.
  /// - Throws: `PitwallError` of a run that cannot be simulated; `CancellationError` where
  ///   `finished` gives up.
  func fit(
    _ profile: Profile, finished: @escaping @Sendable () -> Bool
  ) async throws -> Profile {
    var profile = profile
    for _ in 0..<FrontendFit.iterations {
      let variants = try await variants(of: profile, finished)
      profile = profile.with(
        profile.models.map { model in
          var model = model
          model.frontend = improved(model, variants)
          return model
        })
    }
    return profile
  }

  /// Mean times to first token of all runs, as they are and with each part of the frontend nudged.
  private func variants(
    of profile: Profile, _ finished: @escaping @Sendable () -> Bool
  ) async throws -> [[Double?]] {
    let predictors =
      [ProfilePredictor(profile)]
      + FrontendModel.parts.map { part in
        ProfilePredictor(
          profile.with(
            profile.models.map { model in
              var model = model
              model.frontend = (model.frontend ?? .typical).scaling(part, by: 1 + FrontendFit.nudge)
              return model
            }))
      }
    let tasks = predictors.flatMap { predictor in runs.map { (predictor, $0) } }
    let times = try await mapConcurrently(tasks, threads: threads, finished: finished) {
      try $0.0.predict($0.1, seed: seed).ttftMean
    }
    return predictors.indices.map { Array(times[$0 * runs.count..<($0 + 1) * runs.count]) }
  }

  private func improved(_ model: Profile.Model, _ variants: [[Double?]]) -> FrontendModel {
    let frontend = model.frontend ?? .typical
    var problem = LeastSquares(["passage", "per-token", "metrics"])
    let here = FrontendModel.parts.map { frontend.size(of: $0) }
    for (index, run) in runs.enumerated() where run.isOf(model) {
      guard let measured = run.measured?.ttftMean, let now = variants[0][index], now > 0 else {
        continue
      }
      let slopes = FrontendModel.parts.indices.map { part in
        log((variants[part + 1][index] ?? now) / now) / (FrontendFit.nudge * here[part])
      }
      let residual = log(measured / now)
      let along = zip(slopes, here).reduce(residual) { $0 + $1.0 * $1.1 }
      let excess = max(1, abs(residual) / (2 * FrontendFit.deviation))
      problem.add(
        slopes, target: along,
        weight: 1 / (FrontendFit.deviation * FrontendFit.deviation * excess))
    }
    problem.priors = FrontendModel.parts.map { _ in
      LeastSquares.Prior(mean: 1, deviation: FrontendFit.spread)
    }
    let sizes = problem.fitNonNegative().coefficients.map(\.value)
    return zip(FrontendModel.parts, zip(sizes, here)).reduce(frontend) { fitted, change in
      // Never to nothing, or there would be no way back.
      fitted.scaling(change.0, by: max(change.1.0 / change.1.1, 0.1))
    }
  }
}

extension FrontendModel {
  typealias Part = any WritableKeyPath<FrontendModel, Nanoseconds> & Sendable

  /// The parts that can be told apart: what goes in and what comes out cannot.
  static let parts: [[Part]] = [
    [\.ingress, \.egress], [\.perToken], [\.perCombination, \.perName],
  ]

  /// How large a part is, in multiples of the typical.
  func size(of part: [Part]) -> Double {
    let sum = part.reduce(0) { $0 + Double(self[keyPath: $1]) }
    let typical = part.reduce(0) { $0 + Double(FrontendModel.typical[keyPath: $1]) }
    return max(sum / typical, 1e-3)
  }

  /// With a part so much larger.
  func scaling(_ part: [Part], by factor: Double) -> FrontendModel {
    var scaled = self
    for path in part {
      scaled[keyPath: path] = Nanoseconds((Double(self[keyPath: path]) * factor).rounded())
    }
    return scaled
  }
}

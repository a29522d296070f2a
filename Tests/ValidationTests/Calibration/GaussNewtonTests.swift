import Foundation
import Primitives
import Replay
import Testing

@testable import Validation

@Suite struct GaussNewtonTests {
  private let times = (0..<30).map { Double($0) / 3 }

  /// Decay to a floor: a sum that is linear in none of its rate and its logarithms.
  private func decay(_ p: [Double]) -> [Double] { times.map { p[0] * exp(-p[1] * $0) + p[2] } }

  @Test func findsTheParametersThatMadeTheObservations() throws {
    let truth = [7.0, 0.8, 2.5]
    let problem = GaussNewton([
      .init("height", start: 1, scale: 1), .init("rate", start: 0.1, scale: 0.1),
      .init("floor", start: 0, scale: 1),
    ])
    let result = try problem.fit(observations: decay(truth)) { $0.map(decay) }
    #expect(result.converged)
    for (estimate, value) in zip(result.parameters, truth) {
      #expect(abs(estimate.value - value) < 1e-4 * value)
    }
  }

  /// On a linear model one linearisation is the whole problem: the result is that of linear least
  /// squares, priors, weights and standard errors included.
  @Test func aLinearModelIsLinearLeastSquares() throws {
    var random = RandomStream(seed: 1, purpose: "gauss-newton.test")
    for _ in 0..<50 {
      let rows: [[Double]] = (0..<15).map { _ in (0..<3).map { _ in random.uniform() } }
      let targets = rows.map { _ in random.uniform() }
      let weights = rows.map { _ in 0.5 + random.uniform() }
      let prior = LeastSquares.Prior(mean: random.uniform(), deviation: 0.5)
      var linear = LeastSquares(["a", "b", "c"])
      for index in rows.indices {
        linear.add(rows[index], target: targets[index], weight: weights[index])
      }
      linear.priors[1] = prior
      let expected = try linear.fit()
      var problem = GaussNewton(
        ["a", "b", "c"].map { .init($0, start: 0.3, bounds: -100...100, scale: 1) })
      problem.parameters[1].prior = prior
      problem.tolerance = 1e-15
      let result = try problem.fit(observations: targets, weights: weights) { vectors in
        vectors.map { p in rows.map { $0[0] * p[0] + $0[1] * p[1] + $0[2] * p[2] } }
      }
      for (estimate, wanted) in zip(result.parameters, expected.coefficients) {
        #expect(abs(estimate.value - wanted.value) < 1e-6)
        #expect(abs(estimate.standardError - wanted.standardError) < 1e-6)
      }
      #expect(abs(result.residual - expected.residual) < 1e-9)
    }
  }

  /// Bounds at 0 on a linear model: the solution is that of non-negative least squares.
  @Test func boundsHoldAsInNonNegativeLeastSquares() throws {
    var random = RandomStream(seed: 2, purpose: "gauss-newton.test")
    var held = 0
    for _ in 0..<100 {
      let rows: [[Double]] = (0..<12).map { _ in (0..<4).map { _ in random.uniform() - 0.3 } }
      let targets = rows.map { _ in random.uniform() - 0.5 }
      var linear = LeastSquares(["a", "b", "c", "d"])
      for (row, target) in zip(rows, targets) { linear.add(row, target: target) }
      let expected = linear.fitNonNegative()
      var problem = GaussNewton(
        ["a", "b", "c", "d"].map { .init($0, start: random.uniform(), scale: 1) })
      problem.tolerance = 1e-15
      problem.maxIterations = 100
      let result = try problem.fit(observations: targets) { vectors in
        vectors.map { p in rows.map { row in zip(row, p).reduce(0) { $0 + $1.0 * $1.1 } } }
      }
      #expect(abs(result.residual - expected.residual) < 1e-6)
      for estimate in result.parameters {
        #expect(estimate.value >= 0)
        if estimate.value == 0 {
          held += 1
          #expect(estimate.standardError == 0)
        }
      }
    }
    #expect(held > 50)
  }

  /// A valley in which the direct step overshoots: damping must find the way (Rosenbrock's banana).
  @Test func dampingFindsTheWayThroughAValley() throws {
    var problem = GaussNewton([
      .init("x", start: -1.2, bounds: -10...10, scale: 1),
      .init("y", start: 1, bounds: -10...10, scale: 1),
    ])
    problem.maxIterations = 200
    problem.relativeStep = 1e-6
    problem.tolerance = 1e-14
    let result = try problem.fit(observations: [0, 0]) { vectors in
      vectors.map { [10 * ($0[1] - $0[0] * $0[0]), 1 - $0[0]] }
    }
    #expect(abs(result.parameters[0].value - 1) < 1e-3)
    #expect(result.residual < 1e-6)
  }

  /// The errors are those that repeated noise shows.
  @Test func standardErrorsAreTheScatterOfRepeatedFits() throws {
    var random = RandomStream(seed: 3, purpose: "gauss-newton.test")
    let truth = [7.0, 0.8, 2.5]
    let problem = GaussNewton([
      .init("height", start: 5, scale: 1), .init("rate", start: 0.5, scale: 0.1),
      .init("floor", start: 2, scale: 1),
    ])
    var values: [[Double]] = []
    var errors: [[Double]] = []
    for _ in 0..<400 {
      let noisy = decay(truth).map { value in
        value + 0.1 * (0..<12).reduce(-6.0) { sum, _ in sum + random.uniform() }
      }
      let result = try problem.fit(observations: noisy) { $0.map(decay) }
      values.append(result.parameters.map(\.value))
      errors.append(result.parameters.map(\.standardError))
    }
    for index in truth.indices {
      let mean = values.reduce(0) { $0 + $1[index] } / 400
      let scatter = (values.reduce(0) { $0 + ($1[index] - mean) * ($1[index] - mean) } / 399)
        .squareRoot()
      let error = errors.reduce(0) { $0 + $1[index] } / 400
      // 400 repetitions know a deviation to 3.5 %; four times that.
      #expect(abs(error / scatter - 1) < 0.14, "\(index)")
    }
  }

  @Test func whatNothingDependsOnStaysWhereItWas() throws {
    let problem = GaussNewton([
      .init("used", start: 1, scale: 1), .init("unused", start: 4, scale: 1),
      .init("fixed", start: 2, bounds: 2...2, scale: 1),
    ])
    let result = try problem.fit(observations: [6]) { $0.map { [$0[0] * $0[2]] } }
    #expect(abs(result.parameters[0].value - 3) < 1e-6)
    #expect(result.parameters[1] == Estimate(4, standardError: 0))
    #expect(result.parameters[2] == Estimate(2, standardError: 0))
  }

  @Test func aStartWithoutAPredictionIsAnError() throws {
    let problem = GaussNewton([.init("a", start: 1, scale: 1)])
    #expect(throws: PitwallError.self) {
      try problem.fit(observations: [1]) { $0.map { _ in [.nan] } }
    }
  }

  /// Where the model breaks down half-way, the search stays on this side.
  @Test func aPredictionThatIsNotANumberIsNotBetter() throws {
    let problem = GaussNewton([.init("a", start: 1, bounds: 0...100, scale: 1)])
    let result = try problem.fit(observations: [log(8.0)]) { vectors in
      vectors.map { [$0[0] > 9 ? .nan : log($0[0])] }
    }
    #expect(abs(result.parameters[0].value - 8) < 1e-3)
  }
}

import Primitives
import Replay
import Testing

@testable import Validation

@Suite struct LeastSquaresTests {
  /// Simple regression has a closed form.
  @Test func aLineThroughPoints() throws {
    let points: [(x: Double, y: Double)] = [(1, 2.1), (2, 3.9), (3, 6.2), (5, 9.7), (8, 16.4)]
    var problem = LeastSquares(["intercept", "slope"])
    for point in points { problem.add([1, point.x], target: point.y) }
    let n = Double(points.count)
    let meanX = points.reduce(0) { $0 + $1.x } / n
    let meanY = points.reduce(0) { $0 + $1.y } / n
    let sxx = points.reduce(0) { $0 + ($1.x - meanX) * ($1.x - meanX) }
    let slope = points.reduce(0) { $0 + ($1.x - meanX) * ($1.y - meanY) } / sxx
    let intercept = meanY - slope * meanX
    let residual = points.reduce(0) {
      let error = $1.y - intercept - slope * $1.x
      return $0 + error * error
    }
    let variance = residual / (n - 2)
    for fit in [try problem.fit(), problem.fitNonNegative()] {
      #expect(isNear(fit.coefficients[0].value, intercept) || intercept < 0)
      #expect(isNear(fit.variance, variance) || intercept < 0)
    }
    let fit = try problem.fit()
    #expect(isNear(fit.coefficients[0].value, intercept))
    #expect(isNear(fit.coefficients[1].value, slope))
    #expect(isNear(fit.coefficients[1].standardError, (variance / sxx).squareRoot()))
    #expect(
      isNear(
        fit.coefficients[0].standardError,
        (variance * (1 / n + meanX * meanX / sxx)).squareRoot()))
  }

  /// Said of the solution, a statement is what the fit says; of other coefficients it has a larger
  /// residual. What is at 0, is there twice, or is one too many for the measurements, has no error.
  @Test func statements() throws {
    var random = RandomStream(seed: 3, purpose: "statement.test")
    var problem = LeastSquares(["a", "b", "c"])
    var doubled = LeastSquares(["a", "b", "c", "c again"])
    for _ in 0..<20 {
      let row = (0..<3).map { _ in random.uniform() }
      let target = 3 * row[0] + 2 * row[1] + row[2] + 0.1 * random.normal()
      problem.add(row, target: target)
      doubled.add(row + [row[2]], target: target)
    }
    let fit = try problem.fit()
    let values = fit.coefficients.map(\.value)
    #expect(problem.statement(on: values) == fit)
    #expect(problem.statement(on: values.map { $0 * 1.1 }).residual > fit.residual)
    let held = problem.statement(on: [values[0], 0, values[2]])
    #expect(held.coefficients[1].standardError == 0 && held.coefficients[0].standardError > 0)
    let twice = doubled.statement(on: values + [0.5])
    #expect(twice.coefficients.map { $0.standardError > 0 } == [true, true, true, false])
    var single = LeastSquares(["a", "b"])
    single.add([1, 1], target: 2)
    #expect(single.statement(on: [1, 1]).coefficients[1].standardError == 0)
  }

  /// A weight of 3 is the same as three measurements.
  @Test func weightsCountMeasurements() throws {
    var weighted = LeastSquares(["a", "b"])
    var repeated = LeastSquares(["a", "b"])
    for (x, y, weight) in [(1.0, 2.0, 3), (2, 1, 1), (4, 7, 2), (5, 5, 1)] {
      weighted.add([1, x], target: y, weight: Double(weight))
      for _ in 0..<weight { repeated.add([1, x], target: y) }
    }
    let (a, b) = (try weighted.fit(), try repeated.fit())
    for index in 0..<2 { #expect(isNear(a.coefficients[index].value, b.coefficients[index].value)) }
    #expect(isNear(a.residual, b.residual))
  }

  /// The mean of a normal with a normal prior: precisions add up.
  @Test func aPriorIsAMeasurement() throws {
    var problem = LeastSquares(["mean"])
    for value in [4.0, 6, 8] { problem.add([1], target: value, weight: 0.25) }
    problem.priors[0] = .init(mean: 0, deviation: 2)
    let expected = (18 * 0.25) / (3 * 0.25 + 0.25)
    #expect(isNear(try problem.fit().coefficients[0].value, expected))
  }

  /// All subsets of coefficients held at 0: the best whose others are positive is the solution.
  @Test func nonNegativeEqualsTheBestSubset() throws {
    var random = RandomStream(seed: 1, purpose: "nnls.test")
    for _ in 0..<200 {
      let columns = 1 + random.index(below: 5)
      let rows: [[Double]] = (0..<12).map { _ in (0..<columns).map { _ in random.uniform() - 0.3 } }
      let targets = rows.map { _ in random.uniform() - 0.5 }
      var best = targets.reduce(0) { $0 + $1 * $1 }
      for subset in 1..<1 << columns {
        let kept = (0..<columns).filter { subset >> $0 & 1 == 1 }
        var problem = LeastSquares(kept.map { "\($0)" })
        for (row, target) in zip(rows, targets) {
          problem.add(kept.map { row[$0] }, target: target)
        }
        let fit = try problem.fit()
        if fit.coefficients.allSatisfy({ $0.value >= 0 }) { best = min(best, fit.residual) }
      }
      var problem = LeastSquares((0..<columns).map { "\($0)" })
      for (row, target) in zip(rows, targets) { problem.add(row, target: target) }
      let fit = problem.fitNonNegative()
      #expect(fit.coefficients.allSatisfy { $0.value >= 0 })
      #expect(isNear(fit.residual, best))
    }
  }

  /// Columns of very different size, as tokens and steps are.
  @Test func badlyScaledColumnsDoNotMatter() throws {
    var random = RandomStream(seed: 3, purpose: "scale.test")
    let truth = [1e4, 3e-7, 20.0]
    var problem = LeastSquares(["step", "context", "decode"])
    for _ in 0..<100 {
      let row = [1, 1e8 * random.uniform(), 100 * random.uniform()]
      problem.add(row, target: zip(row, truth).reduce(0) { $0 + $1.0 * $1.1 })
    }
    for fit in [try problem.fit(), problem.fitNonNegative()] {
      for (estimate, value) in zip(fit.coefficients, truth) {
        #expect(abs(estimate.value - value) < 1e-8 * value)
      }
    }
  }

  @Test func saysWhatIsNotDetermined() throws {
    var problem = LeastSquares(["a", "b", "nothing"])
    for x in 0..<5 { problem.add([1, Double(x), 0], target: Double(x)) }
    let error = try #require(throws: PitwallError.self) { try problem.fit() }
    #expect(error.description.contains("\"nothing\""))
    #expect(problem.fitNonNegative().coefficients[2] == Estimate(0, standardError: 0))
    var twins = LeastSquares(["a", "twin"])
    for x in 1..<5 { twins.add([Double(x), 2 * Double(x)], target: Double(x)) }
    #expect(throws: PitwallError.self) { try twins.fit() }
    #expect(twins.fitNonNegative().residual < 1e-20)
    #expect(throws: PitwallError.self) { try LeastSquares(["a"]).fit() }
  }
}

/// Equal to nine digits.
func isNear(_ a: Double, _ b: Double) -> Bool { abs(a - b) <= 1e-9 * max(abs(a), abs(b), 1e-6) }

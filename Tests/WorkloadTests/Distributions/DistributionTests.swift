import Foundation
import Primitives
import Testing

@testable import Workload

/// Seeds are fixed, so a failure is a fault and not bad luck; tolerances are about four standard
/// errors.
@Suite struct DistributionTests {
  private func moments(
    _ count: Int, _ purpose: String, _ draw: (inout RandomStream) -> Double
  ) -> (mean: Double, deviation: Double) {
    var random = RandomStream(seed: 7, purpose: purpose)
    var sum = 0.0
    var squares = 0.0
    for _ in 0..<count {
      let value = draw(&random)
      sum += value
      squares += value * value
    }
    let mean = sum / Double(count)
    return (mean, (squares / Double(count) - mean * mean).squareRoot())
  }

  @Test(arguments: [0.05, 0.3, 1, 2.5, 40])
  func gammaHasItsMoments(shape: Double) {
    let (mean, deviation) = moments(40_000, "gamma \(shape)") { $0.gamma(shape: shape) }
    let error = (shape / 40_000).squareRoot()
    #expect(abs(mean - shape) < 4 * error)
    // Excess kurtosis 6 / shape widens the error of the deviation.
    let spread = ((2 + 6 / shape) / 40_000).squareRoot() / 2
    #expect(abs(deviation / shape.squareRoot() - 1) < 4 * spread)
  }

  @Test func gammaOfATinyShapeIsANumber() {
    var random = RandomStream(seed: 1, purpose: "tiny")
    for _ in 0..<1000 {
      let value = random.gamma(shape: 1e-4)
      #expect(value >= 0 && value.isFinite)
    }
  }

  @Test(arguments: [0.5, 1, 3]) func weibullHasItsMean(shape: Double) {
    let (mean, deviation) = moments(40_000, "weibull \(shape)") { $0.weibull(shape: shape) }
    let expected = tgamma(1 + 1 / shape)
    #expect(abs(mean - expected) < 4 * deviation / 200)
    let variance = tgamma(1 + 2 / shape) - expected * expected
    #expect(abs(deviation * deviation / variance - 1) < 0.12)
  }

  @Test func normalAndLognormalHaveTheirMoments() {
    let (mean, deviation) = moments(40_000, "normal") { $0.normal() }
    #expect(abs(mean) < 0.02)
    #expect(abs(deviation - 1) < 0.015)
    let logs = moments(40_000, "lognormal") { log($0.lognormal(mu: 2, sigma: 0.5)) }
    #expect(abs(logs.mean - 2) < 0.01)
    #expect(abs(logs.deviation - 0.5) < 0.0075)
  }

  @Test func normalTailsAreRight() {
    var random = RandomStream(seed: 2, purpose: "tails")
    let values = (0..<40_000).map { _ in random.normal() }
    for z in [-2.0, -1, 0, 0.5, 1.5, 2.5] {
      let below = Double(values.filter { $0 < z }.count) / 40_000
      let p = Normal.cumulative(z)
      #expect(abs(below - p) < 4 * (p * (1 - p) / 40_000).squareRoot())
    }
    #expect(abs(Normal.cumulative(1.959_964) - 0.975) < 1e-6)
  }

  @Test func failuresAreGeometric() {
    let (mean, _) = moments(40_000, "geometric") {
      Double($0.failures(beforeSuccessWith: 0.2))
    }
    #expect(abs(mean - 4) < 0.1)
    var random = RandomStream(seed: 1, purpose: "certain")
    #expect(random.failures(beforeSuccessWith: 1) == 0)
    #expect(random.failures(beforeSuccessWith: 1e-300) > 0)
  }

  /// Pearson's statistic of draws against expected shares, in standard deviations of its null
  /// distribution.
  private func chiSquareExcess(_ counts: [Int], _ shares: [Double]) -> Double {
    let total = Double(counts.reduce(0, +))
    let statistic = zip(counts, shares).reduce(0.0) { sum, pair in
      let expected = pair.1 * total
      return sum + (Double(pair.0) - expected) * (Double(pair.0) - expected) / expected
    }
    let freedom = Double(counts.count - 1)
    return (statistic - freedom) / (2 * freedom).squareRoot()
  }

  @Test(arguments: [
    Popularity.uniform, .zipf(exponent: 1.1), .geometric(ratio: 1.2), .power(alpha: 0.4),
    .stretchedExponential(k: 0.3, power: 0.55),
  ])
  func aliasTablesDrawTheirWeights(law: Popularity) throws {
    let weights = law.weights(20)
    let table = try #require(AliasTable(weights: weights))
    var random = RandomStream(seed: 4, purpose: "alias")
    var counts = Array(repeating: 0, count: 20)
    for _ in 0..<60_000 { counts[table.draw(&random)] += 1 }
    let sum = weights.reduce(0, +)
    #expect(abs(chiSquareExcess(counts, weights.map { $0 / sum })) < 4)
  }

  @Test func aliasTablesNeverDrawAWeightOfZero() throws {
    let table = try #require(AliasTable(weights: [0, 3, 0, 1, 0]))
    var random = RandomStream(seed: 4, purpose: "zeros")
    for _ in 0..<5000 { #expect([1, 3].contains(table.draw(&random))) }
    #expect(AliasTable(weights: [0, 0]) == nil)
    #expect(AliasTable(weights: [1, -1]) == nil)
    #expect(AliasTable(weights: []) == nil)
    #expect(AliasTable(weights: [.infinity]) == nil)
  }

  /// numpy's power law: adapter i has ((i+1)/n)^a - (i/n)^a. These two shares of adapter 0 at
  /// n = 200 are known.
  @Test func thePowerLawIsNumpys() {
    for (alpha, share) in [(0.1, 0.59), (0.3, 0.20)] {
      let weights = Popularity.power(alpha: alpha).weights(200)
      #expect(abs(weights[0] / weights.reduce(0, +) - share) < 0.006)
      let (mean, _) = moments(20_000, "power \(alpha)") { $0.power(alpha) < 1.0 / 200 ? 1 : 0 }
      #expect(abs(mean - share) < 0.015)
    }
    let uniform = Popularity.power(alpha: 1).weights(10)
    #expect(uniform.allSatisfy { abs($0 - 0.1) < 1e-12 })
  }

  @Test func distributionsInvertTheirQuantiles() throws {
    let table = try #require(Distribution(parsing: "quantiles(0,2,0.5,100,0.9,300,1,4000)"))
    #expect(table.value(at: 0) == 100)
    #expect(abs(table.value(at: 1.281_552) - 300) < 0.01)
    #expect(table.value(at: -40) == 2)
    #expect(table.value(at: 40) == 4000)
    let uniform = try #require(Distribution(parsing: "uniform( 8, 512 )"))
    #expect(abs(uniform.value(at: 0) - 260) < 1e-9)
    #expect(Distribution(parsing: "512") == .constant(512))
    let (mean, _) = moments(40_000, "exponential") { Distribution.exponential(mean: 5).draw(&$0) }
    #expect(abs(mean - 5) < 0.1)
  }

  @Test(arguments: [
    "", "uniform", "uniform(1)", "uniform(5,1)", "uniform(1,2", "uniform(1,2,3)", "uniform(a,b)",
    "lognormal(0,1)", "quantiles()", "quantiles(0,1)", "quantiles(0,5,1,1)",
    "quantiles(0.1,1,1,2)", "quantiles(0,1,0,2,1,3)", "nan", "-5", "inf", "normal(1,2)", "()",
    "uniform(1,,2)",
  ])
  func malformedDistributionsAreRefused(text: String) {
    #expect(Distribution(parsing: text) == nil)
  }

  @Test(arguments: ["zipf", "zipf(-1)", "geometric(0.5)", "power(0)", "stretched(1)", "ziph(1)"])
  func malformedPopularitiesAreRefused(text: String) {
    #expect(Popularity(parsing: text) == nil)
  }

  @Test(arguments: [0.3, 1, 4]) func weibullProcessesHaveTheirVariation(cv: Double) {
    let process = RenewalProcess(.weibull, rate: 1, cv: cv)
    let (mean, deviation) = moments(60_000, "process") { process.gap(&$0) }
    #expect(abs(mean - 1) < 0.06)
    #expect(abs(deviation / mean / cv - 1) < 0.12)
  }
}

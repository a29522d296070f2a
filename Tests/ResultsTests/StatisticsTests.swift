import Foundation
import Primitives
import Testing

@testable import Results

/// Standard normal draws (Box and Muller).
private struct NormalDraws {
  var random: RandomStream

  init(seed: UInt64) { random = RandomStream(seed: seed, purpose: "normal") }

  mutating func next() -> Double {
    (-2 * log(random.uniformAboveZero())).squareRoot() * cos(2 * .pi * random.uniform())
  }

  mutating func sample(_ count: Int, mean: Double = 0, deviation: Double = 1) -> [Double] {
    (0..<count).map { _ in mean + deviation * next() }
  }
}

@Suite struct DistributionTests {
  @Test(arguments: [
    // Quantiles as printed in the usual tables.
    (1.0, 0.975, 12.7062047362), (2, 0.95, 2.9199855804), (4, 0.975, 2.7764451052),
    (4, 0.995, 4.6040948714), (9, 0.975, 2.2621571628), (30, 0.975, 2.0422724563),
    (30, 0.9995, 3.6459586351), (1000, 0.975, 1.9623390808),
  ])
  func studentAgreesWithTables(df: Double, p: Double, t: Double) {
    #expect(abs(StudentT.quantile(p, df: df) - t) < 1e-8)
    #expect(abs(StudentT.cdf(t, df: df) - p) < 1e-10)
    #expect(abs(StudentT.cdf(-t, df: df) - (1 - p)) < 1e-10)
  }

  @Test func studentAgreesWithClosedForms() {
    for t in stride(from: -8.0, through: 8, by: 0.37) {
      #expect(abs(StudentT.cdf(t, df: 1) - (0.5 + atan(t) / .pi)) < 1e-13)
      #expect(abs(StudentT.cdf(t, df: 2) - (0.5 + t / (2 * (2 + t * t).squareRoot()))) < 1e-13)
    }
    #expect(StudentT.cdf(0, df: 7) == 0.5)
    #expect(StudentT.cdf(.infinity, df: 7) == 1)
    #expect(StudentT.upperTail(1e6, df: 9) > 0, "no cancellation in the far tail")
  }

  @Test func normalAgreesWithTables() {
    #expect(abs(Normal.cdf(1.959963984540054) - 0.975) < 1e-14)
    #expect(abs(Normal.cdf(-3.090232306167814) - 0.001) < 1e-15)
  }
}

@Suite struct PairedTestTests {
  /// Student's sleep data (1908), as in R's `t.test(extra ~ group, data = sleep, paired = TRUE)`:
  /// t = -4.0621, df = 9, p-value = 0.002833.
  @Test func sleepData() {
    let first = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
    let second = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]
    let estimate = PairedDifference(first, second, level: 0.95, bootstrap: Bootstrap(n: 10))
    let difference = estimate.difference
    #expect(abs(difference.mean - 1.58) < 1e-12)
    #expect(abs(difference.mean / difference.standardError - 4.062128) < 1e-6)
    #expect(abs(difference.pValue(differsFrom: 0) - 0.00283289) < 1e-8)
    #expect(abs((estimate.effectSize ?? 0) - 1.284558) < 1e-6)
    // R's t-interval is 0.70 to 2.46; the bootstrap's is its own, but near.
    #expect(abs((estimate.interval?.lowerBound ?? 0) - 0.70) < 0.25)
    #expect(abs((estimate.interval?.upperBound ?? 0) - 2.46) < 0.25)
  }

  @Test func oneSidedTestsAndEquivalenceFollowTheTwoSidedOne() {
    let sample = SampleMean([0.1, -0.2, 0.05, 0.12, -0.1])
    let up = sample.pValue(exceeds: 0)
    let down = sample.pValue(staysBelow: 0)
    #expect(abs(up + down - 1) < 1e-12)
    #expect(abs(sample.pValue(differsFrom: 0) - 2 * min(up, down)) < 1e-12)
    #expect(sample.equivalencePValue(margin: 10) < 0.001)
    #expect(sample.equivalencePValue(margin: 0.01) > 0.3)
  }

  @Test func differencesWithoutLuckAreExact() {
    let baseline = [10.0, 20, 30, 40, 50]
    let bootstrap = Bootstrap(n: 5, resamples: 100)
    let same = PairedDifference(baseline, baseline, level: 0.95, bootstrap: bootstrap)
    #expect(same.difference.isExact)
    #expect(same.interval == 0...0)
    #expect(same.relative == 0)
    #expect(same.effectSize == nil)
    #expect(same.difference.pValue(differsFrom: 0) == 1)
    #expect(same.difference.equivalencePValue(margin: 0) == 0)

    let shifted = PairedDifference(
      baseline, baseline.map { $0 + 0.3 }, level: 0.95, bootstrap: bootstrap)
    #expect(shifted.difference.isExact)
    #expect(shifted.difference.pValue(differsFrom: 0) == 0)
    #expect(shifted.difference.equivalencePValue(margin: 0.2) == 1)
    #expect(shifted.difference.equivalencePValue(margin: 0.4) == 0)
  }

  @Test func aSingleSeedSaysNothing() {
    let one = PairedDifference([1], [2], level: 0.95, bootstrap: Bootstrap(n: 1))
    #expect(one.interval == nil)
    #expect(one.difference.pValue(differsFrom: 0) == 1)
  }

  @Test func relativeToNothingIsAbsent() {
    let estimate = PairedDifference(
      [0, 0, 0], [1, 2, 3], level: 0.95, bootstrap: Bootstrap(n: 3, resamples: 100))
    #expect(estimate.relative == nil)
    #expect(estimate.relativeInterval == nil)
  }
}

@Suite struct HolmTests {
  @Test func workedByHand() {
    // Sorted 0.005, 0.01, 0.03, 0.04: times 4, 3, 2, 1 is 0.02, 0.03, 0.06, 0.04 -> 0.06.
    #expect(Holm.adjusted([0.01, 0.04, 0.03, 0.005]) == [0.03, 0.06, 0.06, 0.02])
    #expect(Holm.adjusted([0.9, 0.8]) == [1, 1])
    #expect(Holm.adjusted([0.03]) == [0.03])
    #expect(Holm.adjusted([]) == [])
  }

  /// The definition: step down through the sorted p-values and stop at the first that is too large.
  @Test func agreesWithTheSequentialProcedure() {
    var random = RandomStream(seed: 9, purpose: "holm")
    for _ in 0..<200 {
      let p = (0..<(1 + random.index(below: 8))).map { _ in random.uniform() * 0.1 }
      let sorted = p.indices.sorted { p[$0] < p[$1] }
      var rejected = Set<Int>()
      for (rank, index) in sorted.enumerated() {
        guard p[index] * Double(p.count - rank) < 0.05 else { break }
        rejected.insert(index)
      }
      let adjusted = Holm.adjusted(p)
      #expect(Set(p.indices.filter { adjusted[$0] < 0.05 }) == rejected)
    }
  }

  /// Ten metrics that did not change, 600 times: at least one alarm in at most 5 % of them.
  @Test func falseAlarmsStayBelowAlpha() {
    var draws = NormalDraws(seed: 4)
    var alarms = 0
    for _ in 0..<600 {
      let p = (0..<10).map { _ in SampleMean(draws.sample(5)).pValue(differsFrom: 0) }
      if Holm.adjusted(p).contains(where: { $0 < 0.05 }) { alarms += 1 }
    }
    // 0.05 plus three standard errors.
    #expect(Double(alarms) / 600 < 0.05 + 3 * (0.05 * 0.95 / 600).squareRoot())
    #expect(alarms > 5, "and the test can fail: the procedure is not simply deaf")
  }

  @Test func shiftsAreFound() {
    var draws = NormalDraws(seed: 5)
    var found = 0
    for _ in 0..<100 {
      let shifted = SampleMean(draws.sample(10, mean: 2)).pValue(differsFrom: 0)
      let others = (0..<9).map { _ in SampleMean(draws.sample(10)).pValue(differsFrom: 0) }
      if Holm.adjusted([shifted] + others)[0] < 0.05 { found += 1 }
    }
    #expect(found > 90)
  }
}

@Suite struct BootstrapTests {
  @Test func tailsAreHesterbergs() {
    // Phi(-sqrt(5/4) 2.776) and Phi(-sqrt(10/9) 2.262), and no change for many replications.
    #expect(abs(Bootstrap.expandedTail(0.025, n: 5) - 0.000954) < 1e-5)
    #expect(abs(Bootstrap.expandedTail(0.025, n: 10) - 0.008548) < 1e-5)
    #expect(abs(Bootstrap.expandedTail(0.025, n: 100_000) - 0.025) < 1e-5)
  }

  @Test func isTheSameEveryTime() {
    let values = [3.0, 1, 4, 1, 5]
    let first = Bootstrap(n: 5, resamples: 200).means(of: values)
    #expect(first == Bootstrap(n: 5, resamples: 200).means(of: values))
    #expect(first != Bootstrap(n: 5, resamples: 200, seed: 2).means(of: values))
  }

  @Test func resamplesHaveTheMeanAndVarianceOfTheSample() {
    let values = [3.0, 1, 4, 1, 5]
    let means = SampleMean(Bootstrap(n: 5).means(of: values))
    let population = values.map { ($0 - 2.8) * ($0 - 2.8) }.reduce(0, +) / 5
    #expect(abs(means.mean - 2.8) < 0.03)
    #expect(abs(means.deviation * means.deviation - population / 5) < 0.03)
  }

  /// How often the 95 % interval holds the true mean, for symmetric and for skewed differences
  /// (skewness 0.95). At a skewness of 6 and five seeds, no interval for a mean holds its promise:
  /// Student's covers 82 %.
  @Test(arguments: [5, 10], [false, true])
  func coverage(n: Int, skewed: Bool) {
    var draws = NormalDraws(seed: UInt64(n))
    let bootstrap = Bootstrap(n: n, resamples: 1000)
    let trials = 200
    var held = 0
    for _ in 0..<trials {
      let normal = draws.sample(n, mean: 0, deviation: skewed ? 0.3 : 1)
      let sample = skewed ? normal.map(exp) : normal
      let truth = skewed ? exp(0.045) : 0
      if bootstrap.interval(bootstrap.means(of: sample), level: 0.95).contains(truth) {
        held += 1
      }
    }
    #expect(Double(held) / Double(trials) >= 0.90)
    #expect(held < trials, "an interval that always holds is too wide")
  }
}

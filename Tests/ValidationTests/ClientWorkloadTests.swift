import Foundation
import Orchestration
import Primitives
import Testing
import Workload

@testable import Validation

@Suite struct ClientWorkloadTests {
  private func workload(
    adapters: Int = 30, rates: [Double] = [1.6, 0.8, 0.4], ranks: [Int] = [8, 16, 32],
    extent: MeasuredRun.Extent = .duration(1_000_000_000_000), seed: UInt64 = 1
  ) throws -> ClientWorkload {
    try ClientWorkload(
      adapters: adapters, ranks: ranks, rates: rates, extent: extent,
      lengths: LengthPool(.conversations, seed: seed), seed: seed)
  }

  @Test func ranksAndRatesAreDealt() throws {
    let work = try workload(adapters: 32)
    #expect([8, 16, 32].map { rank in work.ranks.count { $0 == rank } } == [11, 11, 10])
    #expect([1.6, 0.8, 0.4].map { rate in work.rates.count { $0 == rate } } == [11, 11, 10])
    let table = try work.adapterTable(name: "t")
    #expect(table.adapters.map(\.name) == (0..<32).map { "dummy-\($0)" })
    #expect(table.adapters.map(\.rank) == work.ranks.map(Int32.init))
    #expect(table.adapterSets.dropFirst().map(\.members) == (0..<32).map { [Int32($0)] })
  }

  /// Which rate meets which rank is luck: over many seeds each pair is as frequent as any.
  @Test func pairingIsRandom() throws {
    var met = [Int](repeating: 0, count: 9)
    let seeds = 400
    let lengths = try LengthPool(.conversations, seed: 1)
    for seed in 0..<seeds {
      let work = try ClientWorkload(
        adapters: 9, ranks: [8, 16, 32], rates: [1.6, 0.8, 0.4], extent: .requests(1),
        lengths: lengths, seed: UInt64(seed))
      for (rank, rate) in zip(work.ranks, work.rates) {
        let place = [8: 0, 16: 1, 32: 2][rank, default: 0]
        met[place * 3 + [1.6: 0, 0.8: 1, 0.4: 2][rate, default: 0]] += 1
      }
    }
    for count in met { #expect(abs(Double(count) / Double(seeds) - 1) < 0.2) }
  }

  /// Each adapter's number of requests is Poisson: chi-square over all adapters about its mean,
  /// within five of its standard deviations.
  @Test(arguments: 1...4) func countsOfAdaptersArePoisson(_ seed: UInt64) throws {
    let work = try workload(adapters: 120, seed: seed)
    var counts = [Double](repeating: 0, count: 120)
    for index in 0..<work.count { counts[Int(work.request(index).adapterSet) - 1] += 1 }
    let square = zip(counts, work.rates).reduce(0) { sum, pair in
      let expected = pair.1 * 1000
      return sum + (pair.0 - expected) * (pair.0 - expected) / expected
    }
    #expect(abs(square - 120) < 5 * 240.0.squareRoot())
  }

  /// The gaps of one adapter are exponential: Kolmogorov and Smirnov's distance, at a level that
  /// one in a hundred thousand exceeds. The first gap counts from the start.
  @Test(arguments: 1...3) func gapsAreExponential(_ seed: UInt64) throws {
    let work = try workload(seed: seed)
    for adapter in [0, 1, 2] {
      let times = (0..<work.count).filter { Int(work.request($0).adapterSet) == adapter + 1 }
        .map { work.arrival($0).seconds }
      let gaps = zip([0] + times, times).map { $1 - $0 }.sorted()
      var distance = 0.0
      for (place, gap) in gaps.enumerated() {
        let empirical = (Double(place) + 0.5) / Double(gaps.count)
        distance = max(distance, abs(1 - exp(-gap * work.rates[adapter]) - empirical))
      }
      #expect(distance < 2.5 / Double(gaps.count).squareRoot())
    }
  }

  @Test func timesRiseAndEnd() throws {
    let work = try workload()
    let times = (0..<work.count).map { work.arrival($0) }
    #expect(zip(times, times.dropFirst()).allSatisfy { $0 <= $1 })
    #expect(times.allSatisfy { $0 >= 0 && $0 < 1_000_000_000_000 })
    #expect(try workload(extent: .requests(1234)).count == 1234)
  }

  /// A request is the same whenever and in whichever order it is asked for, and another seed gives
  /// others.
  @Test func aSeedSaysItAll() throws {
    let work = try workload()
    let again = try workload()
    let other = try workload(seed: 2)
    #expect(work.count == again.count)
    for index in stride(from: work.count - 1, through: 0, by: -7) {
      #expect(work.request(index) == again.request(index))
      #expect(work.outputTokens(index) == again.outputTokens(index))
      #expect(work.request(index).arrival == work.arrival(index))
    }
    let shared = min(work.count, other.count)
    let equal = (0..<shared).count {
      work.request($0).promptTokens == other.request($0).promptTokens
    }
    #expect(equal < shared / 10)
  }

  /// Length does not depend on who asks, and prompt and output stay pairs of the pool.
  @Test func lengthsAreThoseOfThePool() throws {
    let work = try workload()
    let pool = try LengthPool(.conversations, seed: 1)
    let requests = (0..<work.count).map { work.request($0) }
    let prompts = requests.map { Double($0.promptTokens) }
    #expect(abs(correlation(prompts, requests.map { Double($0.adapterSet) })) < 0.03)
    let found = correlation(prompts, (0..<work.count).map { Double(work.outputTokens($0)) })
    let expected = correlation(
      pool.entries.map { Double($0.prompt) }, pool.entries.map { Double($0.output) })
    #expect(expected < -0.2 && abs(found - expected) < 0.03)
  }

  @Test func whatMakesNoClient() {
    func slip(_ adapters: Int, _ ranks: [Int], _ rates: [Double], _ seconds: Double) -> String? {
      message {
        _ = try workload(
          adapters: adapters, rates: rates, ranks: ranks,
          extent: .duration(Nanoseconds(seconds: seconds)))
      }
    }
    let needs = "65 a client needs adapters, and their ranks and rates"
    #expect(slip(0, [8], [1], 1) == needs)
    #expect(slip(1, [], [1], 1) == needs)
    #expect(slip(1, [8], [], 1) == needs)
    #expect(slip(1, [8], [-1], 1) == "65 rates must not be negative, and one must be above 0")
    #expect(slip(1, [8], [1], 0) == nil, "no time, no requests")
  }
}

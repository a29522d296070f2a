import Primitives
import Testing

@testable import Workload

@Suite struct TraceStatisticsTests {
  private func trace(_ seconds: [Double], prompt: [Int32] = []) throws -> Trace {
    var builder = TraceBuilder(name: "t")
    for (index, time) in seconds.enumerated() {
      var row = TraceBuilder.Row(arrival: Nanoseconds(seconds: time))
      row.promptTokens = prompt.indices.contains(index) ? prompt[index] : 0
      builder.append(row)
    }
    return try builder.finish()
  }

  @Test func emptyAndSingleTracesHaveNoRates() throws {
    for seconds in [[], [3.0]] {
      let statistics = TraceStatistics(of: try trace(seconds))
      #expect(statistics.requests == seconds.count)
      #expect(statistics.rate == nil)
      #expect(statistics.interArrivalCV == nil)
      #expect(statistics.zipf == nil)
      #expect(statistics.reuse.hitRatios.isEmpty)
      #expect(statistics.reuse.sameAsPrevious == nil)
      #expect((statistics.promptTokens == nil) == seconds.isEmpty)
    }
    #expect(TraceStatistics(of: try trace([2, 2, 2])).rate == nil)
  }

  @Test func ratesAndVariation() throws {
    // Gaps 1, 3: mean 2, deviation 1.
    let statistics = TraceStatistics(of: try trace([0, 1, 4]))
    #expect(statistics.rate == 0.5)
    #expect(statistics.interArrivalCV == 0.5)
    #expect(statistics.span == 4_000_000_000)
  }

  @Test(arguments: [Int32(1), 5_000_000]) func quantilesInterpolateLinearly(scale: Int32) throws {
    // The larger scale takes the path that sorts.
    let values = [5, 1, 4, 2, 3].map { Int32($0) * scale }
    let summary = try #require(LengthSummary(Column(values)))
    #expect(summary.p50 == 3 * Double(scale))
    #expect(abs(summary.p90 - 4.6 * Double(scale)) < 1e-6 * Double(scale))
    #expect(summary.mean == 3 * Double(scale))
    #expect(summary.max == Int(5 * scale))
  }

  @Test(arguments: [0.0, 0.7, 1.3]) func theZipfFitFindsTheExponent(exponent: Double) throws {
    let weights = Popularity.zipf(exponent: exponent).weights(100)
    let sum = weights.reduce(0, +)
    let fit = try #require(ZipfFit(counts: weights.map { Int((1e7 * $0 / sum).rounded()) }))
    #expect(abs(fit.exponent - exponent) < 0.01)
    #expect(fit.distance < 0.005)
    #expect(fit.goodness == "good")
  }

  @Test func geometricPopularityIsNotZipf() throws {
    let counts = Popularity.geometric(ratio: 1.5).weights(20).map { Int(1e6 * $0) + 1 }
    #expect(try #require(ZipfFit(counts: counts)).goodness != "good")
  }

  @Test func requestsForTheBaseModelAreNotReferences() throws {
    var builder = TraceBuilder(name: "t")
    let both = builder.internSet(
      AdapterSet([builder.internAdapter("a"), builder.internAdapter("b")]))
    let sets: [Int32] = [0, both, 0, builder.internSingle("b"), both]
    for set in sets {
      var row = TraceBuilder.Row(arrival: 0)
      row.adapterSet = set
      row.tenant = builder.internTenant(set == 0 ? "x" : "y")
      builder.append(row)
    }
    let trace = try builder.finish()
    let statistics = TraceStatistics(of: trace, slots: [1, 2])
    #expect(trace.adapterReferences() == [0, 1, 1, 0, 1])
    #expect(statistics.baseOnlyRequests == 2)
    #expect(statistics.adapters.counts == [3, 2])
    #expect(statistics.tenants.counts == [3, 2])
    #expect(statistics.reuse.hitRatios[0].lru == 0.2)
    #expect(statistics.reuse.hitRatios[1].lru == 0.6)
  }
}

import Foundation
import Primitives
import Testing

@testable import Workload

@Suite struct GeneratorTests {
  private func generate(_ text: String, _ requests: Int, seed: UInt64 = 1) throws -> Trace {
    try GeneratorRegistry.make(Parameters(parsing: text)).generate(requests: requests, seed: seed)
  }

  static let examples = [
    "sessions",
    "sessions base-share=0.5 extra-adapters=0.2 shared-adapters=5 shared-use=0.3 birth=0.2",
    "sessions tenants=1 adapters=1 concurrent-sessions=1 session-requests=1 stay=0 drift=3",
    "sessions days=1,0,2 diurnal=0,1,1,0 day-length=1h burst-cv=2 burst-length=10s",
    "s-lora alpha=0.3 cv=4 ranks=64,32,16,8", "punica", "punica popularity=distinct",
    "punica popularity=uniform rate=3", "punica popularity=identical", "zipf popularity=zipf(1.2)",
  ]

  @Test(arguments: examples) func isAPureFunctionOfTheSeed(text: String) throws {
    for requests in [0, 1, 700] {
      let trace = try generate(text, requests)
      #expect(trace.count == requests)
      let again = try generate(text, requests)
      #expect(trace.arrival == again.arrival)
      #expect(trace.adapterSet == again.adapterSet)
      #expect(trace.promptTokens == again.promptTokens)
      #expect(trace.adapterSets == again.adapterSets)
    }
    #expect(try generate(text, 700).promptTokens != generate(text, 700, seed: 2).promptTokens)
  }

  @Test(arguments: examples) func keepsTheInvariantsOfATrace(text: String) throws {
    let trace = try generate(text, 700)
    #expect(trace.arrival.first == 0)
    #expect(zip(trace.arrival, trace.arrival.dropFirst()).allSatisfy { $0 <= $1 })
    #expect(trace.promptTokens.allSatisfy { $0 >= 1 })
    #expect(trace.outputTokens.allSatisfy { $0 >= 1 })
    #expect(trace.adapterSet.allSatisfy { trace.adapterSets.indices.contains(Int($0)) })
    #expect(trace.tenant.allSatisfy { trace.tenants.indices.contains(Int($0)) })
    for set in trace.adapterSets {
      #expect(set.members.allSatisfy { trace.adapters.indices.contains(Int($0)) })
      #expect(Set(set.members).count == set.members.count)
      #expect(set.weights.count == set.members.count)
    }
    #expect(Set(trace.adapterSets).count == trace.adapterSets.count)
    var seen: Int32 = 0
    for session in trace.session {
      #expect(session <= seen)
      seen = max(seen, session + 1)
    }
    #expect(trace.origins.count == ColumnName.allCases.count)
  }

  @Test(arguments: [
    "sessions tenants=0", "sessions adapters=3 tenants=4", "sessions stay=1.5", "sessions spam=1",
    "sessions shared-use=0.5", "sessions diurnal=0,0", "sessions diurnal=1,-1",
    "sessions burst-length=1ms", "sessions rate=0", "sessions session-requests=0.5",
    "s-lora alpha=0", "s-lora prompt=8", "s-lora prompt=9,8", "s-lora prompt=0,8",
    "s-lora ranks=0", "punica ratio=1", "punica arrivals=closed rate=1",
    "punica popularity=zipf", "zipf popularity=zipf(-1)", "zipf rate=nan", "session",
  ])
  func badParametersAreErrors(text: String) {
    #expect(throws: PitwallError.self) { try generate(text, 10) }
  }

  @Test func impossibleNumbersOfRequestsAreErrors() {
    #expect(throws: PitwallError.self) { try generate("zipf", -1) }
    #expect(throws: PitwallError.self) { try generate("zipf", Int(Int32.max) + 1) }
    #expect(throws: PitwallError.self) { try generate("s-lora rate=1e-9", 100) }
  }

  // MARK: S-LoRA and Punica

  @Test func sLoRAFollowsItsCode() throws {
    let trace = try generate("s-lora adapters=50 alpha=0.5 cv=2 rate=10 ranks=64,8", 20_000)
    let statistics = TraceStatistics(of: trace)
    #expect(abs(try #require(statistics.rate) / 10 - 1) < 0.06)
    #expect(abs(try #require(statistics.interArrivalCV) / 2 - 1) < 0.06)
    let first = Double(trace.adapterSet.filter { $0 == 1 }.count) / 20_000
    #expect(abs(first - (1.0 / 50).squareRoot()) < 0.01)
    #expect(trace.adapters[0].rank == 64 && trace.adapters[1].rank == 8)
    #expect(trace.promptTokens.min() == 8)
    #expect(trace.promptTokens.max() == 511)
  }

  /// The counts that the code of the paper gives for 1000 requests.
  @Test func punicaHasFixedCounts() throws {
    func counts(_ popularity: String, _ requests: Int) throws -> [Int] {
      TraceStatistics(of: try generate("punica popularity=\(popularity)", requests)).adapters.counts
    }
    #expect(try counts("identical", 1000) == [1000])
    #expect(try counts("distinct", 1000) == Array(repeating: 1, count: 1000))
    let uniform = try counts("uniform", 1000)
    #expect(uniform == Array(repeating: 32, count: 8) + Array(repeating: 31, count: 24))
    let skewed = try counts("skewed", 1000)
    #expect(skewed == [291, 194, 133, 129, 86, 57, 38, 25, 17, 11, 7, 5, 3, 2, 1, 1])
    let trace = try generate("punica", 1000)
    #expect(trace.arrival.allSatisfy { $0 == 0 })
    let prompt = try #require(LengthSummary(trace.promptTokens))
    // scipy's lognorm(0.8, -1, 18): median 17, ninth decile 49.2; then cut to whole numbers.
    #expect(abs(prompt.p50 - 16.5) < 2)
    #expect(abs(prompt.p90 - 49) < 6)
    #expect(zip(trace.promptTokens, trace.outputTokens).allSatisfy { $0 + $1 < 2050 })
  }

  // MARK: Sessions

  @Test func staySaysHowOftenASessionKeepsItsAdapter() throws {
    let trace = try generate(
      "sessions tenants=3 adapters=300 adapter-skew=0 session-requests=50 stay=0.7 birth=0", 8000)
    var last: [Int32: Int32] = [:]
    var kept = 0
    var all = 0
    for row in 0..<trace.count {
      if let before = last[trace.session[row]] {
        all += 1
        kept += before == trace.adapterSet[row] ? 1 : 0
      }
      last[trace.session[row]] = trace.adapterSet[row]
    }
    // A new choice may fall on the same adapter, one time in a hundred or so.
    #expect(abs(Double(kept) / Double(all) - 0.703) < 0.02)
  }

  @Test func sessionsHaveTheirMeanLength() throws {
    let trace = try generate("sessions session-requests=20 pace-skew=0", 20_000)
    let sessions = TraceStatistics(of: trace).sessions
    #expect(abs(Double(trace.count) / Double(sessions) / 20 - 1) < 0.1)
  }

  @Test func tenantsKeepToTheirOwnAdapters() throws {
    let trace = try generate("sessions tenants=10 adapters=40 birth=0.1 extra-adapters=0.3", 4000)
    var owner: [Int32: Int32] = [:]
    for row in 0..<trace.count {
      for adapter in trace.adapterSets[Int(trace.adapterSet[row])].members {
        #expect(owner[adapter, default: trace.tenant[row]] == trace.tenant[row])
        owner[adapter] = trace.tenant[row]
      }
    }
    #expect(trace.adapters.count > 40)
    let shared = try generate(
      "sessions tenants=10 adapters=40 birth=0 shared-adapters=3 shared-use=0.5", 4000)
    let common = shared.adapterReferences().filter { $0 >= 40 }.count
    #expect(abs(Double(common) / 4000 - 0.5) < 0.1)
  }

  @Test func sessionsBringReuseThatShufflingDestroys() throws {
    let trace = try generate("sessions tenants=100 adapters=400 stay=0.9 pace-skew=2", 6000)
    let shuffled = try trace.applying(
      [TransformRegistry.make(Parameters(parsing: "shuffle"))], seed: 1)
    let before = TraceStatistics(of: trace).reuse.hitRatios[1].lru
    let after = TraceStatistics(of: shuffled).reuse.hitRatios[1].lru
    #expect(before > after + 0.3)
  }

  @Test func driftChangesWhoIsPopular() throws {
    func overlap(_ drift: String) throws -> Int {
      let trace = try generate(
        "sessions tenants=100 adapters=100 tenant-skew=1.5 session-requests=2 birth=0 "
          + "drift=\(drift)", 8000)
      func top(_ rows: Range<Int>) -> Set<Int32> {
        var counts: [Int32: Int] = [:]
        for row in rows { counts[trace.tenant[row], default: 0] += 1 }
        return Set(counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(10).map(\.key))
      }
      return top(0..<2000).intersection(top(6000..<8000)).count
    }
    #expect(try overlap("0") >= 7)
    #expect(try overlap("1") <= 4)
  }

  @Test func arrivalsFollowTheCurveOfTheDay() throws {
    let trace = try generate(
      "sessions rate=10 cv=1 burst-cv=0 diurnal=0,1,3 day-length=30s days=1,0,2", 9000)
    var counts: [Int: Int] = [:]
    for time in trace.arrival { counts[Int(time / 10_000_000_000) % 9, default: 0] += 1 }
    let total = 9000.0
    // Steps of 10 s over three days; the middle day and the first third of each day are empty.
    let weights: [Double] = [0, 1, 3, 0, 0, 0, 0, 2, 6]
    for step in 0..<9 where step != 0 {
      let expected = weights[step] / 12
      #expect(abs(Double(counts[step] ?? 0) / total - expected) < 0.04)
    }
    #expect((counts[0] ?? 0) == 1)  // The first request, at 0.
  }

  @Test func burstsRaiseTheVariationOfCountsAndNotTheRate() throws {
    func counts(_ cv: String) throws -> (mean: Double, dispersion: Double) {
      let trace = try generate(
        "sessions rate=20 cv=1 diurnal=1 burst-length=20s burst-cv=\(cv)", 20_000)
      var windows: [Int: Int] = [:]
      for time in trace.arrival { windows[Int(time / 5_000_000_000), default: 0] += 1 }
      let last = windows.keys.max() ?? 0
      let values = (0..<last).map { Double(windows[$0] ?? 0) }
      let mean = values.reduce(0, +) / Double(values.count)
      let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
      return (mean, variance / mean)
    }
    let calm = try counts("0")
    let bursty = try counts("0.8")
    #expect(abs(calm.dispersion - 1) < 0.25)
    #expect(bursty.dispersion > 10)
    #expect(abs(bursty.mean / 100 - 1) < 0.35)
  }
}

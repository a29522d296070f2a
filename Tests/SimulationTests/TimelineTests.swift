import Orchestration
import Primitives
import Testing

@testable import Simulation

/// Worlds small enough to follow by hand, to the nanosecond: a step takes 1000 ns, 100 for each
/// decoding sequence and 10 for each prompt token; a kilobyte comes to the device in 1500 ns.
@Suite(.serialized) struct TimelineTests {
  private struct Times: Equatable {
    var admitted: Nanoseconds
    var firstToken: Nanoseconds
    var finished: Nanoseconds
    var loadWait: Nanoseconds = 0
    var preemptions: Int32 = 0
  }

  private func bench(adapters: Int = 0) -> Bench {
    var bench = Bench(adapters: adapters)
    bench.cost = LinearCost(base: 1000, perDecode: 100, perPromptToken: 10)
    bench.link = Link(bandwidth: 1e9, latency: 500, lanes: 1)
    return bench
  }

  private func times(_ outcome: RunOutcome) -> [Times] {
    outcome.requests.map {
      Times(
        admitted: $0.admitted, firstToken: $0.firstToken, finished: $0.finished,
        loadWait: $0.loadWait, preemptions: $0.preemptions)
    }
  }

  private func gaps(_ outcome: RunOutcome) -> [Nanoseconds] {
    outcome.tokenGaps.flatMap { Array(repeating: $0.gap, count: Int($0.count)) }
  }

  /// A base-only request of 10 + 5 tokens, and at 100 ns one with an adapter, of 20 + 2.
  private func besideAnAdapter(_ loading: ReplicaConfiguration.Loading) throws -> RunOutcome {
    var bench = bench(adapters: 1)
    bench.configuration.loading = loading
    var source = ListSource()
    source.add(at: 0, prompt: 10, output: 5)
    source.add(at: 100, set: 1, prompt: 20, output: 2)
    return try bench.run(source)
  }

  /// Steps end at 1100, 2200, 3300 (the adapter came at 2600), 4600 with the prompt, 5800.
  @Test func stepsGoOnBesideALoad() throws {
    let outcome = try besideAnAdapter(.overlapped)
    #expect(
      times(outcome) == [
        Times(admitted: 0, firstToken: 1100, finished: 5800),
        Times(admitted: 3300, firstToken: 4600, finished: 5800, loadWait: 2200),
      ])
    #expect(gaps(outcome) == [1100, 1100, 1200, 1200, 1300])
    #expect(outcome.requests.map(\.foundIn) == [.device, .host])
    #expect(
      outcome.residency == [
        ResidencySpan(adapter: 0, replica: 0, prefetched: false, from: 2600, to: 5800)
      ])
  }

  /// The second step waits from 1100 until the adapter is there at 2600, and ends at 3900; then come
  /// 5100, 6200, 7300.
  @Test func aLoadHoldsUpTheSteps() throws {
    let outcome = try besideAnAdapter(.blocking)
    #expect(
      times(outcome) == [
        Times(admitted: 0, firstToken: 1100, finished: 7300),
        Times(admitted: 2600, firstToken: 3900, finished: 5100, loadWait: 1500),
      ])
    #expect(outcome.counters.busy == 1100 + 1300 + 1200 + 1100 + 1100)
  }

  /// With 8 tokens a step: 8, 8, and 4 beside the other's 4, whose last token comes beside a decode.
  @Test func aPromptIsComputedInPieces() throws {
    var bench = bench()
    bench.configuration.maxSequences = 4
    bench.configuration.tokenBudget = 8
    var source = ListSource()
    source.add(at: 0, prompt: 20, output: 2)
    source.add(at: 0, prompt: 5, output: 1)
    let outcome = try bench.run(source)
    #expect(
      times(outcome) == [
        Times(admitted: 0, firstToken: 3240, finished: 4350),
        Times(admitted: 2160, firstToken: 4350, finished: 4350),
      ])
    #expect(outcome.counters.steps == 4)
    #expect(outcome.counters.prefillTokens == 25)
    #expect(outcome.counters.decodeTokens == 3)
  }

  /// Without pieces the second prompt waits until it fits into what a step has left.
  @Test func aPromptInOnePieceWaitsForItsStep() throws {
    var bench = bench()
    bench.configuration.maxSequences = 4
    bench.configuration.tokenBudget = 8
    bench.configuration.chunkedPrefill = false
    var source = ListSource()
    source.add(at: 0, prompt: 20, output: 2)
    source.add(at: 0, prompt: 8, output: 1)
    let outcome = try bench.run(source)
    // 20 tokens alone: 1200; a decode: 1100, with no room for 8 beside it; then 8 alone: 1080.
    #expect(
      times(outcome) == [
        Times(admitted: 0, firstToken: 1200, finished: 2300),
        Times(admitted: 2300, firstToken: 3380, finished: 3380),
      ])
  }

  /// Four blocks of four tokens for two requests of 4 + 6. Steps end at 1040, 2180, 3380, 4580,
  /// 5780; then the first needs its third block, and the second, which has four tokens, goes. The
  /// first ends at 6880; the second's eight tokens are computed again by 7960, its last by 9060.
  @Test(arguments: [true, false]) func theNewestMakesWayAndIsComputedAgain(_ leaps: Bool) throws {
    var bench = bench()
    bench.options.leaps = leaps
    bench.configuration = ReplicaConfiguration(
      slots: 1, adapterBytes: 0, kvBlocks: 4, kvBlockBytes: 16, kvBlockTokens: 4)
    var source = ListSource()
    source.add(at: 0, prompt: 4, output: 6)
    source.add(at: 0, prompt: 4, output: 6)
    let outcome = try bench.run(source)
    #expect(
      times(outcome) == [
        Times(admitted: 0, firstToken: 1040, finished: 6880),
        Times(admitted: 1040, firstToken: 2180, finished: 9060, preemptions: 1),
      ])
    // The histogram keeps three digits.
    let expected: [Nanoseconds] = [1100, 1100, 1140, 1200, 1200, 1200, 1200, 1200, 1200, 2180]
    #expect(zip(gaps(outcome), expected).allSatisfy { abs($0 - $1) <= 1 })
    #expect(gaps(outcome).count == expected.count)
    #expect(outcome.counters.prefillTokens == 4 + 4 + 8)
    #expect(outcome.counters.preemptions == 1)
  }

  /// What a sequence that was preempted while it was computed again waited for its next token is one
  /// gap, from its last token on.
  @Test func gapsAddUpToTheTimeBetweenFirstAndLastToken() throws {
    var preemptions: Int64 = 0
    for seed in 0..<10 as Range<UInt64> {
      var random = RandomStream(seed: seed, purpose: "gaps")
      var bench = Bench()
      bench.cost = LinearCost(base: 1, perDecode: 1, perPromptToken: 0.5)
      bench.configuration = ReplicaConfiguration(
        slots: 1, adapterBytes: 0, kvBlocks: 60, kvBlockBytes: 1, kvBlockTokens: 1,
        maxSequences: 6, tokenBudget: 7)
      var source = ListSource()
      for number in 0..<12 {
        source.add(
          at: Nanoseconds(3 * number), prompt: Int32(1 + random.index(below: 25)),
          output: Int32(1 + random.index(below: 30)))
      }
      let outcome = try bench.run(source)
      preemptions += outcome.counters.preemptions
      #expect(outcome.requests.allSatisfy { $0.outcome == .finished })
      // Up to 2047 the histogram is exact.
      #expect(outcome.tokenGaps.allSatisfy { $0.gap < 2048 })
      let sum = outcome.tokenGaps.reduce(0) { $0 + $1.gap * $1.count }
      #expect(sum == outcome.requests.reduce(0) { $0 + $1.finished - $1.firstToken })
    }
    #expect(preemptions > 50)
  }
}

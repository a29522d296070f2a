import Primitives
import Testing

@testable import Orchestration
@testable import Simulation

/// What clients see through a frontend, and that the engine sees nothing of it but later requests.
@Suite struct FrontendTests {
  private let busy = FrontendModel(
    ingress: 2_000_000, egress: 3_000_000, perToken: 40_000, perCombination: 30_000,
    perName: 5_000)

  /// One request, nobody else: every delay by hand. Prompt and one token in the first step, which
  /// takes 1 ms + 5 us a prompt token; two more tokens of 1.01 ms and 3 ns a token of context.
  @Test func addsItsDelays() throws {
    var bench = Bench()
    bench.frontend = FrontendModel(ingress: 7_000_000, egress: 5_000_000, perToken: 100_000)
    var source = ListSource()
    source.add(at: 0, set: 0, prompt: 10, output: 3)
    let record = try bench.run(source).requests[0]
    let first: Nanoseconds = 7_000_000 + 1_050_000
    let last = first + 2 * 1_010_000 + 3 * (10 + 11)
    #expect(record.arrival == 0)
    #expect(record.firstToken == first + 100_000 + 5_000_000)
    #expect(record.finished == last + 100_000 + 5_000_000)
  }

  /// An answer to a scrape keeps the thread from everything else. Here all that was ever in a step is
  /// one adapter, so that an answer takes as long as one combination with one name.
  @Test func aScrapeHoldsUpWhatComesDuringIt() throws {
    var bench = Bench(adapters: 1)
    bench.frontend = FrontendModel(
      ingress: 0, egress: 0, perToken: 0, perCombination: 400_000_000, perName: 100_000_000)
    bench.options.client = ClientModel(scrapeInterval: 1_000_000_000)
    var source = ListSource()
    // Its adapter is resident from the first request on, which waits for it.
    source.add(at: 0, set: 1, prompt: 10, output: 1)
    source.add(at: 1_200_000_000, set: 1, prompt: 10, output: 1)
    source.add(at: 1_600_000_000, set: 1, prompt: 10, output: 1)
    let outcome = try bench.run(source)
    let admitted = outcome.requests.map(\.admitted)
    let combinations = Nanoseconds(2)  // it waits while it is loaded, and then it runs
    let work = combinations * 400_000_000 + combinations * 100_000_000
    #expect(admitted[1] >= 1_000_000_000)
    #expect(admitted[1] <= 1_000_000_000 + work)
    #expect(admitted[2] >= admitted[1])
    #expect(outcome.requests[1].firstToken - outcome.requests[1].arrival > 100_000_000)
  }

  @Test(arguments: 0..<30) func leapingEqualsStepping(_ seed: UInt64) throws {
    var random = RandomStream(seed: seed, purpose: "frontend.test")
    var (bench, source) = randomWorld(&random)
    bench.frontend = busy
    if seed % 3 == 0 { bench.options.horizon = 400_000_000 }
    bench.options.client = ClientModel(
      maxInFlight: seed % 2 == 0 ? 15 : nil, scrapeInterval: 100_000_000)
    let leaping = try bench.run(source)
    bench.options.leaps = false
    let stepping = try bench.run(source)
    #expect(leaping.requests == stepping.requests, "seed \(seed)")
    #expect(leaping.totals == stepping.totals)
    #expect(leaping.samples == stepping.samples)
    #expect(leaping.counters == stepping.counters)
    if bench.options.horizon == nil { #expect(leaping.requests.count == source.count) }
    let sent = leaping.requests.filter { $0.outcome == .finished }
    for record in sent {
      #expect(record.admitted >= record.arrival + busy.ingress)
      #expect(record.firstToken >= record.admitted + busy.egress + busy.perToken)
      #expect(record.finished >= record.firstToken)
    }
  }

  /// One that takes no time changes nothing.
  @Test(arguments: 0..<10) func aFreeFrontendIsNone(_ seed: UInt64) throws {
    var random = RandomStream(seed: seed, purpose: "frontend.free")
    var (bench, source) = randomWorld(&random)
    let without = try bench.run(source)
    bench.frontend = FrontendModel(ingress: 0, egress: 0, perToken: 0)
    bench.options.client = ClientModel(scrapeInterval: 1_000_000)
    let with = try bench.run(source)
    #expect(with.totals == without.totals)
    #expect(with.counters.decodeTokens == without.counters.decodeTokens)
  }

  /// The thread is a single server: with a deterministic stream of steps it is never behind by more
  /// than one step's tokens as long as these take less than the step, and falls behind without end
  /// where they take more.
  @Test func fallsBehindWhereTokensTakeLongerThanSteps() {
    func lag(perToken: Nanoseconds) -> Nanoseconds {
      var frontend = Frontend(FrontendModel(ingress: 0, egress: 0, perToken: perToken))
      var plan = StepPlan()
      plan.decodes = 100
      var delivered: Nanoseconds = 0
      for step in 1...1000 as ClosedRange<Nanoseconds> {
        delivered = frontend.delivery(of: plan, at: step * 10_000_000)
      }
      return delivered - 1000 * 10_000_000
    }
    #expect(lag(perToken: 90_000) == 9_000_000)
    #expect(lag(perToken: 110_000) == 1000 * 1_000_000 + 10_000_000)
  }
}

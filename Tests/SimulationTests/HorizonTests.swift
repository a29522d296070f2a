import Orchestration
import Primitives
import Testing

@testable import Simulation

/// A run that is cut off at a time.
@Suite struct HorizonTests {
  @Test(arguments: 0..<12) func cutsTheSameWhetherItLeapsOrNot(_ seed: UInt64) throws {
    var random = RandomStream(seed: seed, purpose: "horizon.test")
    var (bench, source) = randomWorld(&random)
    let whole = try bench.run(source)
    let horizon = 1 + Nanoseconds(random.uniform() * Double(whole.end))
    bench.options.horizon = horizon
    let leaping = try bench.run(source)
    bench.options.leaps = false
    let stepping = try bench.run(source)
    #expect(leaping.requests == stepping.requests)
    #expect(leaping.counters == stepping.counters)
    #expect(leaping.samples == stepping.samples)
    #expect(leaping.residency == stepping.residency)
    #expect(leaping.tokenGaps == stepping.tokenGaps)
    #expect(leaping.end == horizon)
    let cut = leaping.requests
    #expect(cut.count == source.requests.count { $0.arrival < horizon })
    #expect(cut.allSatisfy { $0.finished <= horizon && $0.firstToken <= horizon })
    #expect(leaping.samples.allSatisfy { $0.at <= horizon })
    // Until then, everything is as in the whole run.
    for (a, b) in zip(cut, whole.requests) where b.finished < horizon { #expect(a == b) }
    // The last point of the series shows what was cut off.
    let open = leaping.samples.suffix(bench.replicas).reduce(0) { $0 + $1.waiting + $1.running }
    #expect(Int(open) == cut.count { $0.outcome == .aborted && $0.finished == horizon })
  }

  @Test func beyondTheEndItChangesNothing() throws {
    var bench = Bench()
    var source = ListSource()
    source.add(at: 0)
    let whole = try bench.run(source)
    bench.options.horizon = whole.end + 1_000_000_000
    #expect(try bench.run(source).requests == whole.requests)
  }
}

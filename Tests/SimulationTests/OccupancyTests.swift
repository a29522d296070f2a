import Orchestration
import Primitives
import Testing

@testable import Simulation

@Suite struct OccupancyTests {
  /// Six requests at each whole second, one at a time for 50 ms each; a sample a second.
  private func ticking() -> (Bench, ListSource) {
    var bench = Bench()
    bench.cost = LinearCost(base: 50_000_000)
    bench.configuration = ReplicaConfiguration(
      slots: 1, adapterBytes: 0, kvBlocks: 1 << 20, kvBlockBytes: 1, maxSequences: 1)
    bench.options.sampleInterval = 1_000_000_000
    var source = ListSource()
    for second in 0..<400 {
      for _ in 0..<6 {
        source.add(at: Nanoseconds(second) * 1_000_000_000, prompt: 1, output: 1)
      }
    }
    return (bench, source)
  }

  /// Five wait for 50 ms, four for the next 50, ... : 0.75 on average, though 5 or 6 at every tick.
  @Test func isTheIntegralAndNotWhatIsSeenAtTicks() throws {
    let (bench, source) = ticking()
    let outcome = try bench.run(source)
    let occupancy = try #require(outcome.occupancy)
    let end = Double(outcome.end)
    let waited = outcome.requests.reduce(0.0) { $0 + Double($1.admitted - $1.arrival) }
    let ran = outcome.requests.reduce(0.0) { $0 + Double($1.finished - $1.admitted) }
    #expect(abs(occupancy.waiting - waited / end) < 1e-12)
    #expect(abs(occupancy.running - ran / end) < 1e-12)
    #expect(abs(occupancy.waiting - 0.75) < 0.01)
    #expect(occupancy.deepestQueue == 5)
  }

  @Test func samplesAreNotInStepWithTheTrace() throws {
    let (bench, source) = ticking()
    let samples = try bench.run(source).samples
    #expect(samples.count >= 400)
    let seen = samples.reduce(0.0) { $0 + Double($1.waiting) } / Double(samples.count)
    #expect(abs(seen - 0.75) < 0.1)
    // One in each interval, in order.
    for (index, sample) in samples.dropLast().enumerated() {
      #expect(sample.at / 1_000_000_000 == Nanoseconds(index))
    }
  }

  @Test func aRunBeyondAllTimeIsRefused() {
    var (bench, source) = ticking()
    bench.options.sampleInterval = .max
    source.add(at: .max - 10, prompt: 1, output: 1)
    #expect(throws: PitwallError.self) { try bench.run(source) }
    bench.cost = LinearCost(base: 3_600_000_000_000, perContextToken: 1e18)
    source = ListSource()
    source.add(at: 0, prompt: 1000, output: 1000)
    #expect(throws: PitwallError.self) { try bench.run(source) }
  }
}

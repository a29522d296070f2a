import Foundation
import Orchestration
import Testing

@testable import Results

/// Prints how fast per-request records are stored. Off unless asked for, as a figure is of use in
/// release builds only: `PITWALL_BENCH=1 swift test -c release -Xswiftc -enable-testing`.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["PITWALL_BENCH"] != nil))
struct SavingSpeedTests {
  @Test func aMillionRequests() throws {
    let scratch = try Scratch()
    let outcome = makeOutcome(randomRequests(1_000_000, seed: 1))
    let clock = ContinuousClock()
    let store = try RunStore(scratch.path(), for: .writing)
    var metrics: [MetricValue] = []
    let computing = clock.measure { metrics = Metrics.of(outcome, slo: SLO(ttft: 1)) }
    let saving = try clock.measure { try store.save(describe("r"), outcome, metrics: metrics) }
    var count = 0
    let reading = try clock.measure { count = try store.requests(of: "r").count }
    let size = try Data(contentsOf: URL(fileURLWithPath: scratch.path())).count
    print("metrics \(computing), saving \(saving), reading \(reading), \(size) bytes")
    #expect(count == 1_000_000)
    #expect(saving < .seconds(10))
  }
}

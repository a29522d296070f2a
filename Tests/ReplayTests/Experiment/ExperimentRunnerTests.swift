import Foundation
import Orchestration
import Primitives
import Simulation
import Testing

@testable import Replay

@Suite struct ExperimentRunnerTests {
  private let plan: ExperimentPlan

  init() throws {
    plan = try ExperimentPlan(
      ExperimentFixture().experiment(
        ExperimentFixture.text(more: "seeds: 3\nsweep: {slots: [1, 12]}")))
  }

  private func run(threads: Int, checks: Bool = false) async throws -> [String: RunOutcome] {
    let observer = MemoryObserver()
    #expect(
      try await ExperimentRunner(plan, threads: threads, checks: checks).run(observer)
        == plan.runs.count)
    return observer.outcomes
  }

  @Test func threadsAndChecksChangeNothing() async throws {
    let one = try await run(threads: 1)
    for other in [
      try await run(threads: 1), try await run(threads: 2),
      try await run(threads: 5, checks: true),
    ] {
      #expect(Set(other.keys) == Set(one.keys))
      for (id, outcome) in one {
        #expect(other[id]?.requests == outcome.requests)
        #expect(other[id]?.samples == outcome.samples)
        #expect(other[id]?.residency == outcome.residency)
        #expect(other[id]?.counters == outcome.counters)
        #expect(other[id]?.tokenGaps == outcome.tokenGaps)
      }
    }
    // The test would pass for runs that do nothing.
    #expect(one.values.contains { $0.counters.loads[3] > 0 && $0.counters.evictions[3] > 0 })
    #expect(Set(one.values.map(\.counters.steps)).count > 2)
  }

  @Test func theClientsLimitsHold() async throws {
    let limited = try ExperimentPlan(
      ExperimentFixture().experiment(
        ExperimentFixture.text(
          more: "seeds: 3\nclient: {max-in-flight: 1, ports: 9, port-hold: 1s, duration: 20s}")))
    #expect(
      limited.experiment.client
        == ClientModel(maxInFlight: 1, ports: 9, portHold: 1_000_000_000))
    #expect(Set(limited.runs.map(\.id)).isDisjoint(with: plan.runs.map(\.id)))
    let observer = MemoryObserver()
    _ = try await ExperimentRunner(limited, threads: 2).run(observer)
    #expect(observer.outcomes.values.allSatisfy { $0.end <= 20_000_000_000 })
    #expect(observer.outcomes.values.contains { $0.totals.unsent > 0 })
  }

  @Test func runsOnlyWhatHasNoResult() async throws {
    let known = Set(plan.runs.map(\.id).prefix(4))
    let observer = MemoryObserver(known: known)
    #expect(
      try await ExperimentRunner(plan, threads: 2).run(observer) == plan.runs.count - 4)
    #expect(known.isDisjoint(with: observer.outcomes.keys))
  }

  @Test func theFirstErrorEndsTheExperiment() async throws {
    let observer = MemoryObserver(limit: 3)
    await #expect(throws: PitwallError(.inputOutput, "no room")) {
      _ = try await ExperimentRunner(plan, threads: 2).run(observer)
    }
    #expect(observer.outcomes.count == 3)
  }

  @Test func theObserverStopsEvenShortRuns() async throws {
    let observer = MemoryObserver(stop: 2)
    await #expect(throws: CancellationError.self) {
      _ = try await ExperimentRunner(plan, threads: 1).run(observer)
    }
    #expect(observer.outcomes.count == 2)
  }
}

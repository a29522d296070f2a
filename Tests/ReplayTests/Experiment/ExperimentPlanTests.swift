import Foundation
import Orchestration
import Primitives
import Testing

@testable import Replay

@Suite struct ExperimentPlanTests {
  private func plan(_ text: String = ExperimentFixture.text()) throws -> ExperimentPlan {
    try ExperimentPlan(ExperimentFixture().experiment(text))
  }

  @Test func plansEveryCombination() throws {
    let runs = try plan(
      ExperimentFixture.text(more: "seeds: [4, 5]\nsweep: {slots: [2, 8], seeds: [5, 6]}")
    ).runs
    let cells = runs.map {
      "\($0.workload) \($0.strategy.name) \($0.seed) \($0.sweepValue ?? 0)"
    }
    #expect(
      cells == [
        "day lru 4 0.0", "day lookahead 4 0.0", "day lru 5 0.0", "day lookahead 5 0.0",
        "day lru 5 2.0", "day lookahead 5 2.0", "day lru 5 8.0", "day lookahead 5 8.0",
        "day lru 6 2.0", "day lookahead 6 2.0", "day lru 6 8.0", "day lookahead 6 8.0",
      ])
    #expect(Set(runs.map(\.id)).count == runs.count)
    #expect(runs.allSatisfy { $0.id.count == 16 && $0.requests == 60 })
    #expect(runs[6].server.adapterMemory == .slots(8))
  }

  @Test func idsAreTheSameWheneverTheResultIs() throws {
    let runs = try plan().runs
    #expect(try plan().runs.map(\.id) == runs.map(\.id))
    // What only names or presents things is not part of a run.
    let renamed = try plan(
      "description: other words\n" + ExperimentFixture.text(more: "seeds: 2\nreport: {title: T}"))
    #expect(renamed.runs.map(\.id) == runs.map(\.id))
  }

  /// Anything that may change the result changes the id.
  @Test(arguments: [
    ExperimentFixture.text(more: "seeds: 2\nslo: {ttft: 1s}"),
    ExperimentFixture.text(more: "seeds: 2\nrecord: {series: 1s}"),
    ExperimentFixture.text(more: "seeds: 2\nclient: {max-in-flight: 9}"),
    ExperimentFixture.text(more: "seeds: 2\nclient: {duration: 10s}"),
    ExperimentFixture.text(more: "seeds: 2\nrecord: {residency: false}"),
    ExperimentFixture.text(more: "seeds: [3, 4]"),
    ExperimentFixture.text(
      server: "server: {model: llama-2-7b, accelerator: a100-80g, adapters: {slots: 5}}"),
    ExperimentFixture.text(
      server: "server: {model: llama-2-7b, accelerator: a100-80g, adapters: {slots: 4, "
        + "start: disk}}"),
    ExperimentFixture.text(
      server: "server: {model: llama-2-7b, accelerator: a100-80g, adapters: {slots: 4}, "
        + "links: {disk-to-host: {latency: 19ms}}}"),
    ExperimentFixture.text(
      strategies: "strategies: {lru: {scheduling: priority}, lookahead: {eviction: lfu}}"),
    ExperimentFixture.text(
      workloads: "workloads: {day: {generate: small.yaml, requests: 59}}"),
    ExperimentFixture.text(
      workloads: "workloads: {night: {generate: small.yaml}}"),
  ])
  func idsDiffer(text: String) throws {
    let ids = Set(try plan().runs.map(\.id))
    #expect(ids.isDisjoint(with: try plan(text).runs.map(\.id)))
  }

  @Test func configurationNamesEveryFieldOfTheServer() throws {
    let run = try #require(try plan().runs.first)
    for child in Mirror(reflecting: run.server).children {
      #expect(run.configuration.contains("server.\(child.label ?? "")"))
    }
    #expect(run.configuration.contains("server.cost: roofline\n"))
    #expect(run.configuration.contains("server.adapterMemory.slots: 4\n"))
    #expect(run.configuration.contains("server.maxRank: none\n"))
  }

  @Test func strategiesOfASeedSeeTheSameTraceAndSeedsDifferentOnes() throws {
    let groups = try plan().groups
    #expect(groups.map(\.runs.count) == [2, 2])
    #expect(groups[0].traceDigest != groups[1].traceDigest)
  }

  @Test func tracesReferToEarlierOnes() throws {
    let fixture = try ExperimentFixture()
    let traces = "traces: {a: {generate: small.yaml}, b: {from: a, apply: [slice: {count: 7}]}}"
    let workloads =
      "workloads: {day: {from: a, apply: [graft: {ids: b, when-shorter: cycle}]}, s: {from: b}}"
    let plan = try ExperimentPlan(
      fixture.experiment(ExperimentFixture.text(traces: traces, workloads: workloads)))
    #expect(plan.groups.map { $0.runs.first?.requests } == [60, 60, 7, 7])
  }

  @Test func theSweepsValueThatDoesNotFitIsNamed() throws {
    let text = ExperimentFixture.text(more: "seeds: 1\nsweep: {slots: [4, 4096], seeds: 1}")
    let error = try #require(throws: PitwallError.self) { try plan(text) }
    #expect(
      error.message.hasPrefix("server: llama-2-7b does not fit on a100-80g: 72.0 GiB usable, "))
    #expect(error.message.hasSuffix(" (at slots = 4096 of the sweep)"))
  }

  @Test(arguments: [0, 1])
  func emptyAndShortTracesRun(requests: Int) async throws {
    let text = ExperimentFixture.text(
      workloads: "workloads: {day: {generate: small.yaml, requests: \(requests)}}")
    let plan = try plan(text)
    let observer = MemoryObserver()
    #expect(try await ExperimentRunner(plan, threads: 1, checks: true).run(observer) == 4)
    #expect(observer.outcomes.values.allSatisfy { $0.requests.count == requests })
  }
}

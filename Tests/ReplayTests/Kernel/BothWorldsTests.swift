import Foundation
import Orchestration
import Policies
import Primitives
import Testing

@testable import Replay

/// One trace in the simulated world and in the one where a model runs.
@Suite(.serialized) struct BothWorldsTests {
  /// An experiment in both worlds; its folder is also its cache.
  private func text(
    backends: String = "[simulated, kernel]", kernel: String? = nil, slots: String = "{slots: 4}"
  ) -> String {
    let kernel =
      kernel ?? "{model: synth, pages: 100, workers: 1, cache: \(BothWorldsTests.cache)}"
    return ExperimentFixture.text(
      workloads: "workloads: {day: {generate: small.yaml, apply: [{rate-scale: {rate: 25}}]}}",
      server: """
        server:
          model: smollm2-135m
          accelerator: cpu-2core
          adapters: \(slots)
          limits: {max-sequences: 16, token-budget: 128}
          links: {host-to-device: {bandwidth: 1GB, latency: 8ms, per-tensor: 0}}
          cost: {linear: {base: 500us, per-prompt-token: 5us}}
        """,
      more: "seeds: 1\nbackends: \(backends)\nkernel: \(kernel)")
  }

  private static let cache =
    FileManager.default.temporaryDirectory.path + "/pitwall-both-worlds-tests"

  @Test func bothWorldsDecideAlike() async throws {
    let fixture = try ExperimentFixture()
    let plan = try ExperimentPlan(fixture.experiment(text()))
    let observer = MemoryObserver()
    #expect(try await ExperimentRunner(plan, threads: 2, checks: true).run(observer) == 4)
    for strategy in ["lru", "lookahead"] {
      func outcome(_ backend: Experiment.Backend) throws -> RunOutcome {
        let run = try #require(
          plan.runs.first { $0.backend == backend && $0.strategy.name == strategy })
        return try #require(observer.outcomes[run.id])
      }
      let (model, real) = (try outcome(.simulation), try outcome(.kernel))
      #expect(model.memory == real.memory)
      #expect(real.totals.finished == model.totals.finished)
      #expect(real.totals.outputTokens == model.totals.outputTokens)
      #expect(real.counters.references == model.counters.references)
      let device = Int(Tier.device.rawValue)
      // Requests are some 40 ms apart and loads take 8: unless somebody else has the machine for that
      // long, the same happens in the same order.
      #expect(abs(real.counters.found[device] - model.counters.found[device]) <= 8)
      #expect(abs(real.counters.loads[device] - model.counters.loads[device]) <= 8)
    }
  }

  @Test func worldsDifferInIdentityOnly() throws {
    let fixture = try ExperimentFixture()
    let plan = try ExperimentPlan(fixture.experiment(text()))
    #expect(Set(plan.runs.map(\.id)).count == 4)
    #expect(plan.runs.map(\.backend) == [.simulation, .kernel, .simulation, .kernel])
    let lines = plan.runs.map { Set($0.configuration.split(separator: "\n")) }
    let extra = lines[1].subtracting(lines[0])
    #expect(extra.contains("backend: kernel") && extra.contains("model version: kernel 1"))
    #expect(lines[0].subtracting(lines[1]).count == 2)
    #expect(plan.runs[0].server == plan.runs[1].server)
    #expect(plan.runs[0].server.room?.pages == 100)
  }

  @Test(arguments: [
    (
      "kernel: {pages: 10}",
      "kernel: \"model\" is missing"
    ),
    (
      "kernel: {model: nowhere, pages: 10}",
      "kernel.model: nowhere: no such file or folder"
    ),
    ("kernel: {model: synth, pages: 1}", "kernel.pages: 1 is outside 2...16777216"),
    (
      "kernel: {model: synth, pages: 10, page: 3}",
      "unknown key \"page\" (did you mean \"pages\"?)"
    ),
    ("kernel: {model: synth, pages: 10, throttle: brakes}", "\"brakes\" is unknown"),
    ("backends: kernel", "the kernel world needs a `kernel` that says what is run"),
    ("backends: kernels", "\"kernels\" is unknown (did you mean \"kernel\"?)"),
  ])
  func mistakesAreNamed(_ more: String, _ message: String) throws {
    let error = try ExperimentFixture().error(ExperimentFixture.text(more: more))
    #expect(error.contains("e.yaml:5:"), "\(error)")
    #expect(error.contains(message), "\(error)")
  }

  @Test(arguments: [
    ("{slots: 4}, replicas: 2", "is one server: replicas must be 1"),
    ("{slots: 4, loading: in-step}", "copying in steps needs `activation: protected`"),
    ("{slots: 60}", "does not fit on cpu-2core"),
  ])
  func whatTheEngineCannotDoIsRefused(_ adapters: String, _ message: String) throws {
    let server = text(slots: adapters.replacing(", replicas", with: "\n  replicas"))
    let error = try ExperimentFixture().error(server)
    #expect(error.contains("e.yaml:4:") && error.contains(message), "\(error)")
  }
}

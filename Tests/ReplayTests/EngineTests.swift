import Orchestration
import Policies
import Primitives
import Simulation
import Testing
import Workload

@testable import Replay

/// Engines are values of settings, and each serves a trace without breaking an invariant.
@Suite struct EngineTests {
  private func server(_ text: String) throws -> ServerSpec {
    try ExperimentFixture().experiment(ExperimentFixture.text(server: "server: {\(text)}")).server
  }

  private static let hardware = "model: llama-2-7b, accelerator: a100-80g"

  @Test(arguments: Engine.catalogue.map(\.name)) func everyEngineServes(_ name: String) throws {
    let server = try server("\(Self.hardware), engine: \(name)")
    var strategy = try Strategy(name: "plain")
    strategy.scheduling = try Parameters(server.scheduling)
    let scenario = Scenario(
      trace: try trace(), server: server, strategy: strategy, seed: 3, registry: .builtIn)
    var options = Simulation.Options()
    options.checks = true
    let outcome = try scenario.simulate(options: options)
    options.leaps = false
    let stepped = try scenario.simulate(options: options)
    #expect(outcome.requests.allSatisfy { $0.outcome == .finished })
    #expect(outcome.counters == stepped.counters)
    #expect((outcome.counters.copying > 0) == (server.loading == .inStep))
    #expect(outcome.requests == stepped.requests)
  }

  @Test func laterKeysOverride() throws {
    let large = try server("\(Self.hardware), engine: vllm-v1")
    #expect(large.loading == .inStep && large.tokenBudget == 8192 && large.maxSequences == 1024)
    let small = try server("model: llama-2-7b, accelerator: a100-40g, engine: vllm-v1")
    #expect(small.tokenBudget == 2048 && small.maxSequences == 256)
    let changed = try server(
      "limits: {token-budget: 512}, adapters: {activation: protected}, engine: vllm-v1, "
        + Self.hardware)
    #expect(changed.tokenBudget == 512)
    #expect(changed.activation == .protected)
    #expect(changed.maxSequences == 1024)
  }

  /// Strategies schedule as the engine does unless they say otherwise.
  @Test func anEngineBringsItsScheduling() throws {
    let experiment = try ExperimentFixture().experiment(
      ExperimentFixture.text(
        server: "server: {\(Self.hardware), engine: lorax}",
        strategies: "strategies: {own: {}, other: {scheduling: fcfs}}"))
    #expect(experiment.strategies.map(\.scheduling.owner) == ["active-set", "fcfs"])
    #expect(experiment.server.adapterMemory == .share(0.1))
    let slots = try server("\(Self.hardware), engine: lorax, adapters: {slots: 4}")
    #expect(slots.adapterMemory == .slots(4))
  }

  @Test func nonsenseIsRefused() throws {
    let fixture = try ExperimentFixture()
    func error(_ server: String, _ strategies: String = "strategies: {lru: {}}") -> String {
      fixture.error(
        ExperimentFixture.text(
          server: "server: {\(Self.hardware), \(server)}", strategies: strategies))
    }
    #expect(error("engine: vllm").contains("unknown engine \"vllm\""))
    #expect(
      error("engine: vllm-v1", "strategies: {look: {prefetch: lookahead}}")
        .contains("does not prefetch"))
    #expect(error("adapters: {pool: true, loading: in-step}").contains("activation: protected"))
    #expect(error("limits: {admission: peak}").contains("declared-output"))
    #expect(error("limits: {admission: whole}").contains("declared-output"))
    #expect(error("adapters: {slots: 4, memory-share: 0.1}").contains("slots or a share"))
    #expect(error("adapters: {pool: true, memory-share: 0.1}").contains("a share or a pool"))
    #expect(error("adapters: {memory-share: 0.0001}").contains("the adapters' share of memory"))
  }

  /// Prompts pause decoding in one, and share the step with it in the other.
  @Test func aLongPromptPausesDecodingInV0Only() throws {
    var builder = TraceBuilder(name: "two")
    for (time, prompt, output) in [(0, 10, 400), (100_000_000, 4000, 2)] {
      var row = TraceBuilder.Row(arrival: Nanoseconds(time))
      row.promptTokens = Int32(prompt)
      row.outputTokens = Int32(output)
      builder.append(row)
    }
    let trace = try builder.finish()
    var longest: [Nanoseconds] = []
    for name in ["vllm-v0", "vllm-v1"] {
      var server = try server("\(Self.hardware), engine: \(name)")
      server.cost = .linear(LinearCost(base: 1_000_000, perDecode: 0, perPromptToken: 10_000))
      let outcome = try Scenario(
        trace: trace, server: server, strategy: try Strategy(name: "plain"), seed: 1,
        registry: .builtIn
      ).simulate(options: Simulation.Options())
      longest.append(outcome.tokenGaps.map(\.gap).max() ?? 0)
    }
    // A step of 4000 prompt tokens takes 41 ms, and the decoding one that follows it 1 ms.
    #expect(longest[0] > 41_900_000 && longest[0] < 42_100_000)
    #expect(longest[1] > 40_900_000 && longest[1] < 41_100_000)
  }

  private func trace() throws -> Trace {
    var random = RandomStream(seed: 5, purpose: "engine.test")
    var builder = TraceBuilder(name: "engine")
    var time: Nanoseconds = 0
    for _ in 0..<200 {
      time += Nanoseconds(random.index(below: 60_000_000))
      var row = TraceBuilder.Row(arrival: time)
      row.adapterSet = builder.internSingle("a\(random.index(below: 40))")
      row.promptTokens = Int32(1 + random.index(below: 900))
      row.outputTokens = Int32(1 + random.index(below: 200))
      builder.append(row)
    }
    return try builder.finish()
  }
}

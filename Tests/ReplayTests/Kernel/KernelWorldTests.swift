import Foundation
import Inference
import Orchestration
import Policies
import Primitives
import Simulation
import Testing
import Workload

@testable import Replay

/// The world in which a model really runs, on a small random one.
@Suite(.serialized) struct KernelWorldTests {
  /// A trace, a server and an engine.
  struct Setting {
    var trace: Trace
    var server: ServerSpec
    var strategy: Strategy
    var pages = 200
    var throttle = KernelSpec.Throttle.accelerator

    /// - Parameter requests: number of the adapter (0 for none), prompt, output; one a `gap`.
    init(_ requests: [(adapter: Int, prompt: Int32, output: Int32)], gap: Nanoseconds) throws {
      var builder = TraceBuilder(name: "small")
      for (index, request) in requests.enumerated() {
        var row = TraceBuilder.Row(arrival: Nanoseconds(index) * gap)
        row.adapterSet = request.adapter == 0 ? 0 : builder.internSingle("a\(request.adapter)")
        row.promptTokens = request.prompt
        row.outputTokens = request.output
        builder.append(row)
      }
      trace = try builder.finish()
      let model = try #require(ModelShape.catalogue.first { $0.name == "smollm2-135m" })
      let accelerator = try #require(Accelerator.catalogue.first { $0.name == "cpu-2core" })
      server = ServerSpec(model: model, accelerator: accelerator)
      server.adapterMemory = .slots(3)
      server.maxSequences = 8
      server.tokenBudget = 64
      server.targets = ["q_proj", "v_proj"]
      server.defaultRank = 8
      server.hostToDevice = Link(bandwidth: 1e9, latency: 4_000_000, lanes: 1)
      server.diskToHost = Link(bandwidth: 1e9, latency: 2_000_000, lanes: 2)
      strategy = try Strategy(name: "lru")
    }

    func deployed() throws -> (Scenario, KernelDeployment) {
      let folder = FileManager.default.temporaryDirectory.path + "/pitwall-kernel-tests"
      var spec = KernelSpec(model: .synthetic, pages: pages, cache: folder)
      spec.workers = 1
      spec.throttle = throttle
      let deployment = try KernelDeployment(spec, for: trace, on: server)
      var scenario = Scenario(
        trace: trace, server: deployment.applied(to: server), strategy: strategy, seed: 1,
        registry: .builtIn)
      scenario.kernel = deployment
      return (scenario, deployment)
    }
  }

  /// Everything that came of a run: the outcome, and each request's tokens, once for each end.
  private func replay(_ setting: Setting) throws -> (outcome: RunOutcome, tokens: [Int32: [Int32]])
  {
    let (scenario, deployment) = try setting.deployed()
    var options = Simulation.Options()
    options.checks = true
    options.sampleInterval = 50_000_000
    var tokens: [Int32: [Int32]] = [:]
    var ends = 0
    let outcome = try scenario.replay(
      on: deployment, options: options,
      onTokens: { request, own in
        ends += 1
        tokens[request] = own
      })
    #expect(ends == tokens.count)
    return (outcome, tokens)
  }

  /// What each request generates on an engine that has nothing else to do.
  private func alone(_ setting: Setting) throws -> [Int32: [Int32]] {
    let (_, deployment) = try setting.deployed()
    var configuration = EngineConfiguration()
    configuration.workers = 1
    let engine = try Inference.Engine(deployment.checkpoint, configuration)
    let prompts = KernelPrompts(vocabularySize: engine.model.vocabularySize, seed: 1)
    for (adapter, folder) in deployment.folders.enumerated() {
      try engine.load(try LoRAAdapter.open(folder, for: engine.model), as: adapter)
    }
    var result: [Int32: [Int32]] = [:]
    for row in 0..<setting.trace.count {
      let set = setting.trace.adapterSets[Int(setting.trace.adapterSet[row])]
      let sequence = try engine.begin(adapters: set.members.map { AdapterUse(Int($0)) })
      var input = StepInput()
      input.prefill(
        sequence, prompts.tokens(of: Int32(row), count: setting.trace.promptTokens[row]),
        samples: true)
      for _ in 0..<setting.trace.outputTokens[row] {
        try engine.step(input) { result[Int32(row), default: []].append($1) }
        input.removeAll()
        input.decode(sequence)
      }
      try engine.end(sequence)
    }
    return result
  }

  private func requests(_ count: Int, adapters: Int) -> [(Int, Int32, Int32)] {
    var random = RandomStream(seed: 7, purpose: "kernel world")
    return (0..<count).map { _ in
      (
        random.index(below: adapters + 1), Int32(1 + random.index(below: 60)),
        Int32(1 + random.index(below: 20))
      )
    }
  }

  @Test(arguments: [
    ReplicaConfiguration.Loading.overlapped, .blocking, .inStep,
  ])
  func everyRequestGetsTheTokensThatItGetsAlone(loading: ReplicaConfiguration.Loading) throws {
    var setting = try Setting(requests(40, adapters: 8), gap: 3_000_000)
    setting.server.loading = loading
    setting.server.activation = .protected
    let (outcome, tokens) = try replay(setting)
    #expect(outcome.totals.finished == 40)
    #expect(outcome.requests.map(\.request) == (0..<40).map { Int32($0) })
    #expect(try tokens == alone(setting))
    // Eight adapters in three slots: some were evicted and came again.
    #expect(outcome.counters.loads[Int(Tier.device.rawValue)] > 8)
  }

  @Test func adaptersAndCacheShareAPoolToTheLastPage() throws {
    var setting = try Setting(requests(40, adapters: 8), gap: 1_000_000)
    setting.server.adapterMemory = .pool
    let (_, deployment) = try setting.deployed()
    // Room for the longest request, and hardly more.
    setting.pages = (deployment.room.adapterPages.max() ?? 0) * 2 + 8
    let (outcome, tokens) = try replay(setting)
    #expect(outcome.totals.finished == 40)
    #expect(outcome.counters.preemptions > 0)
    #expect(try tokens == alone(setting))
  }

  @Test(arguments: [Tier.remote, .disk, .device])
  func adaptersComeFromWhereTheyAre(start: Tier) throws {
    var setting = try Setting([(1, 5, 3), (2, 5, 3), (1, 5, 3)], gap: 200_000_000)
    setting.server.start = start
    setting.server.remoteToDisk = Link(bandwidth: 1e9, latency: 3_000_000, lanes: 4)
    let (outcome, tokens) = try replay(setting)
    #expect(outcome.requests.map(\.foundIn) == [start, start, .device])
    #expect(try tokens == alone(setting))
    let wait: Nanoseconds = [.remote: 9_000_000, .disk: 6_000_000][start] ?? 0
    #expect(outcome.requests[0].loadWait >= wait)
  }

  @Test func prefetchesAreCalledOffForDemand() throws {
    var setting = try Setting(requests(60, adapters: 12), gap: 2_000_000)
    setting.strategy.prefetch = try Parameters("predictive")
    setting.server.hostToDevice = Link(bandwidth: 1e9, latency: 15_000_000, lanes: 1)
    let (outcome, tokens) = try replay(setting)
    #expect(outcome.totals.finished == 60)
    #expect(try tokens == alone(setting))
  }

  @Test func theHorizonEndsWhatIsOpen() throws {
    let setting = try Setting(requests(30, adapters: 4), gap: 20_000_000)
    let (scenario, deployment) = try setting.deployed()
    var options = Simulation.Options()
    options.horizon = 200_000_000
    let outcome = try scenario.replay(on: deployment, options: options)
    #expect(outcome.end >= 200_000_000)
    #expect((10...11).contains(outcome.requests.count))
  }

  @Test func aRunCanBeStopped() throws {
    let (scenario, deployment) = try Setting(requests(30, adapters: 4), gap: 1_000_000).deployed()
    #expect(throws: CancellationError.self) {
      try scenario.replay(on: deployment, options: .init(), progress: { $0 < 3 })
    }
  }

  @Test func adaptersThatCannotBeReadEndTheRun() throws {
    var setting = try Setting([(1, 5, 3)], gap: 1)
    setting.server.start = .disk
    setting.server.defaultRank = 3
    let (scenario, deployment) = try setting.deployed()
    let folder = try #require(deployment.folders.first)
    try FileManager.default.removeItem(atPath: folder)
    #expect(throws: PitwallError.self) { try scenario.replay(on: deployment, options: .init()) }
  }
}

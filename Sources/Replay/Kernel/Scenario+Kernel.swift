import Foundation
import Inference
import Orchestration
import Primitives
import Simulation
import Workload

extension Scenario {
  /// Replays the trace on the kernel engine, in wall-clock time.
  ///
  /// The same policies decide as in ``simulate(options:progress:)``, and the same seed gives the same
  /// luck, but not the same times: no two runs on a machine are equal.
  /// - Parameters:
  ///   - progress: called with the number of requests that have ended; false stops the run.
  ///   - onTokens: told of each request that the engine has ended with, and what came out.
  /// - Throws: `PitwallError`: data for a trace, server and engine that make no sense together, fault
  ///   for a broken invariant, and what the engine says; `CancellationError` if stopped.
  public func replay(
    on deployment: KernelDeployment, options: Simulation.Options,
    progress: (Int) -> Bool = { _ in true }, onTokens: (Int32, [Int32]) -> Void = { _, _ in }
  ) throws -> RunOutcome {
    let catalogue = try adapterCatalogue()
    let (configuration, memory) = try server.configuration(catalogue: catalogue)
    try checkTiers(catalogue)
    if !server.rejectsOversized { try checkSizes(configuration) }
    try checkKernel(deployment)
    let model = server.serverModel(for: catalogue)
    let (sets, _) = adapterSets(catalogue)
    let world = KernelWorld(
      source: arrivals ?? TraceSource(trace, declaresOutput: server.declaresOutput),
      adapters: KernelAdapters(
        folders: deployment.folders, model: deployment.checkpoint.configuration,
        throttle: deployment.spec.throttle, catalogue: catalogue, sets: sets,
        weights: trace.adapterSets.map(\.weights)),
      deployment: deployment, configuration: engineConfiguration(deployment, configuration),
      model: model, seed: seed,
      orchestrator: try makeOrchestrator(catalogue, configuration, model), options: options)
    return try world.run(memory: memory, progress: progress, onTokens: onTokens)
  }

  private func engineConfiguration(
    _ deployment: KernelDeployment, _ replica: ReplicaConfiguration
  ) -> EngineConfiguration {
    var engine = EngineConfiguration()
    engine.kvBlockTokens = replica.kvBlockTokens
    engine.poolPages = deployment.spec.pages
    engine.maxBatchTokens = replica.tokenBudget
    if !replica.chunkedPrefill { engine.maxBatchTokens += longestSequence }
    engine.maxSequences = replica.maxSequences
    engine.maxContext = min(
      max(longestSequence, 16), deployment.checkpoint.configuration.maxContext)
    engine.maxRank = deployment.maxRank
    engine.storage = deployment.spec.storage
    if let workers = deployment.spec.workers { engine.workers = workers }
    return engine
  }

  /// Tokens of the longest request, prompt and output.
  private var longestSequence: Int {
    (0..<trace.count).reduce(1) { longest, row in
      max(longest, Int(max(1, trace.promptTokens[row])) + Int(max(1, trace.outputTokens[row])))
    }
  }

  /// Refuses what the engine cannot do.
  func checkKernel(_ deployment: KernelDeployment) throws {
    func check(_ holds: Bool, _ message: String) throws {
      guard holds else { throw PitwallError(.data, at: "server", "the kernel engine " + message) }
    }
    try check(server.replicas == 1, "is one server: replicas must be 1")
    try check(
      server.loading != .inStep || server.activation == .protected,
      "cannot part with adapters of running sequences: copying in steps needs "
        + "`activation: protected`")
    try check(
      server.kvBlockTokens.isMultiple(of: 16), "has blocks of 16 tokens or a multiple (kv-block)")
    try check(server.maxSequences <= 4096, "takes at most 4096 sequences (limits.max-sequences)")
    try check(
      server.tokenBudget <= 1 << 15, "takes at most 32768 tokens a step (limits.token-budget)")
    if let set = trace.adapterSets.first(where: { $0.members.count > 4 }) {
      throw PitwallError.data(
        trace.name, "a request has \(set.members.count) adapters, the kernel engine takes 4")
    }
    let context = deployment.checkpoint.configuration.maxContext
    guard longestSequence <= context else {
      throw PitwallError.data(
        trace.name,
        "a request takes \(longestSequence) tokens, the model's context is \(context)")
    }
  }
}

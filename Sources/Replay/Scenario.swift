import BasicContainers
import Orchestration
import Primitives
import Simulation
import Workload

/// One trace, one server, one strategy, one seed: everything that determines a run's result.
public struct Scenario: Sendable {
  /// The requests, and the adapters that they ask for.
  public var trace: Trace
  /// Requests in place of the trace's rows; the trace then has only the adapters that they ask for.
  public var arrivals: (any ArrivalSource)?
  /// What serves them.
  public var server: ServerSpec
  /// How it decides.
  public var strategy: Strategy
  /// The seed of policies that draw lots; the trace's own randomness is settled already.
  public var seed: UInt64
  /// The policies that there are.
  public var registry: PolicyRegistry
  /// The engine that it may be replayed on.
  public var kernel: KernelDeployment?

  /// Makes a scenario.
  public init(
    trace: Trace, server: ServerSpec, strategy: Strategy, seed: UInt64,
    registry: PolicyRegistry
  ) {
    self.trace = trace
    self.server = server
    self.strategy = strategy
    self.seed = seed
    self.registry = registry
  }

  /// Replays the trace through the discrete-event model.
  /// - Throws: `PitwallError`: data for a trace or server that make no sense together, fault for a
  ///   broken invariant; `CancellationError` if `progress` returns false.
  public func simulate(
    options: Simulation.Options, progress: (Int) -> Bool = { _ in true }
  ) throws -> RunOutcome {
    let catalogue = try adapterCatalogue()
    let (configuration, memory) = try server.configuration(catalogue: catalogue)
    try checkTiers(catalogue)
    if !server.rejectsOversized { try checkSizes(configuration) }
    let model = server.serverModel(for: catalogue)
    let orchestrator = try makeOrchestrator(catalogue, configuration, model)
    let simulation = Simulation(
      source: arrivals ?? TraceSource(trace, declaresOutput: server.declaresOutput),
      catalogue: catalogue, model: model, orchestrator: orchestrator, options: options)
    return try simulation.run(memory: memory, progress: progress)
  }

  /// Finds out whether the trace, the server and the strategy make sense together, without running
  /// anything.
  /// - Throws: `PitwallError` (data), as ``simulate(options:progress:)`` would.
  public func validate() throws {
    let catalogue = try adapterCatalogue()
    let (configuration, _) = try server.configuration(catalogue: catalogue)
    try checkTiers(catalogue)
    if !server.rejectsOversized { try checkSizes(configuration) }
    if let kernel { try checkKernel(kernel) }
    _ = try makeOrchestrator(catalogue, configuration, server.serverModel(for: catalogue))
  }

  /// The size of a replica's KV cache.
  /// - Throws: `PitwallError` (data), as ``simulate(options:progress:)`` would.
  public func kvBytes() throws -> Bytes {
    let (configuration, _) = try server.configuration(catalogue: adapterCatalogue())
    return Bytes(configuration.kvBlocks) * configuration.kvBlockBytes
  }

  /// The trace's adapters, with what it does not say filled in from the server.
  public func adapterCatalogue() throws -> AdapterCatalogue {
    AdapterCatalogue(
      try trace.adapters.enumerated().map { index, entry in
        let rank = Int(entry.rank ?? Int32(server.defaultRank))
        let bytes =
          server.room?.adapterBytes(index) ?? entry.bytes
          ?? server.model.adapterBytes(rank: rank, targets: server.targets)
        guard bytes > 0 else {
          throw PitwallError.data(trace.name, "adapter \"\(entry.name)\" has no bytes")
        }
        return Adapter(
          name: entry.name, baseModel: entry.baseModel ?? server.model.name, rank: rank,
          targetModules: server.targets, bytes: bytes,
          tensors: 2 * server.model.layers * server.targets.count)
      })
  }

  /// Adapters pass through disk and host memory on their way, those of a request together through
  /// the latter: what has no room there would never arrive.
  func checkTiers(_ catalogue: AdapterCatalogue) throws {
    let all = catalogue.adapters.reduce(Bytes(0)) { $0 + $1.bytes }
    if server.start >= .host, all <= server.hostBytes { return }
    if let giant = catalogue.adapters.first(where: { $0.bytes > server.diskBytes }) {
      throw PitwallError(
        .data, at: "server",
        "adapter \"\(giant.name)\" of \(giant.bytes) B does not fit on the disk of "
          + "\(server.diskBytes) B")
    }
    for set in trace.adapterSets {
      if case .slots(let slots) = server.adapterMemory, set.members.count > slots { continue }
      let together = set.members.reduce(Bytes(0)) { $0 + catalogue.adapters[Int($1)].bytes }
      guard together > server.hostBytes, let first = set.members.first else { continue }
      let name = "\"\(catalogue.adapters[Int(first)].name)\""
      let what =
        set.members.count == 1
        ? "adapter \(name) of \(together) B does"
        : "\(name) and the other adapters of a request, \(together) B together, do"
      throw PitwallError(
        .data, at: "server", "\(what) not fit into the host memory of \(server.hostBytes) B")
    }
  }

  func checkSizes(_ configuration: ReplicaConfiguration) throws {
    let capacity = configuration.kvBlocks * configuration.kvBlockTokens
    for row in 0..<trace.count {
      let tokens = Int(trace.promptTokens[row]) + Int(max(1, trace.outputTokens[row]))
      if tokens > capacity {
        throw PitwallError.data(
          trace.name,
          "request \(row) needs \(tokens) tokens of KV cache, the server has \(capacity) "
            + "(oversized: reject would reject it)")
      }
    }
    if case .slots(let slots) = server.adapterMemory,
      let set = trace.adapterSets.first(where: { $0.members.count > slots })
    {
      throw PitwallError.data(
        trace.name,
        "a request needs \(set.members.count) adapters at once, the server has \(slots) slots "
          + "(oversized: reject would reject it)")
    }
  }

  /// The trace's sets and after them each adapter alone that is not among them; and by name which set
  /// each adapter alone is.
  func adapterSets(
    _ catalogue: AdapterCatalogue
  ) -> (sets: AdapterSets, singles: [String: AdapterSetID]) {
    var sets = AdapterSets(trace.adapterSets.map(\.members))
    var singles: [String: AdapterSetID] = [:]
    for (index, adapter) in catalogue.adapters.enumerated() {
      let known = trace.adapterSets.firstIndex { $0.members == [Int32(index)] }
      singles[adapter.name] = known.map { Int32($0) } ?? sets.append([Int32(index)])
    }
    return (sets, singles)
  }

  func makeOrchestrator(
    _ catalogue: AdapterCatalogue, _ configuration: ReplicaConfiguration, _ model: ServerModel
  ) throws -> Orchestrator {
    let (sets, singles) = adapterSets(catalogue)
    let costs = model.loadCosts(of: catalogue)
    let bytes = catalogue.adapters.map(\.bytes)
    func eviction(_ parameters: Parameters, _ tier: Tier) throws -> any EvictionPolicy & ~Copyable {
      try PolicyRegistry.make(
        parameters, kind: "eviction", from: registry.eviction,
        EvictionContext(
          tier: tier, bytes: bytes, loadCost: costs[Int(tier.rawValue)], seed: seed,
          slots: tier == .device ? configuration.slots : nil,
          capacity: configuration.capacity(of: tier)))
    }
    if server.loading == .inStep, strategy.prefetch.owner != "none" {
      throw PitwallError(
        .data, at: strategy.prefetch.place,
        "a server that copies adapters inside its steps does not prefetch")
    }
    var replicas = UniqueArray<Replica>(minimumCapacity: server.replicas)
    for index in 0..<server.replicas {
      replicas.append(
        Replica(
          index: Int16(index), configuration: configuration, catalogue: catalogue, sets: sets,
          eviction: EvictionPolicies(
            device: try eviction(strategy.eviction, .device),
            host: try eviction(strategy.hostEviction, .host),
            disk: try eviction(strategy.hostEviction, .disk)),
          prefetch: try PolicyRegistry.make(
            strategy.prefetch, kind: "prefetch", from: registry.prefetch,
            PrefetchContext(bytes: bytes, loadCost: costs, seed: seed)),
          scheduling: try PolicyRegistry.make(
            strategy.scheduling, kind: "scheduling", from: registry.scheduling,
            SchedulingContext(configuration, catalogue: catalogue, sets: sets)),
          seed: seed))
    }
    let metadata = trace.metadataTable.map { $0.map { (key: $0.key, value: $0.value) } }
    return Orchestrator(
      replicas: replicas,
      selection: try PolicyRegistry.make(
        strategy.selection, kind: "selection", from: registry.selection,
        SelectionContext(setByAdapter: singles, metadata: metadata, seed: seed)),
      routing: try PolicyRegistry.make(
        strategy.routing, kind: "routing", from: registry.routing,
        RoutingContext(replicas: server.replicas, seed: seed)))
  }
}

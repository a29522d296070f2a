import BasicContainers
import Orchestration
import Primitives

/// What stands in a lockstep world: adapters, servers, policies.
public struct LockstepServer: Sendable {
  /// The adapters.
  public var catalogue: AdapterCatalogue
  /// The combinations that requests ask for.
  public var sets: AdapterSets
  /// Of each replica.
  public var configuration: ReplicaConfiguration
  /// Number of replicas.
  public var replicas = 1
  /// The policies that there are.
  public var registry: PolicyRegistry
  /// The chosen policies, as on a command line.
  public var eviction = "lru"
  public var prefetch = "none"
  public var scheduling = "fcfs"
  public var routing = "round-robin"
  public var selection = "explicit"

  /// Adapters of the given sizes, named a0, a1, ...; set i + 1 holds adapter i alone.
  public init(
    bytes: [Bytes], sets more: [[AdapterID]] = [], configuration: ReplicaConfiguration,
    registry: PolicyRegistry
  ) {
    catalogue = AdapterCatalogue(
      bytes.enumerated().map {
        Adapter(
          name: "a\($0)", baseModel: "m", rank: 8, targetModules: ["q_proj"], bytes: $1, tensors: 1)
      })
    sets = AdapterSets([[]] + bytes.indices.map { [AdapterID($0)] } + more)
    self.configuration = configuration
    self.registry = registry
  }

  func makeOrchestrator(seed: UInt64, transferTime: Nanoseconds) throws -> Orchestrator {
    let bytes = catalogue.adapters.map(\.bytes)
    let costs = Tier.allCases.map { tier in bytes.map { _ in tier == .remote ? 0 : transferTime } }
    func makeEviction(_ tier: Tier) throws -> any EvictionPolicy & ~Copyable {
      try PolicyRegistry.make(
        Parameters(parsing: eviction), kind: "eviction", from: registry.eviction,
        EvictionContext(
          tier: tier, bytes: bytes, loadCost: costs[Int(tier.rawValue)], seed: seed,
          slots: tier == .device ? configuration.slots : nil,
          capacity: configuration.capacity(of: tier)))
    }
    var list = UniqueArray<Replica>(minimumCapacity: replicas)
    for index in 0..<replicas {
      list.append(
        Replica(
          index: Int16(index), configuration: configuration, catalogue: catalogue, sets: sets,
          eviction: EvictionPolicies(
            device: try makeEviction(.device), host: try makeEviction(.host),
            disk: try makeEviction(.disk)),
          prefetch: try PolicyRegistry.make(
            Parameters(parsing: prefetch), kind: "prefetch", from: registry.prefetch,
            PrefetchContext(bytes: bytes, loadCost: costs, seed: seed)),
          scheduling: try PolicyRegistry.make(
            Parameters(parsing: scheduling), kind: "scheduling", from: registry.scheduling,
            SchedulingContext(configuration, catalogue: catalogue, sets: sets))))
    }
    let names = catalogue.adapters.enumerated().map { ($1.name, AdapterSetID($0 + 1)) }
    return Orchestrator(
      replicas: list,
      selection: try PolicyRegistry.make(
        Parameters(parsing: selection), kind: "selection", from: registry.selection,
        SelectionContext(
          setByAdapter: Dictionary(uniqueKeysWithValues: names), metadata: [[]], seed: seed)),
      routing: try PolicyRegistry.make(
        Parameters(parsing: routing), kind: "routing", from: registry.routing,
        RoutingContext(replicas: replicas, seed: seed)))
  }
}

import BasicContainers
import Foundation
import Orchestration
import Policies
import Primitives

@testable import Simulation

/// Requests in an array.
struct ListSource: ArrivalSource {
  var requests: [Request] = []
  var outputs: [Int32] = []
  var count: Int { requests.count }
  func arrival(_ index: Int) -> Nanoseconds { requests[index].arrival }
  func request(_ index: Int) -> Request { requests[index] }
  func outputTokens(_ index: Int) -> Int32 { outputs[index] }

  mutating func add(
    at time: Nanoseconds, set: AdapterSetID = 0, prompt: Int32 = 10, output: Int32 = 5
  ) {
    requests.append(
      Request(
        id: Int32(requests.count), arrival: time, adapterSet: set, promptTokens: prompt,
        tenant: set, session: set, outputLimit: output))
    outputs.append(output)
  }
}

/// A small world to put together in a line.
struct Bench {
  var catalogue = AdapterCatalogue([])
  var sets = AdapterSets()
  var configuration = ReplicaConfiguration(
    slots: 4, adapterBytes: 4000, kvBlocks: 1000, kvBlockBytes: 16)
  var frontend: FrontendModel?
  var cost: any CostModel = LinearCost(
    base: 1_000_000, perDecode: 10_000, perPromptToken: 5_000, perContextToken: 3)
  var link = Link(bandwidth: 1e6, latency: 100_000, lanes: 1)
  var eviction = "lru"
  var prefetch = "none"
  var scheduling = "fcfs"
  var routing = "least-loaded"
  var replicas = 1
  var options = Simulation.Options()

  /// `count` adapters, each alone in a set of its own: set i + 1 holds adapter i.
  init(adapters count: Int = 0, bytes: (Int) -> Bytes = { _ in 1000 }) {
    catalogue = AdapterCatalogue(
      (0..<count).map {
        Adapter(
          name: "a\($0)", baseModel: "m", rank: 8, targetModules: ["q_proj"], bytes: bytes($0),
          tensors: 2)
      })
    sets = AdapterSets([[]] + (0..<Int32(count)).map { [$0] })
    options.checks = true
    options.sampleInterval = 50_000_000
  }

  func run(_ source: ListSource) throws -> RunOutcome {
    let registry = PolicyRegistry.builtIn
    let model = ServerModel(cost: cost, links: [link, link, link], frontend: frontend)
    let costs = model.loadCosts(of: catalogue)
    let bytes = catalogue.adapters.map(\.bytes)
    func eviction(_ tier: Tier) throws -> any EvictionPolicy & ~Copyable {
      try PolicyRegistry.make(
        Parameters(parsing: self.eviction), kind: "eviction", from: registry.eviction,
        EvictionContext(
          tier: tier, bytes: bytes, loadCost: costs[Int(tier.rawValue)], seed: 1,
          slots: tier == .device ? configuration.slots : nil,
          capacity: configuration.capacity(of: tier)))
    }
    var list = UniqueArray<Replica>(minimumCapacity: replicas)
    for index in 0..<replicas {
      list.append(
        Replica(
          index: Int16(index), configuration: configuration, catalogue: catalogue, sets: sets,
          eviction: EvictionPolicies(
            device: try eviction(.device), host: try eviction(.host), disk: try eviction(.disk)),
          prefetch: try PolicyRegistry.make(
            Parameters(parsing: self.prefetch), kind: "prefetch", from: registry.prefetch,
            PrefetchContext(bytes: bytes, loadCost: costs, seed: 1)),
          scheduling: try PolicyRegistry.make(
            Parameters(parsing: scheduling), kind: "scheduling", from: registry.scheduling,
            SchedulingContext(configuration, catalogue: catalogue, sets: sets))))
    }
    let orchestrator = Orchestrator(
      replicas: list, selection: Explicit(),
      routing: try PolicyRegistry.make(
        Parameters(parsing: routing), kind: "routing", from: registry.routing,
        RoutingContext(replicas: replicas, seed: 1)))
    return try Simulation(
      source: source, catalogue: catalogue, model: model, orchestrator: orchestrator,
      options: options
    ).run(memory: DeviceMemory(capacity: 0, weights: 0, adapterSlots: 0)) { _ in
      // No test needs 65,536 events: a world that gets here is going round in circles.
      false
    }
  }
}

extension RandomStream {
  /// A gap of a Poisson process.
  mutating func exponential(mean: Double) -> Double { -mean * log(uniformAboveZero()) }
}

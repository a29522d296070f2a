import BasicContainers
import Primitives

/// All that is decided about a request: which adapters serve it, which replica gets it, and on that
/// replica when it runs and what is in memory.
public struct Orchestrator: ~Copyable {
  /// The servers. The world calls them directly with what happens on them.
  public var replicas: UniqueArray<Replica>
  private var selection: any SelectionPolicy & ~Copyable
  private var routing: any RoutingPolicy & ~Copyable

  /// Makes an orchestrator over at least one replica.
  public init(
    replicas: consuming UniqueArray<Replica>,
    selection: consuming any SelectionPolicy & ~Copyable,
    routing: consuming any RoutingPolicy & ~Copyable
  ) {
    precondition(replicas.count > 0, "an orchestrator needs a replica")
    self.replicas = replicas
    self.selection = selection
    self.routing = routing
  }

  /// A request has come. Returns the replica that got it and has decided something about it.
  public mutating func arrived(_ request: Request, at time: Nanoseconds) -> Int {
    let (replica, request) = route(request)
    replicas[replica].arrived(request, at: time)
    return replica
  }

  /// Decides which adapters serve a request, and which replica is to get it: for a world in which it
  /// takes time to get there.
  public mutating func route(_ request: Request) -> (replica: Int, request: Request) {
    var request = request
    request.adapterSet = selection.select(for: request)
    guard replicas.count > 1 else { return (0, request) }
    var loads: [ReplicaLoad] = []
    loads.reserveCapacity(replicas.count)
    for index in 0..<replicas.count {
      loads.append(replicas[index].load(for: request.adapterSet))
    }
    let chosen = routing.choose(for: request, among: loads)
    return (min(max(0, chosen), replicas.count - 1), request)
  }
}

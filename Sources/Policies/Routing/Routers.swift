import Orchestration
import Primitives

/// Replicas in turn.
public struct RoundRobin: RoutingPolicy, ~Copyable {
  private var turn = -1

  /// Begins with the first replica.
  public init() {}

  public mutating func choose(for request: Request, among replicas: [ReplicaLoad]) -> Int {
    turn = (turn + 1) % replicas.count
    return turn
  }
}

/// The replica with the fewest requests; of several, the first.
public struct LeastLoaded: RoutingPolicy, ~Copyable {
  /// The policy has no state.
  public init() {}

  public mutating func choose(for request: Request, among replicas: [ReplicaLoad]) -> Int {
    replicas.indices.min { requests(replicas[$0]) < requests(replicas[$1]) } ?? 0
  }

  private func requests(_ load: ReplicaLoad) -> Int { load.waiting + load.running }
}

/// A replica that has the request's adapters, unless it is much busier than the least busy one.
///
/// Among replicas that have the most of the request's adapters on the device or on their way, the
/// least loaded; but if that one has more than `slack` requests above the least loaded of all, the latter.
/// In the spirit of the Gateway API inference extension's LoRA affinity filter, on residency rather
/// than on recent activity.
public struct Affinity: RoutingPolicy, ~Copyable {
  private let slack: Int

  /// - Parameter slack: requests that a holder may be busier before affinity yields.
  public init(slack: Int) { self.slack = slack }

  public mutating func choose(for request: Request, among replicas: [ReplicaLoad]) -> Int {
    func requests(_ index: Int) -> Int { replicas[index].waiting + replicas[index].running }
    let most = replicas.map(\.near).max() ?? 0
    let holders = replicas.indices.filter { replicas[$0].near == most }
    let all = replicas.indices.min { requests($0) < requests($1) } ?? 0
    guard let holder = holders.min(by: { requests($0) < requests($1) }) else { return all }
    return requests(holder) > requests(all) + slack ? all : holder
  }
}

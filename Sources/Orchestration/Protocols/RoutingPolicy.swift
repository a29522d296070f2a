import Primitives

/// Decides which replica serves a request.
public protocol RoutingPolicy: ~Copyable, Sendable {
  /// The index of the replica that gets the request; `replicas` is never empty.
  mutating func choose(for request: Request, among replicas: [ReplicaLoad]) -> Int
}

/// A replica as a router sees it when a request arrives.
public struct ReplicaLoad: Sendable, Equatable {
  /// Requests waiting.
  public var waiting: Int
  /// Requests running.
  public var running: Int
  /// Of the request's adapters, how many are on the device or on their way to it.
  public var near: Int
  /// The farthest tier in which one of the request's adapters is.
  public var farthest: Tier

  /// Makes a load.
  public init(waiting: Int, running: Int, near: Int, farthest: Tier) {
    self.waiting = waiting
    self.running = running
    self.near = near
    self.farthest = farthest
  }
}

/// What a routing policy knows from the start.
public struct RoutingContext: Sendable {
  /// Number of replicas.
  public var replicas: Int
  /// For policies that draw lots.
  public var seed: UInt64

  /// Makes a context.
  public init(replicas: Int, seed: UInt64) {
    self.replicas = replicas
    self.seed = seed
  }
}

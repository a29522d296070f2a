import Orchestration
import Primitives

/// The requests that a simulation serves, by rising arrival.
public protocol ArrivalSource: Sendable {
  /// Number of requests.
  var count: Int { get }
  /// A request; its `id` is its index.
  func request(_ index: Int) -> Request
  /// How many tokens it will produce, at least 1. The world knows this, no policy does.
  func outputTokens(_ index: Int) -> Int32
}

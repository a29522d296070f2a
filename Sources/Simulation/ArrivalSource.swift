import Orchestration
import Primitives

/// The requests that a simulation serves, by rising arrival.
public protocol ArrivalSource: Sendable {
  /// Number of requests.
  var count: Int { get }
  /// When a request comes.
  func arrival(_ index: Int) -> Nanoseconds
  /// A request; its `id` is its index.
  func request(_ index: Int) -> Request
  /// How many tokens it will produce, at least 1. The world knows this, no policy does.
  func outputTokens(_ index: Int) -> Int32
}

extension ArrivalSource {
  /// When a request comes; the largest time of all means that there is none.
  package func arrivalIfAny(_ index: Int) -> Nanoseconds {
    index < count ? min(arrival(index), .max - 1) : .max
  }
}

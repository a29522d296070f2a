import BasicContainers
import Orchestration
import Primitives

/// When each adapter will be needed next, told from the requests to come.
///
/// The place in the future is the number of requests so far, hits and misses; so whoever replays the
/// requests has to tell of all of them, in order. Past their end nothing is needed any more.
struct NextUses: ~Copyable, Sendable {
  static let never = RequestedFuture.never

  private let nextUse: [Int32]
  private var upcoming: UniqueArray<Int32>
  private var requests = 0

  init(_ future: RequestedFuture) {
    nextUse = future.nextUse
    upcoming = UniqueArray(minimumCapacity: future.firstUse.count)
    for position in future.firstUse { upcoming.append(position) }
  }

  /// The next request is for this adapter.
  mutating func requested(_ adapter: AdapterID) {
    upcoming[Int(adapter)] = requests < nextUse.count ? nextUse[requests] : Self.never
    requests += 1
  }

  /// The index of the next request for an adapter; ``never`` if there is none.
  subscript(adapter: AdapterID) -> Int32 { upcoming[Int(adapter)] }

  /// Whether there is no further request for an adapter.
  func isDead(_ adapter: AdapterID) -> Bool { upcoming[Int(adapter)] == Self.never }

  /// Number of requests from the current one until the next for an adapter; at least 1.
  func distance(to adapter: AdapterID) -> Int {
    max(1, Int(upcoming[Int(adapter)]) - requests + 1)
  }
}

extension EvictionContext {
  /// The requests to come.
  /// - Throws: `PitwallError` where nobody can know them.
  func knownFuture(for policy: Parameters) throws -> RequestedFuture {
    guard let future else {
      throw PitwallError(
        policy.place == nil ? .usage : .data, at: policy.place,
        "\(policy.owner): knows the future, which a server cannot; only a cache that is replayed by "
          + "itself can use it")
    }
    return future
  }
}

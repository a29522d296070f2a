import Primitives

/// A sequence that an engine knows.
public struct SequenceID: Hashable, Sendable {
  /// Its place among the engine's sequences, which is given again after it has ended.
  let slot: Int
  /// Tells it from others that had the place.
  let generation: Int
}

/// An adapter of a sequence, and how much of its update is added.
public struct AdapterUse: Sendable, Equatable {
  public var id: Int
  public var weight: Float

  public init(_ id: Int, weight: Float = 1) {
    self.id = id
    self.weight = weight
  }
}

/// The adapters of a sequence by their places in the engine, in the order in which they are added.
struct AdapterList: Equatable {
  static let limit = 4
  /// -1 behind the last.
  var places = SIMD4<Int32>(repeating: -1)
  var weights = SIMD4<Float>(repeating: 0)
  var count = 0

  mutating func append(_ place: Int, weight: Float) {
    places[count] = Int32(truncatingIfNeeded: place)
    weights[count] = weight
    count += 1
  }

  /// Whether its rows come before another's: base rows first, then by adapters.
  func precedes(_ other: AdapterList) -> Bool {
    for index in 0..<AdapterList.limit where places[index] != other.places[index] {
      return places[index] < other.places[index]
    }
    return false
  }
}

/// What the engine keeps for a sequence; its pages are in the page table.
struct SequenceState {
  var generation = 0
  var isLive = false
  var adapters = AdapterList()
  var sampling = Sampling.greedy
  var random = RandomStream(seed: 0, purpose: "sampling")
  /// Positions that are in the cache.
  var length = 0
  /// Blocks that it has.
  var pages = 0
  /// The token that a decode continues with.
  var lastToken: Int32?
  /// The step that has it in its batch.
  var step = 0
}

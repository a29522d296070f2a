/// Belady's clairvoyant cache: on a miss it evicts what is needed again last.
///
/// L. A. Belady, "A Study of Replacement Algorithms for a Virtual-Storage Computer", IBM Systems
/// Journal 5(2), 1966. Optimal for unit sizes among caches that must load what they serve; that is
/// the case here, since a request cannot run without its adapter.
///
/// A resident adapter is named by the position of its next reference, which no other adapter
/// shares. So the cache is a set of positions: a reference hits if its own position is in the set,
/// and the victim is the largest one.
public struct OptimalCache: Sendable {
  private let nextUse: [Int32]
  private static let never = Int32.max

  /// Prepares a stream of references to adapters `0..<adapters`; one preparation serves all sizes.
  ///
  /// - Complexity: O(n).
  public init(of references: [Int32], adapters: Int) {
    var upcoming = Array(repeating: OptimalCache.never, count: adapters)
    var nextUse = Array(repeating: OptimalCache.never, count: references.count)
    for position in references.indices.reversed() {
      let adapter = Int(references[position])
      nextUse[position] = upcoming[adapter]
      upcoming[adapter] = Int32(clamping: position)
    }
    self.nextUse = nextUse
  }

  /// Hits with so many unit-size slots; cold starts are misses.
  ///
  /// - Parameter mayRefuse: whether what is missed may pass without taking a slot, as in a cache that
  ///   is not the only way to what it holds.
  /// - Complexity: O(n) for any practical n: three to five word operations a reference.
  public func hits(slots: Int, mayRefuse: Bool = false) -> Int {
    guard slots > 0 else { return 0 }
    if mayRefuse { return hitsRefusing(slots: slots) }
    var resident = PositionSet(capacity: nextUse.count)
    var dead = 0  // Resident, never needed again: the first to go.
    var free = slots
    var hits = 0
    for (position, next) in nextUse.enumerated() {
      if resident.remove(position) {
        hits += 1
      } else if free > 0 {
        free -= 1
      } else if dead > 0 {
        dead -= 1
      } else {
        resident.removeLargest()
      }
      if next == OptimalCache.never { dead += 1 } else { resident.insert(Int(next)) }
    }
    return hits
  }

  /// The same, but what comes is kept only if it is needed before the last of the others.
  private func hitsRefusing(slots: Int) -> Int {
    var resident = PositionSet(capacity: nextUse.count)
    var count = 0
    var hits = 0
    for (position, next) in nextUse.enumerated() {
      if resident.remove(position) {
        hits += 1
        count -= 1
      }
      guard next != OptimalCache.never else { continue }
      resident.insert(Int(next))
      if count < slots { count += 1 } else { resident.removeLargest() }
    }
    return hits
  }
}

/// A set of integers below a bound, as a tree of 64-way bitmaps: each bit of a level says whether
/// a word of the level below is non-zero.
struct PositionSet {
  private var levels: [[UInt64]] = []

  init(capacity: Int) {
    var words = max(1, (capacity + 63) / 64)
    while true {
      levels.append(Array(repeating: 0, count: words))
      if words == 1 { break }
      words = (words + 63) / 64
    }
  }

  mutating func insert(_ position: Int) {
    var index = position
    for level in levels.indices {
      let wasEmpty = levels[level][index >> 6] == 0
      levels[level][index >> 6] |= 1 << UInt64(index & 63)
      guard wasEmpty else { return }
      index >>= 6
    }
  }

  /// Removes a position; false if it was not there.
  mutating func remove(_ position: Int) -> Bool {
    guard levels[0][position >> 6] & (1 << UInt64(position & 63)) != 0 else { return false }
    var index = position
    for level in levels.indices {
      levels[level][index >> 6] &= ~(1 << UInt64(index & 63))
      guard levels[level][index >> 6] == 0 else { break }
      index >>= 6
    }
    return true
  }

  /// Removes and returns the largest position, or nil if the set is empty.
  @discardableResult
  mutating func removeLargest() -> Int? {
    var index = 0
    for level in levels.indices.reversed() {
      let word = levels[level][index]
      guard word != 0 else { return nil }
      index = index << 6 | (63 - word.leadingZeroBitCount)
    }
    return remove(index) ? index : nil
  }
}

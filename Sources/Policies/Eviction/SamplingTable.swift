import BasicContainers
import Orchestration
import Primitives

/// A set of adapters from which one can be drawn at random, in the order in which libCacheSim draws:
/// a hash table with chains, a random bucket of which gives the adapter.
///
/// A new adapter is put before the others of its chain. The table doubles when it has more than two
/// adapters a bucket, and halves while drawing finds too many empty buckets; either way the buckets
/// are gone through in order. A draw depends on all of this, so that it has to be kept to the letter.
///
/// - Complexity: O(1) on average for every operation.
struct SamplingTable: ~Copyable, Sendable {
  struct Node: BitwiseCopyable {
    var hash: UInt32
    var next: Int32
  }

  private static let emptyTriesBeforeHalving = 32
  private static let drawsBeforeSearch = 64

  private var heads: UniqueArray<Int32>
  private var nodes: UniqueArray<Node>
  private var random: Lehmer
  /// Number of adapters in the table.
  private(set) var count = 0

  /// An empty table.
  /// - Parameters:
  ///   - keys: what is hashed, for each adapter.
  ///   - hashPower: binary logarithm of the number of buckets at the start.
  init(keys: [UInt64], hashPower: Int, seed: UInt64) {
    heads = UniqueArray(repeating: IndexList.none, count: 1 << hashPower)
    nodes = UniqueArray(minimumCapacity: keys.count)
    for key in keys {
      nodes.append(Node(hash: UInt32(truncatingIfNeeded: xxh3(key)), next: IndexList.none))
    }
    random = Lehmer(seed: seed)
  }

  private func bucket(of adapter: AdapterID) -> Int {
    Int(nodes[Int(adapter)].hash) & (heads.count - 1)
  }

  /// Adds an adapter that is not in the table.
  mutating func insert(_ adapter: AdapterID) {
    if count > 2 * heads.count { rehash(into: 2 * heads.count) }
    prepend(adapter)
    count += 1
  }

  /// Takes out an adapter that is in the table.
  mutating func remove(_ adapter: AdapterID) {
    let bucket = bucket(of: adapter)
    let next = nodes[Int(adapter)].next
    count -= 1
    var node = heads[bucket]
    guard node != adapter else {
      heads[bucket] = next
      return
    }
    while nodes[Int(node)].next != adapter { node = nodes[Int(node)].next }
    nodes[Int(node)].next = next
  }

  /// A random adapter, pinned or not; nil if there is none.
  mutating func draw() -> AdapterID? {
    guard count > 0 else { return nil }
    var emptyTries = 0
    var head = randomHead()
    while head == IndexList.none {
      emptyTries += 1
      if emptyTries > Self.emptyTriesBeforeHalving, heads.count > 1 {
        rehash(into: heads.count / 2)
      }
      head = randomHead()
    }
    for _ in 0..<random.next() % UInt64(length(of: head)) { head = nodes[Int(head)].next }
    return head
  }

  /// A random adapter that is not pinned; nil if all are.
  mutating func drawIdle(sparing pins: borrowing PinTable) -> AdapterID? {
    for _ in 0..<Self.drawsBeforeSearch {
      guard let adapter = draw() else { return nil }
      if !pins.isPinned(adapter) { return adapter }
    }
    return firstIdle(sparing: pins)
  }

  /// Any adapter that is not pinned, for when drawing has met pinned ones only.
  func firstIdle(sparing pins: borrowing PinTable) -> AdapterID? {
    for bucket in heads.indices {
      var node = heads[bucket]
      while node != IndexList.none {
        if !pins.isPinned(node) { return node }
        node = nodes[Int(node)].next
      }
    }
    return nil
  }

  private mutating func randomHead() -> Int32 {
    heads[Int(truncatingIfNeeded: random.next()) & (heads.count - 1)]
  }

  private func length(of chain: Int32) -> Int {
    var length = 0
    var node = chain
    while node != IndexList.none {
      length += 1
      node = nodes[Int(node)].next
    }
    return length
  }

  private mutating func prepend(_ adapter: AdapterID) {
    let bucket = bucket(of: adapter)
    nodes[Int(adapter)].next = heads[bucket]
    heads[bucket] = adapter
  }

  private mutating func rehash(into buckets: Int) {
    var old = UniqueArray(repeating: IndexList.none, count: buckets)
    swap(&old, &heads)
    for bucket in old.indices {
      var node = old[bucket]
      while node != IndexList.none {
        let next = nodes[Int(node)].next
        prepend(node)
        node = next
      }
    }
  }
}

extension SamplingTable {
  static let parameter = PolicyParameter(
    "hash-power", "12", "buckets of the table that is drawn from, as a power of two at the start")

  static func hashPower(_ parameters: inout Parameters) throws -> Int {
    try parameters.int("hash-power", default: 12, in: 1...24)
  }
}

/// XXH3-64 of a number's eight bytes, little end first, without a seed (Y. Collet, xxHash 0.8,
/// "XXH3_len_4to8").
func xxh3(_ key: UInt64) -> UInt64 {
  let multiplier: UInt64 = 0x9FB2_1C65_1E98_DF25
  let low = UInt64(UInt32(truncatingIfNeeded: key))
  // Bytes 8..<24 of the default secret, folded.
  var hash = (key >> 32 | low << 32) ^ (0x1CAD_21F7_2C81_017C ^ 0xDB97_9083_E96D_D4DE)
  hash ^= (hash << 49 | hash >> 15) ^ (hash << 24 | hash >> 40)
  hash &*= multiplier
  hash ^= (hash >> 35) &+ 8
  hash &*= multiplier
  return hash ^ hash >> 28
}

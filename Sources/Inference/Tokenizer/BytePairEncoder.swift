/// Byte-pair encoding: begins with a token for each byte and merges, again and again, the leftmost
/// of the pairs of neighbours whose merge was learned first.
///
/// Sennrich, Haddow, Birch, "Neural Machine Translation of Rare Words with Subword Units", ACL 2016.
/// A heap of candidates over a linked list makes it O(n log n) in the length of a piece.
struct BytePairEncoder: Sendable {
  /// The token of each byte; -1 where the vocabulary has none.
  private let byteTokens: [Int32]
  /// By the pair of tokens: when it was learned (upper half) and what it becomes (lower half).
  private let merges: [UInt64: UInt64]

  /// - Parameters:
  ///   - byteTokens: the token of each of the 256 bytes; -1 where there is none.
  ///   - merges: pairs and what they become, in the order in which they were learned.
  /// - Returns: nil where a pair stands there twice.
  init?(byteTokens: [Int32], merges list: [(left: Int32, right: Int32, merged: Int32)]) {
    self.byteTokens = byteTokens
    var merges: [UInt64: UInt64] = [:]
    merges.reserveCapacity(list.count)
    for (rank, merge) in list.enumerated() {
      let rule = UInt64(rank) << 32 | UInt64(UInt32(bitPattern: merge.merged))
      let pair = BytePairEncoder.pair(merge.left, merge.right)
      guard merges.updateValue(rule, forKey: pair) == nil else { return nil }
    }
    self.merges = merges
  }

  private static func pair(_ left: Int32, _ right: Int32) -> UInt64 {
    UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
  }

  /// Working memory, to be used again from piece to piece.
  struct Scratch {
    /// Tokens of the piece in a doubly linked list; -1 for those that were merged away.
    fileprivate var tokens: [Int32] = []
    fileprivate var previous: [Int] = []
    fileprivate var next: [Int] = []
    fileprivate var candidates = MinHeap()
  }

  /// Adds the tokens of a piece to `output`. Bytes without a token become `unknown`, or nothing.
  func encode(
    _ piece: ArraySlice<UInt8>, unknown: Int32?, _ scratch: inout Scratch,
    into output: inout [Int32]
  ) {
    scratch.tokens.removeAll(keepingCapacity: true)
    for byte in piece {
      let token = byteTokens[Int(byte)]
      if token >= 0 {
        scratch.tokens.append(token)
      } else if let unknown {
        scratch.tokens.append(unknown)
      }
    }
    if scratch.tokens.count > 1 { merge(&scratch) }
    for token in scratch.tokens where token >= 0 { output.append(token) }
  }

  private func merge(_ scratch: inout Scratch) {
    let count = scratch.tokens.count
    scratch.previous.removeAll(keepingCapacity: true)
    scratch.next.removeAll(keepingCapacity: true)
    scratch.candidates.removeAll()
    for at in 0..<count {
      scratch.previous.append(at - 1)
      scratch.next.append(at + 1)
    }
    for at in 0..<count - 1 { propose(at, &scratch) }
    while let candidate = scratch.candidates.pop() {
      let left = Int(candidate & 0xffff_ffff)
      let right = scratch.next[left]
      // A candidate is stale once one of its two has been merged with another.
      guard scratch.tokens[left] >= 0, right < count,
        let rule = merges[BytePairEncoder.pair(scratch.tokens[left], scratch.tokens[right])],
        rule >> 32 == candidate >> 32
      else { continue }
      scratch.tokens[left] = Int32(truncatingIfNeeded: rule)
      scratch.tokens[right] = -1
      let after = scratch.next[right]
      scratch.next[left] = after
      if after < count {
        scratch.previous[after] = left
        propose(left, &scratch)
      }
      if scratch.previous[left] >= 0 { propose(scratch.previous[left], &scratch) }
    }
  }

  /// Makes the pair of a token and its next a candidate, if there is a rule for it.
  private func propose(_ at: Int, _ scratch: inout Scratch) {
    let pair = BytePairEncoder.pair(scratch.tokens[at], scratch.tokens[scratch.next[at]])
    guard let rule = merges[pair] else { return }
    scratch.candidates.push((rule >> 32) << 32 | UInt64(at))
  }
}

/// A binary heap that gives the smallest first.
private struct MinHeap {
  private var items: [UInt64] = []

  mutating func removeAll() { items.removeAll(keepingCapacity: true) }

  mutating func push(_ item: UInt64) {
    items.append(item)
    var child = items.count - 1
    while child > 0, items[child] < items[(child - 1) / 2] {
      items.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  mutating func pop() -> UInt64? {
    guard let last = items.popLast() else { return nil }
    guard let first = items.first else { return last }
    items[0] = last
    var parent = 0
    while true {
      let left = 2 * parent + 1
      guard left < items.count else { return first }
      let right = left + 1
      let child = right < items.count && items[right] < items[left] ? right : left
      guard items[child] < items[parent] else { return first }
      items.swapAt(parent, child)
      parent = child
    }
  }
}

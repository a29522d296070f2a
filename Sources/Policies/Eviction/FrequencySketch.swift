import BasicContainers
import Orchestration
import Primitives

/// How often keys were seen lately, about: a count-min sketch of four-bit counters, all halved when a
/// sample is full, so that what was popular once fades.
///
/// Four counters of a key, in four rows; the least of them is an estimate that is never too small, but
/// for the halving. G. Einziger, R. Friedman, B. Manes, "TinyLFU: a highly efficient cache admission
/// policy", ACM TOS 13(4), 2017, doi:10.1145/3149371.
struct FrequencySketch: ~Copyable, Sendable {
  private static let rows = 4
  private static let most: UInt64 = 15
  private static let samplesPerEntry = 10

  // Sixteen counters a word: those of the four rows of a block, four each.
  private var words: UniqueArray<UInt64>
  private let sampleSize: Int
  private var additions = 0

  /// A sketch for a cache of about so many entries.
  init(entries: Int) {
    var count = 8
    while count < entries { count *= 2 }
    words = UniqueArray(repeating: 0, count: count)
    sampleSize = Self.samplesPerEntry * max(1, entries)
  }

  private func slot(_ hash: UInt64, row: Int) -> (word: Int, shift: UInt64) {
    let mixed = (hash ^ UInt64(row) &* 0x9E37_79B9_7F4A_7C15) &* 0xD6E8_FEB8_6659_FD93
    let word = Int(truncatingIfNeeded: mixed >> 32) & (words.count - 1)
    return (word, (mixed >> 24 & 3 | UInt64(row) << 2) << 2)
  }

  /// About how often a key was seen, by its hash; 15 at most.
  func estimate(_ hash: UInt64) -> UInt64 {
    var least = Self.most
    for row in 0..<Self.rows {
      let (word, shift) = slot(hash, row: row)
      least = min(least, words[word] >> shift & Self.most)
    }
    return least
  }

  /// Notes that a key was seen.
  mutating func add(_ hash: UInt64) {
    var grew = false
    for row in 0..<Self.rows {
      let (word, shift) = slot(hash, row: row)
      guard words[word] >> shift & Self.most < Self.most else { continue }
      words[word] += 1 << shift
      grew = true
    }
    guard grew else { return }
    additions += 1
    if additions == sampleSize { halve() }
  }

  private mutating func halve() {
    for word in words.indices { words[word] = words[word] >> 1 & 0x7777_7777_7777_7777 }
    additions /= 2
  }
}

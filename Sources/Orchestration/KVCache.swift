import BasicContainers
import Primitives

/// The books of the KV cache: how many blocks are taken, and how many the next step needs.
///
/// All decoding sequences grow by one token a step, so a sequence needs a new block in every
/// `blockTokens`-th step, at a phase that never changes while it decodes. Counting sequences by phase
/// makes the need of a step, and the number of steps until the cache is full, independent of the
/// number of sequences.
struct KVCache: ~Copyable {
  /// Tokens in a block.
  let blockTokens: Int
  /// Bytes of a block.
  let blockBytes: Bytes
  /// Blocks that there are.
  let totalBlocks: Int
  /// Blocks taken.
  private(set) var usedBlocks = 0
  /// Decoding sequences, and their tokens in the cache.
  private(set) var decodes = 0
  private(set) var contextTokens: Int64 = 0
  /// Steps taken so far: the clock that phases refer to.
  private(set) var step: Int64 = 0
  private var phases: UniqueArray<Int32>

  init(blockTokens: Int, blockBytes: Bytes, totalBlocks: Int) {
    self.blockTokens = blockTokens
    self.blockBytes = blockBytes
    self.totalBlocks = totalBlocks
    phases = UniqueArray(repeating: 0, count: blockTokens)
  }

  var usedBytes: Bytes { Bytes(usedBlocks) * blockBytes }

  func blocks(for tokens: Int) -> Int { (tokens + blockTokens - 1) / blockTokens }

  mutating func take(_ blocks: Int) { usedBlocks += blocks }
  mutating func free(_ blocks: Int) { usedBlocks -= blocks }

  /// A sequence with `context` tokens in the cache begins to decode, with the next step.
  mutating func join(context: Int) {
    decodes += 1
    contextTokens += Int64(context)
    phases[phase(context)] += 1
  }

  /// A decoding sequence that has `context` tokens in the cache stops.
  mutating func leave(context: Int) {
    decodes -= 1
    contextTokens -= Int64(context)
    phases[phase(context)] -= 1
  }

  private func phase(_ context: Int) -> Int {
    let remainder = (Int64(context) - step) % Int64(blockTokens)
    return Int(remainder < 0 ? remainder + Int64(blockTokens) : remainder)
  }

  /// New blocks that the decoding sequences need in the step after `ahead` more.
  private func need(ahead: Int64) -> Int {
    let clock = Int((step + ahead) % Int64(blockTokens))
    return Int(phases[clock == 0 ? 0 : blockTokens - clock])
  }

  /// New blocks that the decoding sequences need in the next step.
  var nextNeed: Int { need(ahead: 0) }

  /// For how many steps after the next one `free` blocks suffice.
  func stepsCovered(byFree free: Int) -> Int {
    guard decodes > 0 else { return 0 }
    // In blockTokens steps each sequence takes exactly one block.
    let cycles = free / decodes
    var left = free % decodes
    var steps: Int64 = 0
    while steps < blockTokens {
      left -= need(ahead: 1 + steps)
      if left < 0 { break }
      steps += 1
    }
    return cycles * blockTokens + Int(steps)
  }

  /// A step has ended: every decoding sequence has one token more.
  mutating func advance() {
    step += 1
    contextTokens += Int64(decodes)
  }
}

import Primitives
import Testing

@testable import Orchestration

/// The phase counts against a plain list of sequences.
@Suite struct KVCacheTests {
  /// New blocks that sequences of these lengths need for one token more.
  private func need(_ contexts: [Int], _ blockTokens: Int) -> Int {
    contexts.count { $0 % blockTokens == 0 }
  }

  /// Steps that `free` blocks suffice for, after the next one, by taking them one after another.
  private func covered(_ contexts: [Int], _ blockTokens: Int, free: Int) -> Int {
    guard !contexts.isEmpty else { return 0 }
    var contexts = contexts.map { $0 + 1 }
    var left = free
    var steps = 0
    while true {
      left -= need(contexts, blockTokens)
      if left < 0 { return steps }
      steps += 1
      contexts = contexts.map { $0 + 1 }
    }
  }

  @Test(arguments: [1, 2, 3, 16], 0..<5) func behavesAsAList(_ blockTokens: Int, _ seed: UInt64) {
    var random = RandomStream(seed: seed, purpose: "kv")
    var cache = KVCache(blockTokens: blockTokens, blockBytes: 10, totalBlocks: 1000)
    var contexts: [Int] = []
    for _ in 0..<120 {
      switch random.index(below: 4) {
      case 0:
        let context = 1 + random.index(below: 50)
        cache.join(context: context)
        contexts.append(context)
      case 1 where !contexts.isEmpty:
        cache.leave(context: contexts.remove(at: random.index(below: contexts.count)))
      default:
        cache.advance()
        contexts = contexts.map { $0 + 1 }
      }
      #expect(cache.decodes == contexts.count)
      #expect(cache.contextTokens == Int64(contexts.reduce(0, +)))
      #expect(cache.nextNeed == need(contexts, blockTokens))
      for free in [0, 1, random.index(below: 200)] {
        #expect(cache.stepsCovered(byFree: free) == covered(contexts, blockTokens, free: free))
      }
    }
  }

  @Test func blocksRoundUp() {
    var cache = KVCache(blockTokens: 16, blockBytes: 100, totalBlocks: 10)
    #expect([0, 1, 16, 17, 32].map { cache.blocks(for: $0) } == [0, 1, 1, 2, 2])
    cache.take(3)
    cache.free(1)
    #expect(cache.usedBlocks == 2)
    #expect(cache.usedBytes == 200)
  }
}

import Inference
import Primitives
import Testing

/// A sequence gives the same bits whatever is computed beside it.
@Suite struct BatchInvarianceTests {
  /// Requests over base and all adapters, some with several, prompts of 1 to 60 tokens.
  static func requests(_ tiny: TinyModel, count: Int = 32, seed: UInt64 = 7)
    -> [(ids: [Int32], adapters: [AdapterUse])]
  {
    var random = RandomStream(seed: seed, purpose: "requests")
    return (0..<count).map { index in
      let ids = (0..<1 + random.index(below: 60)).map { _ in
        Int32(random.index(below: tiny.engine.model.vocabularySize))
      }
      let adapters = tiny.adapters.count
      let first = AdapterUse(index % adapters, weight: index % 3 == 0 ? 0.5 : 1)
      let second = AdapterUse((index + 2) % adapters, weight: -0.75)
      switch index % 4 {
      case 0: return (ids, [])
      case 3: return (ids, [first, second])
      default: return (ids, [first])
      }
    }
  }

  static func same(
    _ a: [(tokens: [Int32], logits: [Float])], _ b: [(tokens: [Int32], logits: [Float])]
  ) -> Bool {
    a.count == b.count && zip(a, b).allSatisfy { $0.tokens == $1.tokens && $0.logits == $1.logits }
  }

  @Test(arguments: TinyModel.names)
  func aBatchGivesWhatEachGivesAlone(_ name: String) throws {
    let tiny = try TinyModel(name) { $0.maxBatchTokens = 2048 }
    let requests = BatchInvarianceTests.requests(tiny)
    let alone = try requests.map { try tiny.engine.generate([$0], count: 12)[0] }
    let together = try tiny.engine.generate(requests, count: 12)
    #expect(BatchInvarianceTests.same(alone, together))

    let reversed = try tiny.engine.generate(requests.reversed(), count: 12)
    #expect(BatchInvarianceTests.same(alone, reversed.reversed()))
  }

  @Test(arguments: [1, 3, 17, 64])
  func chunksOfPromptsChangeNothing(_ chunk: Int) throws {
    let tiny = try TinyModel("tiny-tied") { $0.maxBatchTokens = 2048 }
    let requests = BatchInvarianceTests.requests(tiny)
    let whole = try tiny.engine.generate(requests, count: 8)
    #expect(
      BatchInvarianceTests.same(whole, try tiny.engine.generate(requests, count: 8, chunk: chunk)))
  }

  @Test(arguments: [(16, 1), (48, 2), (128, 3)])
  func pagesAndWorkersChangeNothing(_ block: Int, _ workers: Int) throws {
    func results(_ block: Int, _ workers: Int) throws -> [(tokens: [Int32], logits: [Float])] {
      let tiny = try TinyModel("tiny-rope3") {
        $0.kvBlockTokens = block
        $0.workers = workers
        $0.maxBatchTokens = 2048
      }
      return try tiny.engine.generate(BatchInvarianceTests.requests(tiny), count: 8)
    }
    #expect(BatchInvarianceTests.same(try results(32, 2), try results(block, workers)))
  }

  @Test(arguments: InstructionSet.available)
  func instructionSetsAgreeToRounding(_ set: InstructionSet) throws {
    let reference = try TinyModel("tiny-tied")
    let other = try TinyModel("tiny-tied") { $0.instructionSet = set }
    let requests = BatchInvarianceTests.requests(reference, count: 8)
    let expected = try reference.engine.generate(requests, count: 1)
    for (a, b) in zip(expected, try other.engine.generate(requests, count: 1)) {
      let largest = zip(a.logits, b.logits).map { abs($0 - $1) }.max() ?? 0
      #expect(largest < 2e-4)
    }
  }
}

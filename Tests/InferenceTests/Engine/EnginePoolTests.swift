import Foundation
import Primitives
import Testing

@testable import Inference

/// Adapters and sequences come and go in one pool.
@Suite struct EnginePoolTests {
  @Test func pagesComeBack() throws {
    let tiny = try TinyModel("tiny-tied")
    let engine = tiny.engine
    let before = engine.pool.freePages
    _ = try engine.generate(BatchInvarianceTests.requests(tiny, count: 12), count: 5)
    #expect(engine.pool.freePages == before)
    for id in 0..<tiny.adapters.count { try engine.unload(id) }
    #expect(engine.pool.freePages == engine.pool.pageCount)
  }

  @Test func noMoreMemoryIsTakenThanThereIs() throws {
    let checkpoint = try Checkpoint.open(Fixtures.path("tiny/tiny-tied"))
    var configuration = EngineConfiguration()
    configuration.kvBlockTokens = 4096
    let pageBytes = DevicePool.pageBytes(checkpoint.configuration, blockTokens: 4096)
    let machine = Int(ProcessInfo.processInfo.physicalMemory)
    configuration.poolPages = machine / pageBytes + 1
    let error = #expect(throws: PitwallError.self) { _ = try Engine(checkpoint, configuration) }
    #expect(error?.code == .unavailable)
    #expect(error?.message.contains("beside the weights the machine has") == true)
  }

  @Test func aMissingAdapterIsNeverTheBaseModel() throws {
    let tiny = try TinyModel("tiny-tied")
    #expect(throws: PitwallError.self) { try tiny.engine.begin(adapters: [AdapterUse(99)]) }
    try tiny.engine.unload(0)
    #expect(throws: PitwallError.self) { try tiny.engine.begin(adapters: [AdapterUse(0)]) }
  }

  @Test func anAdapterInUseStays() throws {
    let tiny = try TinyModel("tiny-tied")
    let sequence = try tiny.engine.begin(adapters: [AdapterUse(1)])
    #expect(throws: PitwallError.self) { try tiny.engine.unload(1) }
    try tiny.engine.end(sequence)
    try tiny.engine.unload(1)
  }

  @Test func aStepThatDoesNotFitChangesNothing() throws {
    let tiny = try TinyModel("tiny-tied") { $0.poolPages = 60 }
    let engine = tiny.engine
    let sequence = try engine.begin()
    var input = StepInput()
    input.prefill(sequence, [5, 6, 7], samples: true)
    var token: Int32 = 0
    try engine.step(input) { token = $1 }
    let free = engine.pool.freePages

    var others: [SequenceID] = []
    input.removeAll()
    input.decode(sequence)
    for _ in 0..<free + 1 {
      others.append(try engine.begin())
      if let last = others.last { input.prefill(last, [1], samples: true) }
    }
    let error = #expect(throws: PitwallError.self) { try engine.step(input) { _, _ in } }
    #expect(error?.code == .unavailable)
    #expect(engine.pool.freePages == free)
    #expect(engine.sequences[try engine.slot(of: sequence)].length == 3)

    input.removeAll()
    input.decode(sequence)
    var next: Int32 = 0
    try engine.step(input) { next = $1 }
    let alone = try TinyModel("tiny-tied").engine.generate([([5, 6, 7], [])], count: 2)[0]
    #expect(alone.tokens == [token, next])
  }

  @Test func workThatMakesNoSenseIsRefused() throws {
    let engine = try TinyModel("tiny-tied").engine
    let sequence = try engine.begin()
    func refuses(_ build: (inout StepInput) -> Void) {
      var input = StepInput()
      build(&input)
      #expect(throws: PitwallError.self) { try engine.step(input) { _, _ in } }
    }
    refuses { $0.decode(sequence) }
    refuses { $0.prefill(sequence, [512], samples: true) }
    refuses { $0.prefill(sequence, [-1], samples: true) }
    refuses { $0.prefill(sequence, Array(repeating: 1, count: 513), samples: true) }
    refuses {
      $0.prefill(sequence, [1], samples: true)
      $0.prefill(sequence, [2], samples: true)
    }
    try engine.end(sequence)
    refuses { $0.prefill(sequence, [1], samples: true) }
  }

  /// Loads in pieces on another thread while steps run, evicts, and loads something else under the
  /// same id: nobody's tokens change, and the new adapter's are its own.
  @Test func loadsBesideStepsDisturbNobody() throws {
    let tiny = try TinyModel("tiny-tied")
    let engine = tiny.engine
    let requests = BatchInvarianceTests.requests(tiny, count: 8)
    let expected = try engine.generate(requests, count: 40)
    let path = Fixtures.path("tiny/tiny-tied/adapters") + "/"
    let adapter = try LoRAAdapter.open(path + "d-r16-all-rslora", for: engine.model)
    let own = try engine.generate(
      [(requests[1].ids, tiny.use("d-r16-all-rslora"))], count: 20)[0]

    for round in 0..<10 {
      let load = try engine.beginLoad(adapter, as: 100)
      let thread = Thread { while !load.isComplete { load.copyPiece() } }
      thread.start()
      #expect(BatchInvarianceTests.same(expected, try engine.generate(requests, count: 40)))
      while !thread.isFinished { Thread.sleep(forTimeInterval: 0.001) }
      try engine.finish(load)
      let reloaded = try engine.generate([(requests[1].ids, [AdapterUse(100)])], count: 20)[0]
      #expect(reloaded.tokens == own.tokens && reloaded.logits == own.logits, "round \(round)")
      try engine.unload(100)
      // Other weights under the same id, in the same pages.
      try engine.load(LoRAAdapter.open(path + "b-r8-all", for: engine.model), as: 100)
      let other = try engine.generate([(requests[1].ids, [AdapterUse(100)])], count: 20)[0]
      let b = try engine.generate([(requests[1].ids, tiny.use("b-r8-all"))], count: 20)[0]
      #expect(other.logits == b.logits)
      try engine.unload(100)
    }
  }

  @Test func weightsOfAdaptersAdd() throws {
    let tiny = try TinyModel("tiny-untied")
    let ids: [Int32] = [4, 8, 15, 16, 23, 42]
    func logits(_ adapters: [AdapterUse]) throws -> [Float] {
      try tiny.engine.generate([(ids, adapters)], count: 1)[0].logits
    }
    func distance(_ a: [Float], _ b: [Float]) -> Float {
      zip(a, b).map { abs($0 - $1) }.max() ?? 0
    }
    let base = try logits([])
    let whole = try logits([AdapterUse(1)])
    #expect(distance(base, whole) > 0.1)
    let halves = try logits([AdapterUse(1, weight: 0.5), AdapterUse(1, weight: 0.5)])
    #expect(distance(whole, halves) < 2e-5)
    let nothing = try logits([AdapterUse(1), AdapterUse(1, weight: -1)])
    #expect(distance(base, nothing) < 2e-5)
    #expect(try logits([AdapterUse(1, weight: 0)]) == base)
  }
}

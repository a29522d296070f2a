import Primitives
import Results
import Synchronization
import Testing

@testable import Validation

@Suite struct ValidatorTests {
  private let runs = (0..<20).map { number in
    MeasuredRun(
      number: number, model: "llama", family: "made up", group: "g", regime: "unloaded", slots: 8,
      slotRank: 8, adapters: 16, offered: 1)
  }

  @Test func meansOverSeedsInOrderOnAnyNumberOfThreads() async throws {
    func validate(threads: Int) async throws -> [ValidatedRun] {
      try await Validator(seeds: [1, 2], threads: threads) { run, seed in
        Prediction(
          completed: run.number * 10 + Int(seed), itlMean: seed == 1 ? Double(run.number) : nil)
      }.validate(runs)
    }
    let alone = try await validate(threads: 1)
    #expect(alone.map(\.number) == Array(0..<20))
    #expect(alone[3].predicted[.completed] == 31.5)
    #expect(alone[3].predicted[.itlMean] == 3, "of the seeds that have it")
    #expect(alone[3].predicted[.ttftCompleted] == nil)
    #expect(try await validate(threads: 7) == alone)
  }

  @Test func whatDoesNotStartCompletesNothing() async throws {
    let predicted = try await Validator(seeds: [1], threads: 1) { _, _ in
      Prediction(starts: false)
    }.validate(Array(runs.prefix(1)))[0].predicted
    #expect(predicted == Observations([.starts: 0, .totalThroughput: 0, .completed: 0]))
  }

  @Test func anErrorNamesItsRun() async throws {
    let validator = Validator(seeds: [1], threads: 2) { run, _ in
      if run.number == 5 { throw PitwallError(.data, at: "server", "does not fit") }
      return Prediction()
    }
    await #expect(throws: PitwallError(.data, at: "server", "run 5: does not fit")) {
      try await validator.validate(runs)
    }
  }

  @Test func givesUpWhenTold() async throws {
    let begun = Mutex(0)
    let validator = Validator(seeds: [1], threads: 2) { _, _ in
      begun.withLock { $0 += 1 }
      return Prediction()
    }
    await #expect(throws: CancellationError.self) {
      try await validator.validate(runs) { $0 < 3 }
    }
    #expect(begun.withLock(\.self) < 10)
  }
}

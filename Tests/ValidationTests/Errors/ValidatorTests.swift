import Primitives
import Results
import Synchronization
import Testing

@testable import Validation

@Suite struct ValidatorTests {
  private let runs: [MeasuredRun]

  init() throws { runs = try Synthetic.measured(0..<20) }

  @Test func meansOverSeedsInOrderOnAnyNumberOfThreads() async throws {
    func validate(threads: Int) async throws -> [ValidatedRun] {
      try await Validator(seeds: [1, 2], threads: threads) { run, seed in
        var prediction = Prediction()
        prediction.completed = run.number * 10 + Int(seed)
        prediction.itlMean = seed == 1 ? Double(run.number) : nil
        return prediction
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
      .doesNotStart
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
    #expect(begun.withLock { $0 } < 10)
  }

  @Test func takesWhatTheFileSays() throws {
    let columns = ",status,regime,completed,total_tok_s,itl_mean_ms,sent,twin_itl_ms,twinfs_itl_ms"
    let ok = try Synthetic.measured([1], columns, ",ok,unloaded,10,5,20,11,21,22")[0]
    let run = ValidatedRun(ok)
    #expect(run.regime == "unloaded" && run.slots == 8 && run.adapters == 16)
    #expect(
      run.measured
        == Observations([
          .starts: 1, .completed: 10, .totalThroughput: 5, .itlMean: 20, .sent: 11,
        ]))
    #expect(run.twin == Observations([.itlMean: 21]), "the replay where there are two")
    let scratch = try Synthetic.measured([1], columns, ",ok,unloaded,10,5,20,11,,22")[0]
    #expect(ValidatedRun(scratch).twin[.itlMean] == 22)
    let failed = try Synthetic.measured([1], columns, ",memory_error,memory_error,,,,,,")[0]
    #expect(ValidatedRun(failed).measured == Observations([.starts: 0]))
    let invalid = try Synthetic.measured([1], columns, ",invalid,unloaded,10,5,20,11,,")[0]
    #expect(ValidatedRun(invalid).measured == Observations())
  }
}

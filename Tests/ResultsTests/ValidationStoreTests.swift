import Foundation
import GRDB
import Primitives
import Testing

@testable import Results

@Suite struct ValidationStoreTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  private func description(profile: String = "name: p\n", seeds: [UInt64] = [1, 2])
    -> ValidationDescription
  {
    ValidationDescription(
      runsFile: "runs.csv", runsDigest: "ab", profileName: "p", profile: profile,
      client: "unlimited", seeds: seeds,
      runNumbers: [3, 7], codeRevision: "abc", modelVersion: "1", host: "box",
      startedAt: Date(timeIntervalSince1970: 1_700_000_000), wallSeconds: 2.5)
  }

  private func runs() -> [ValidatedRun] {
    [3, 7].map { number in
      var run = ValidatedRun(
        number: number, model: "llama", family: "f", group: "it's", regime: "unloaded", slots: 8,
        slotRank: 16, adapters: 32, offered: 0.1)
      run.measured = Observations([.itlMean: 10, .starts: 1, .preemptions: 0])
      run.predicted = Observations([.itlMean: Double(number) * 10, .starts: 1, .preemptions: 0])
      run.twin = Observations([.itlMean: 0.1 + 0.2])
      return run
    }
  }

  @Test func everythingComesBackAsItWasSaved() throws {
    let store = try RunStore(scratch.path(), for: .writing)
    let validation = description()
    try store.save(validation, runs())
    let reader = try RunStore(scratch.path())
    #expect(try reader.validations() == [validation.id])
    #expect(try reader.validatedRuns(of: validation.id) == runs())
    #expect(throws: PitwallError(.data, at: scratch.path(), "no validation \"x\"")) {
      try reader.validatedRuns(of: "x")
    }
  }

  @Test func theSameValidationAgainTakesThePlaceOfTheFirst() throws {
    let store = try RunStore(scratch.path(), for: .writing)
    try store.save(description(), runs())
    try store.save(description(), Array(runs().prefix(1)))
    #expect(try store.validations().count == 1)
    #expect(try store.validatedRuns(of: description().id).map(\.number) == [3])
    try store.save(description(profile: "name: q\n"), runs())
    #expect(try store.validations().count == 2)
  }

  @Test func theIdIsOfAllThatDeterminesThePredictions() {
    var other = description()
    other.wallSeconds = 9
    other.runsFile = "elsewhere/runs.csv"
    #expect(other.id == description().id)
    other.runNumbers = [3]
    #expect(other.id != description().id)
    var unlimited = description()
    unlimited.client = "28232 ports"
    #expect(unlimited.id != description().id)
    #expect(description(seeds: [1]).id != description().id)
    #expect(description(profile: "").id != description().id)
  }

  @Test func theViewComputesErrors() throws {
    let store = try RunStore(scratch.path(), for: .writing)
    try store.save(description(), runs())
    let rows = try store.read { db in
      try Row.fetchAll(
        db, sql: "SELECT run_no, quantity, smape, twin_smape FROM validation_error ORDER BY 1, 2")
    }
    #expect(rows.count == 6)
    #expect(rows[0]["quantity"] == "itl_mean")
    #expect(rows[0]["smape"] == 50.0, "10 and 30")
    #expect(rows[1]["smape"] == 0.0, "0 and 0")
    #expect(rows[2]["twin_smape"] as Double? == nil)
  }
}

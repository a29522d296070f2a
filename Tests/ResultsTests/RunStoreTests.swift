import Foundation
import GRDB
import Orchestration
import Primitives
import Replay
import Testing

@testable import Results

@Suite struct RunStoreTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  @Test func everythingComesBackAsItWasSaved() throws {
    let outcome = fullOutcome()
    let description = describe("r1", seed: .max, sweep: SweepPoint("slots", 8))
    let metrics = Metrics.of(outcome)
    let store = try RunStore(scratch.path(), for: .writing)
    #expect(try !store.contains("r1"))
    #expect(try store.save(description, outcome, metrics: metrics))
    #expect(try !store.save(description, outcome, metrics: metrics), "the same run again")

    let reader = try RunStore(scratch.path())
    #expect(try reader.contains("r1"))
    var expected = description
    expected.adapterNames = []
    let run = try reader.run("r1")
    #expect(run.description == expected)
    #expect(run.end == outcome.end)
    #expect(run.memory == outcome.memory)
    #expect(try reader.runs() == [run])
    #expect(try reader.requests(of: "r1") == outcome.requests)
    #expect(try reader.samples(of: "r1") == outcome.samples)
    #expect(try reader.residency(of: "r1") == outcome.residency)
    #expect(try reader.tokenGaps(of: "r1") == outcome.tokenGaps)
    #expect(try reader.counters(of: "r1") == outcome.counters)
    #expect(try reader.metrics(of: "r1") == metrics)
    #expect(try reader.adapterNames(of: "r1") == description.adapterNames)
    let table = try reader.metricTable()
    #expect(table["r1"]?.count == metrics.count)
    #expect(table["r1"]?["ttft_mean"] == metrics.first { $0.name == "ttft_mean" }?.value)
  }

  @Test func aSummaryKeepsMetricsAndTimeSeriesOnly() throws {
    let store = try RunStore(scratch.path(), for: .writing)
    let outcome = fullOutcome()
    try store.save(describe("r1"), outcome, metrics: Metrics.of(outcome), detail: .summary)
    #expect(try store.requests(of: "r1").isEmpty)
    #expect(try store.samples(of: "r1") == outcome.samples)
    #expect(try !store.metrics(of: "r1").isEmpty)
  }

  @Test func anExperimentKnowsItsPlanAndWhatIsFinished() throws {
    let store = try RunStore(scratch.path(), for: .writing)
    let day = ExperimentDescription(name: "day", config: "seeds: 2\n")
    try store.save(describe("old"), of: day, fullOutcome(), metrics: [])
    try store.plan(day, runIDs: ["a", "b", "c"])
    try store.save(describe("a", seed: 2), of: day, fullOutcome(), metrics: [])
    #expect(
      try store.experiments()
        == [StoredExperiment(description: day, planned: 3, finished: 1)])
    #expect(try store.runs(RunFilter(experiment: "day")).map(\.id) == ["a"])
    #expect(try store.runs().map(\.id) == ["old", "a"], "by seed")

    let changed = ExperimentDescription(name: "day", config: "seeds: 3\n")
    try store.plan(changed, runIDs: ["a", "old"])
    #expect(
      try store.experiments()
        == [StoredExperiment(description: changed, planned: 2, finished: 2)])
  }

  @Test func filtersCombine() throws {
    let store = try RunStore(scratch.path(), for: .writing)
    for (id, workload, strategy) in [("1", "x", "lru"), ("2", "x", "gdsf"), ("3", "y", "lru")] {
      try store.save(
        describe(id, workload: workload, strategy: strategy), makeOutcome([]), metrics: [])
    }
    #expect(try store.runs(RunFilter(workload: "x")).map(\.id) == ["2", "1"])
    #expect(try store.runs(RunFilter(workload: "x", strategy: "lru")).map(\.id) == ["1"])
    #expect(try store.runs(RunFilter(strategy: "LRU")).isEmpty)
    #expect(throws: PitwallError.self) { try store.requests(of: "4") }
  }

  @Test func theViewsAreReadableByHand() throws {
    let store = try RunStore(scratch.path(), for: .writing)
    let outcome = fullOutcome()
    try store.save(
      describe("r1"), of: ExperimentDescription(name: "e", config: ""), outcome,
      metrics: Metrics.of(outcome))
    let ttft = "SELECT avg(ttft_ms) FROM request_latency WHERE outcome = 'finished'"
    let metric = "SELECT value FROM run_metric WHERE experiment = 'e' AND metric = 'ttft_mean'"
    let rejected = "SELECT count(*) FROM request_latency WHERE outcome = 'rejected'"
    let mean = try store.read { try Double.fetchOne($0, sql: ttft) }
    let stored = try store.read { try Double.fetchOne($0, sql: metric) }
    #expect(abs((mean ?? -1) - (stored ?? -2)) < 1e-9)
    #expect(
      try store.read { try Int.fetchOne($0, sql: rejected) }
        == outcome.requests.filter { $0.outcome == .rejected }.count)
  }

  @Test func everyOutcomeIsReadBackAndHasAName() throws {
    let store = try RunStore(scratch.path(), for: .writing)
    let records = Outcome.allCases.enumerated().map { index, outcome in
      var record = RequestRecord(
        request: Int32(index), tenant: 0, adapterSet: 0, promptTokens: 1, arrival: 0)
      record.outcome = outcome
      return record
    }
    try store.save(describe("r1"), makeOutcome(records), metrics: [])
    #expect(try store.requests(of: "r1") == records)
    let names = try store.read {
      try String.fetchAll($0, sql: "SELECT outcome FROM request_latency ORDER BY request")
    }
    #expect(names == Outcome.allCases.map { "\($0)" })
  }

  // MARK: Whole or not at all

  @Test func aFullDiskLeavesNothingOfTheRun() throws {
    let store = try RunStore(scratch.path(), for: .writing)
    let outcome = fullOutcome(2000)
    try store.save(describe("r1"), outcome, metrics: Metrics.of(outcome))
    try store.database.writeWithoutTransaction { db in
      let pages = try Int.fetchOne(db, sql: "PRAGMA page_count") ?? 0
      try db.execute(sql: "PRAGMA max_page_count = \(pages + 3)")
    }
    #expect(throws: PitwallError(.inputOutput, at: scratch.path(), "the disk is full")) {
      try store.save(describe("r2"), outcome, metrics: Metrics.of(outcome))
    }
    #expect(try store.runs().map(\.id) == ["r1"])
    #expect(try orphans(in: store) == 0)
    #expect(try store.requests(of: "r1") == outcome.requests)
  }

  @Test func anOutcomeWithARequestTwiceIsRefusedWhole() throws {
    let store = try RunStore(scratch.path(), for: .writing)
    let requests = randomRequests(10, seed: 1)
    #expect(throws: PitwallError.self) {
      try store.save(describe("r1"), makeOutcome(requests + requests), metrics: [])
    }
    #expect(try store.runs().isEmpty)
    #expect(try orphans(in: store) == 0)
  }

  @Test func aKillInTheMiddleOfARunLeavesTheFinishedOnes() async throws {
    let path = scratch.path()
    await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
      let store = try RunStore(path, for: .writing)
      try store.save(describe("whole"), fullOutcome(), metrics: [])
      // The small cache makes SQLite spill to disk what is not committed yet.
      try store.write { db in
        try db.execute(sql: "PRAGMA cache_size = 1")
        try db.execute(sql: "UPDATE run SET run_id = 'half'")
        var rows = try BulkInsert(db, into: "token_gap", ["run_key", "gap_ns", "count"])
        for gap in 1000..<20_000 {
          rows.bind(1)
          rows.bind(gap)
          rows.bind(1)
          try rows.insert()
        }
        kill(getpid(), SIGKILL)
      }
    }

    let store = try RunStore(path, for: .writing)
    #expect(try store.runs().map(\.id) == ["whole"])
    #expect(try store.requests(of: "whole") == fullOutcome().requests)
    #expect(try store.tokenGaps(of: "whole") == fullOutcome().tokenGaps)
    #expect(try store.read { try String.fetchOne($0, sql: "PRAGMA integrity_check") } == "ok")
  }

  /// Rows of details whose run is not there.
  private func orphans(in store: RunStore) throws -> Int {
    let tables = ["request", "sample", "residency", "token_gap", "counter", "metric", "adapter"]
    return try store.read { db in
      try tables.map { table in
        try Int.fetchOne(
          db,
          sql: "SELECT count(*) FROM \(table) WHERE run_key NOT IN (SELECT run_key FROM run)") ?? 0
      }.reduce(0, +)
    }
  }

  // MARK: Several writers

  @Test func writersInParallelAllSucceed() async throws {
    let path = scratch.path()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for writer in 0..<6 {
        group.addTask {
          // Each opens the file by itself, and they race to create it.
          let store = try RunStore(path, for: .writing)
          for run in 0..<4 {
            try store.save(describe("\(writer)-\(run)"), fullOutcome(20), metrics: [])
          }
        }
      }
      try await group.waitForAll()
    }
    #expect(try RunStore(path).runs().count == 24)
  }
}

@Suite struct RunStoreRefusalTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  private func message(_ access: RunStore.Access, _ path: String) -> String {
    do {
      _ = try RunStore(path, for: access)
      return "opened"
    } catch let error as PitwallError {
      return "\(error.code.rawValue) \(error.message)"
    } catch {
      return "not a PitwallError: \(error)"
    }
  }

  @Test func missingFile() {
    #expect(message(.reading, scratch.path()) == "66 no such database")
    #expect(!FileManager.default.fileExists(atPath: scratch.path()), "and it was not made")
  }

  @Test(arguments: [RunStore.Access.reading, .writing])
  func aFileThatIsNotADatabase(access: RunStore.Access) throws {
    let text = String(repeating: "arrival_s,adapter\n", count: 100)
    try Data(text.utf8).write(to: URL(fileURLWithPath: scratch.path()))
    #expect(message(access, scratch.path()) == "65 not a SQLite database")
    #expect(try String(contentsOfFile: scratch.path(), encoding: .utf8) == text)
  }

  @Test(arguments: [RunStore.Access.reading, .writing])
  func anotherProgramsDatabase(access: RunStore.Access) throws {
    let other = try DatabaseQueue(path: scratch.path())
    try other.write { try $0.execute(sql: "CREATE TABLE run (id INTEGER)") }
    try other.close()
    let before = try Data(contentsOf: URL(fileURLWithPath: scratch.path()))
    #expect(message(access, scratch.path()) == "65 not a Pitwall results database")
    #expect(try Data(contentsOf: URL(fileURLWithPath: scratch.path())) == before)
  }

  @Test(arguments: [RunStore.Access.reading, .writing])
  func aNewerSchema(access: RunStore.Access) throws {
    let store = try RunStore(scratch.path(), for: .writing)
    try store.write { try $0.execute(sql: "PRAGMA user_version = 99") }
    try store.database.close()
    #expect(
      message(access, scratch.path())
        .hasPrefix("65 schema version 99 is newer than this Pitwall knows (\(Schema.version))"))
  }

  @Test(arguments: [
    "ALTER TABLE counter ADD COLUMN note TEXT", "DROP TABLE metric", "DROP VIEW run_metric",
    "ALTER TABLE sample RENAME COLUMN hits TO found",
  ])
  func tablesChangedByHand(sql: String) throws {
    let store = try RunStore(scratch.path(), for: .writing)
    try store.write { try $0.execute(sql: sql) }
    try store.database.close()
    #expect(
      message(.reading, scratch.path())
        == "65 its tables are not those of schema version \(Schema.version): changed by hand?")
  }

  @Test(arguments: [RunStore.Access.reading, .writing])
  func anOlderSchemaIsBroughtUpToDate(access: RunStore.Access) throws {
    let old = try DatabaseQueue(path: scratch.path())
    try Schema.migrator.migrate(old, upTo: "1")
    #expect(try old.read { try !$0.tableExists("bound") })
    try old.close()
    let store = try RunStore(scratch.path(), for: access)
    #expect(try store.bounds(ofTrace: "d").isEmpty)
    #expect(try store.validations().isEmpty)
    #expect(message(.reading, scratch.path()) == "opened")
  }

  @Test func boundsOfATraceAreKeptOnce() throws {
    let store = try RunStore(scratch.path(), for: .writing)
    let bounds = [8, 4].map { HitRatioBounds(slots: $0, lru: 0.5, opt: 0.5 + Double($0) / 100) }
    try store.save(bounds, ofTrace: "d")
    try store.save([HitRatioBounds(slots: 8, lru: 0, opt: 0)], ofTrace: "d")
    #expect(try store.bounds(ofTrace: "d") == bounds.reversed())
    #expect(try store.bounds(ofTrace: "other").isEmpty)
  }

  @Test func viewsOfOnesOwnDoNoHarm() throws {
    let store = try RunStore(scratch.path(), for: .writing)
    try store.write { try $0.execute(sql: "CREATE VIEW mine AS SELECT * FROM run") }
    try store.database.close()
    #expect(message(.reading, scratch.path()) == "opened")
    #expect(message(.writing, scratch.path()) == "opened")
  }

  @Test func valuesOutOfRangeAreNoTrap() throws {
    let store = try RunStore(scratch.path(), for: .writing)
    try store.save(describe("r"), fullOutcome(), metrics: [])
    try store.write { db in
      try db.execute(
        sql: """
          UPDATE request SET tenant = 9223372036854775807, replica = -99999, outcome = 999;
          UPDATE run SET started_at = 'yesterday', trace_columns = '{';
          """)
    }
    let reader = try RunStore(scratch.path())
    #expect(try reader.requests(of: "r").count == 50)
    #expect(try reader.runs().count == 1)
  }

  @Test func aTruncatedDatabase() throws {
    let store = try RunStore(scratch.path(), for: .writing)
    try store.save(describe("r"), fullOutcome(500), metrics: [])
    try store.database.close()
    let url = URL(fileURLWithPath: scratch.path())
    let bytes = try Data(contentsOf: url)
    try bytes.prefix(bytes.count / 3).write(to: url)
    #expect(throws: PitwallError.self) {
      let store = try RunStore(scratch.path())
      _ = try store.requests(of: "r")
    }
  }

  @Test func aDirectoryThatCannotHoldIt() throws {
    try Data().write(to: URL(fileURLWithPath: scratch.path("plain")))
    #expect(
      message(.writing, scratch.path("plain/results.sqlite"))
        == "74 the database cannot be opened or created")
  }

  @Test func readingDoesNotAllowWriting() throws {
    _ = try RunStore(scratch.path(), for: .writing)
    let reader = try RunStore(scratch.path())
    #expect(throws: PitwallError(.inputOutput, at: scratch.path(), "the database is read-only")) {
      try reader.save(describe("r"), fullOutcome(), metrics: [])
    }
  }
}

import Foundation
import GRDB
import Orchestration
import Primitives

/// A run as it stands in the database.
public struct StoredRun: Sendable, Equatable, Identifiable {
  /// What it is a result of. `adapterNames` is left empty: ask ``RunStore/adapterNames(of:)``.
  public var description: RunDescription
  /// When the run ended, in virtual or wall time since its start.
  public var end: Nanoseconds
  /// One replica's device memory.
  public var memory: DeviceMemory

  /// The run's id.
  public var id: String { description.runID }
}

/// Which runs are meant; nil means any.
public struct RunFilter: Sendable, Equatable {
  /// Runs in this experiment's plan.
  public var experiment: String?
  /// Runs of this workload.
  public var workload: String?
  /// Runs of this strategy.
  public var strategy: String?
  /// Runs in this world.
  public var backend: String?

  /// Makes a filter.
  public init(
    experiment: String? = nil, workload: String? = nil, strategy: String? = nil,
    backend: String? = nil
  ) {
    self.experiment = experiment
    self.workload = workload
    self.strategy = strategy
    self.backend = backend
  }
}

/// An experiment in the database, and how far it has come.
public struct StoredExperiment: Sendable, Equatable {
  /// Name and configuration.
  public var description: ExperimentDescription
  /// Runs in its plan.
  public var planned: Int
  /// Of these, runs that are in the database.
  public var finished: Int
}

extension RunStore {
  /// Whether a run is in the database, and so is finished.
  public func contains(_ runID: String) throws -> Bool { try read { try isStored(runID, $0) } }

  /// All experiments, by name.
  public func experiments() throws -> [StoredExperiment] {
    let sql = """
      SELECT e.name, e.config, count(m.run_id), count(r.run_key)
      FROM experiment e LEFT JOIN experiment_run m USING (experiment_key)
        LEFT JOIN run r USING (run_id)
      GROUP BY e.experiment_key ORDER BY e.name
      """
    return try read { db in
      try Row.fetchAll(db, sql: sql).map { row in
        StoredExperiment(
          description: ExperimentDescription(name: row[0], config: row[1]), planned: row[2],
          finished: row[3])
      }
    }
  }

  /// Runs, by workload, sweep point, strategy, backend and seed, the oldest first where these are
  /// equal.
  public func runs(_ filter: RunFilter = RunFilter()) throws -> [StoredRun] {
    try read { db in
      try Row.fetchAll(
        db, sql: "SELECT r.* FROM run r \(RunStore.whereClause) \(RunStore.order)",
        arguments: RunStore.arguments(filter)
      ).map(RunStore.storedRun)
    }
  }

  /// One run.
  /// - Throws: `PitwallError` (data) where it is not there.
  public func run(_ runID: String) throws -> StoredRun {
    let row = try read { db in
      try Row.fetchOne(db, sql: "SELECT * FROM run WHERE run_id = ?", arguments: [runID])
    }
    guard let row else { throw noSuchRun(runID) }
    return try RunStore.storedRun(row)
  }

  /// The run whose id is this, or is the only one that begins so.
  /// - Throws: `PitwallError` (data) where there is none, or more than one.
  public func run(startingWith prefix: String) throws -> StoredRun {
    let sql = "SELECT run_id FROM run WHERE substr(run_id, 1, length(:id)) = :id ORDER BY run_id"
    let ids = try read { try String.fetchAll($0, sql: sql, arguments: ["id": prefix]) }
    guard !prefix.isEmpty, let first = ids.first else { throw noSuchRun(prefix) }
    if first == prefix || ids.count == 1 { return try run(first) }
    let shown = ids.prefix(5).joined(separator: ", ") + (ids.count > 5 ? ", ..." : "")
    throw PitwallError(.data, at: path, "\(ids.count) runs begin with \(prefix): \(shown)")
  }

  /// A run's metrics, in the order of ``MetricDefinition/all``.
  public func metrics(of runID: String) throws -> [MetricValue] {
    try values(runID, "SELECT name, value, unit FROM metric WHERE run_key = ?") {
      MetricValue(
        name: $0[0], value: $0[1], unit: MetricUnit(rawValue: $0[2]) ?? .count)
    }.sorted {
      (MetricDefinition.rank($0.name), $0.name) < (MetricDefinition.rank($1.name), $1.name)
    }
  }

  /// The metrics of many runs in one query: by run id, then by metric's name.
  public func metricTable(_ filter: RunFilter = RunFilter()) throws -> [String: [String: Double]] {
    let sql = """
      SELECT r.run_id, m.name, m.value FROM run r JOIN metric m USING (run_key)
      \(RunStore.whereClause)
      """
    return try read { db in
      var table: [String: [String: Double]] = [:]
      let rows = try Row.fetchCursor(db, sql: sql, arguments: RunStore.arguments(filter))
      while let row = try rows.next() { table[row[0], default: [:]][row[1]] = row[2] }
      return table
    }
  }

  /// A run's counters.
  public func counters(of runID: String) throws -> Counters {
    let sql = "SELECT name, value FROM counter WHERE run_key = ?"
    let rows: [(String, Int64)] = try values(runID, sql) { ($0[0], $0[1]) }
    let byName = Dictionary(rows, uniquingKeysWith: { first, _ in first })
    var counters = Counters()
    for (name, path) in Counters.columns { counters[keyPath: path] = byName[name] ?? 0 }
    return counters
  }

  /// A run's per-request records, by row of the trace; empty where they were not kept.
  public func requests(of runID: String) throws -> [RequestRecord] {
    let sql = """
      SELECT request, tenant, adapter_set, prompt_tokens, arrival_ns, output_tokens, preemptions,
        replica, outcome, found_in, admitted_ns, first_token_ns, finished_ns, load_wait_ns
      FROM request WHERE run_key = ? ORDER BY request
      """
    return try values(runID, sql) { row in
      var record = RequestRecord(
        request: row.int32(0), tenant: row.int32(1), adapterSet: row.int32(2),
        promptTokens: row.int32(3), arrival: row[4])
      record.outputTokens = row.int32(5)
      record.preemptions = row.int32(6)
      record.replica = row.int16(7)
      record.outcome = Outcome(rawValue: row.uint8(8)) ?? .aborted
      record.foundIn = Tier(rawValue: row.uint8(9)) ?? .remote
      record.admitted = row[10] ?? RequestRecord.never
      record.firstToken = row[11] ?? RequestRecord.never
      record.finished = row[12] ?? RequestRecord.never
      record.loadWait = row[13]
      return record
    }
  }

  /// A run's time series, by time and then by replica.
  public func samples(of runID: String) throws -> [Sample] {
    let sql = """
      SELECT at_ns, replica, waiting, running, kv_bytes, adapter_bytes, resident_adapters,
        "references", hits
      FROM sample WHERE run_key = ? ORDER BY sample
      """
    return try values(runID, sql) { row in
      Sample(
        at: row[0], replica: row.int16(1), waiting: row.int32(2), running: row.int32(3),
        kvBytes: row[4], adapterBytes: row[5], residentAdapters: row.int32(6),
        references: row[7], hits: row[8])
    }
  }

  /// When which adapter was on which device; empty where it was not kept.
  public func residency(of runID: String) throws -> [ResidencySpan] {
    let sql = """
      SELECT adapter, replica, prefetched, from_ns, to_ns FROM residency WHERE run_key = ?
      ORDER BY span
      """
    return try values(runID, sql) { row in
      ResidencySpan(
        adapter: row.int32(0), replica: row.int16(1), prefetched: row[2], from: row[3],
        to: row[4])
    }
  }

  /// The distribution of gaps between tokens, by rising gap; empty where it was not kept.
  public func tokenGaps(of runID: String) throws -> [TokenGap] {
    try values(runID, "SELECT gap_ns, count FROM token_gap WHERE run_key = ? ORDER BY gap_ns") {
      TokenGap(gap: $0[0], count: $0[1])
    }
  }

  /// The names of a run's adapters, by index; empty where they were not kept.
  public func adapterNames(of runID: String) throws -> [String] {
    try values(runID, "SELECT name FROM adapter WHERE run_key = ? ORDER BY adapter") { $0[0] }
  }

  /// All rows of a run in one table.
  private func values<T>(_ runID: String, _ sql: String, _ make: (Row) -> T) throws -> [T] {
    try read { db in
      let key = try Int64.fetchOne(
        db, sql: "SELECT run_key FROM run WHERE run_id = ?", arguments: [runID])
      guard let key else { throw noSuchRun(runID) }
      let rows = try Row.fetchCursor(db, sql: sql, arguments: [key])
      var result: [T] = []
      while let row = try rows.next() { result.append(make(row)) }
      return result
    }
  }

  private func noSuchRun(_ runID: String) -> PitwallError {
    PitwallError(.data, at: path, "there is no run \(runID)")
  }

  private static let whereClause = """
    WHERE (:workload IS NULL OR r.workload = :workload)
      AND (:strategy IS NULL OR r.strategy = :strategy)
      AND (:backend IS NULL OR r.backend = :backend)
      AND (:experiment IS NULL OR r.run_id IN (
        SELECT run_id FROM experiment_run JOIN experiment USING (experiment_key)
        WHERE name = :experiment))
    """

  private static let order = """
    ORDER BY r.workload, r.sweep_parameter, r.sweep_value, r.strategy, r.backend, r.seed,
      r.finished_at, r.run_id
    """

  private static func arguments(_ filter: RunFilter) -> StatementArguments {
    [
      "workload": filter.workload, "strategy": filter.strategy, "backend": filter.backend,
      "experiment": filter.experiment,
    ]
  }

  private static func storedRun(_ row: Row) throws -> StoredRun {
    let columns: String = row["trace_columns"]
    let sweep: SweepPoint? =
      if let parameter: String = row["sweep_parameter"], let value: Double = row["sweep_value"] {
        SweepPoint(parameter, value)
      } else {
        nil
      }
    return StoredRun(
      description: RunDescription(
        runID: row["run_id"], workload: row["workload"], strategy: row["strategy"],
        backend: row["backend"], seed: UInt64(bitPattern: row["seed"]), sweep: sweep,
        traceName: row["trace_name"], traceDigest: row["trace_digest"],
        traceColumns: (try? JSONDecoder().decode([TraceColumn].self, from: Data(columns.utf8)))
          ?? [],
        configuration: row["configuration"], codeRevision: row["code_revision"],
        modelVersion: row["model_version"], host: row["host"], startedAt: row.date("started_at"),
        finishedAt: row.date("finished_at")),
      end: row["end_ns"],
      memory: DeviceMemory(
        capacity: row["device_bytes"], weights: row["weights_bytes"],
        adapterSlots: row["adapter_slots_bytes"]))
  }
}

/// Values of `STRICT` tables, whose types are certain but not their ranges: what a hand has changed
/// beyond its range is wrong then, and no trap.
extension Row {
  fileprivate func int32(_ index: Int) -> Int32 { Int32(truncatingIfNeeded: self[index] as Int64) }
  fileprivate func int16(_ index: Int) -> Int16 { Int16(truncatingIfNeeded: self[index] as Int64) }
  fileprivate func uint8(_ index: Int) -> UInt8 { UInt8(truncatingIfNeeded: self[index] as Int64) }

  fileprivate func date(_ column: String) -> Date {
    Date.fromDatabaseValue(self[column]) ?? Date(timeIntervalSince1970: 0)
  }
}

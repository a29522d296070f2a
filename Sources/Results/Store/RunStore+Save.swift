import Foundation
import GRDB
import Orchestration
import Primitives

extension RunStore {
  /// How much of a run is kept besides its metrics and counters.
  public enum Detail: Sendable {
    /// Everything.
    case full
    /// No per-request records, residency or token gaps: for sweeps of millions of requests. Such
    /// runs cannot be compared request by request; comparisons by seed work.
    case summary
  }

  /// Records which runs make up an experiment, finished or not, in place of what it was before.
  /// - Throws: `PitwallError` (inputOutput) where the database cannot be written.
  public func plan(_ experiment: ExperimentDescription, runIDs: [String]) throws {
    try write { db in
      let key = try upsert(experiment, db)
      try db.execute(sql: "DELETE FROM experiment_run WHERE experiment_key = ?", arguments: [key])
      for id in runIDs { try addMember(id, to: key, db) }
    }
  }

  /// Writes a finished run, with all that belongs to it, in one transaction.
  ///
  /// A run that is there already is left as it is: equal ids mean equal results.
  /// - Parameter experiment: the experiment that the run becomes part of.
  /// - Returns: false if the run was there already.
  /// - Throws: `PitwallError`: inputOutput where the database cannot be written or the disk is
  ///   full, fault where the outcome is not well-formed. In both cases nothing was written.
  @discardableResult
  public func save(
    _ run: RunDescription, of experiment: ExperimentDescription? = nil, _ outcome: RunOutcome,
    metrics: [MetricValue], detail: Detail = .full
  ) throws -> Bool {
    try write { db in
      if let experiment { try addMember(run.runID, to: upsert(experiment, db), db) }
      guard try !isStored(run.runID, db) else { return false }
      let key = try insert(run, outcome, db)
      try insert(metrics, key, db)
      try insert(outcome.counters, key, db)
      try insert(outcome.samples, key, db)
      try insert(adapterNames: run.adapterNames, key, db)
      if detail == .full {
        try insert(outcome.requests, key, db)
        try insert(outcome.residency, key, db)
        try insert(outcome.tokenGaps, key, db)
      }
      return true
    }
  }

  func isStored(_ runID: String, _ db: Database) throws -> Bool {
    try Bool.fetchOne(
      db, sql: "SELECT EXISTS (SELECT 1 FROM run WHERE run_id = ?)", arguments: [runID]) ?? false
  }

  private func upsert(_ experiment: ExperimentDescription, _ db: Database) throws -> Int64 {
    try db.execute(
      sql: """
        INSERT INTO experiment (name, digest, config) VALUES (?, ?, ?)
        ON CONFLICT (name) DO UPDATE SET digest = excluded.digest, config = excluded.config
        """,
      arguments: [experiment.name, experiment.digest, experiment.config])
    let key = try Int64.fetchOne(
      db, sql: "SELECT experiment_key FROM experiment WHERE name = ?",
      arguments: [experiment.name])
    guard let key else { throw PitwallError.fault("an experiment that was written is not there") }
    return key
  }

  private func addMember(_ runID: String, to experiment: Int64, _ db: Database) throws {
    try db.execute(
      sql: "INSERT OR IGNORE INTO experiment_run (experiment_key, run_id) VALUES (?, ?)",
      arguments: [experiment, runID])
  }

  private func insert(_ run: RunDescription, _ outcome: RunOutcome, _ db: Database) throws -> Int64
  {
    let columns = try JSONEncoder.canonical.encode(run.traceColumns)
    try db.execute(
      sql: """
        INSERT INTO run (run_id, workload, strategy, backend, seed, sweep_parameter, sweep_value,
          trace_name, trace_digest, trace_columns, configuration, code_revision, model_version,
          host, started_at, finished_at, wall_s, end_ns, device_bytes, weights_bytes,
          adapter_slots_bytes)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
      arguments: [
        run.runID, run.workload, run.strategy, run.backend, Int64(bitPattern: run.seed),
        run.sweep?.parameter, run.sweep?.value, run.traceName, run.traceDigest,
        String(decoding: columns, as: UTF8.self), run.configuration, run.codeRevision,
        run.modelVersion, run.host, run.startedAt, run.finishedAt,
        run.finishedAt.timeIntervalSince(run.startedAt), outcome.end, outcome.memory.capacity,
        outcome.memory.weights, outcome.memory.adapterSlots,
      ])
    return db.lastInsertedRowID
  }

  private func insert(_ metrics: [MetricValue], _ run: Int64, _ db: Database) throws {
    let sql = "INSERT INTO metric (run_key, name, value, unit) VALUES (?, ?, ?, ?)"
    let statement = try db.makeStatement(sql: sql)
    for metric in metrics {
      guard metric.value.isFinite else {
        throw PitwallError.fault("metric \(metric.name) is \(metric.value)")
      }
      try statement.execute(arguments: [run, metric.name, metric.value, metric.unit.rawValue])
    }
  }

  private func insert(_ counters: Counters, _ run: Int64, _ db: Database) throws {
    let statement = try db.makeStatement(
      sql: "INSERT INTO counter (run_key, name, value) VALUES (?, ?, ?)")
    for (name, path) in Counters.columns {
      try statement.execute(arguments: [run, name, counters[keyPath: path]])
    }
  }

  private func insert(adapterNames: [String], _ run: Int64, _ db: Database) throws {
    let statement = try db.makeStatement(
      sql: "INSERT INTO adapter (run_key, adapter, name) VALUES (?, ?, ?)")
    for (index, name) in adapterNames.enumerated() {
      try statement.execute(arguments: [run, index, name])
    }
  }

  private func insert(_ requests: [RequestRecord], _ run: Int64, _ db: Database) throws {
    var rows = try BulkInsert(
      db, into: "request",
      [
        "run_key", "request", "tenant", "adapter_set", "prompt_tokens", "output_tokens",
        "preemptions", "replica", "outcome", "found_in", "arrival_ns", "admitted_ns",
        "first_token_ns", "finished_ns", "load_wait_ns",
      ])
    for request in requests {
      rows.bind(run)
      rows.bind(request.request)
      rows.bind(request.tenant)
      rows.bind(request.adapterSet)
      rows.bind(request.promptTokens)
      rows.bind(request.outputTokens)
      rows.bind(request.preemptions)
      rows.bind(request.replica)
      rows.bind(request.outcome.rawValue)
      rows.bind(request.foundIn.rawValue)
      rows.bind(request.arrival)
      rows.bind(request.admitted, unless: RequestRecord.never)
      rows.bind(request.firstToken, unless: RequestRecord.never)
      rows.bind(request.finished, unless: RequestRecord.never)
      rows.bind(request.loadWait)
      try rows.insert()
    }
  }

  private func insert(_ samples: [Sample], _ run: Int64, _ db: Database) throws {
    var rows = try BulkInsert(
      db, into: "sample",
      [
        "run_key", "sample", "at_ns", "replica", "waiting", "running", "kv_bytes",
        "adapter_bytes", "resident_adapters", "references", "hits",
      ])
    for (index, sample) in samples.enumerated() {
      rows.bind(run)
      rows.bind(index)
      rows.bind(sample.at)
      rows.bind(sample.replica)
      rows.bind(sample.waiting)
      rows.bind(sample.running)
      rows.bind(sample.kvBytes)
      rows.bind(sample.adapterBytes)
      rows.bind(sample.residentAdapters)
      rows.bind(sample.references)
      rows.bind(sample.hits)
      try rows.insert()
    }
  }

  private func insert(_ residency: [ResidencySpan], _ run: Int64, _ db: Database) throws {
    var rows = try BulkInsert(
      db, into: "residency",
      ["run_key", "span", "adapter", "replica", "prefetched", "from_ns", "to_ns"])
    for (index, span) in residency.enumerated() {
      rows.bind(run)
      rows.bind(index)
      rows.bind(span.adapter)
      rows.bind(span.replica)
      rows.bind(span.prefetched ? 1 : 0)
      rows.bind(span.from)
      rows.bind(span.to)
      try rows.insert()
    }
  }

  private func insert(_ gaps: [TokenGap], _ run: Int64, _ db: Database) throws {
    var rows = try BulkInsert(db, into: "token_gap", ["run_key", "gap_ns", "count"])
    for gap in gaps {
      rows.bind(run)
      rows.bind(gap.gap)
      rows.bind(gap.count)
      try rows.insert()
    }
  }
}

extension JSONEncoder {
  /// Keys in order, so that equal values give equal text.
  static var canonical: JSONEncoder {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return encoder
  }
}

import GRDB

/// The schema of a results database, and its history. `Sources/Results/README.md` explains each
/// table to whoever queries it by hand; keep the two together.
enum Schema {
  /// In `PRAGMA application_id`: "PITW". Tells our databases from other SQLite files.
  static let applicationID = 0x5049_5457
  /// In `PRAGMA user_version`: the number of the last migration.
  static let version = 5

  /// Creates the tables of a new database, and brings older ones up to date.
  static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1") { db in
      try db.execute(sql: runs)
      try db.execute(sql: details)
      try db.execute(sql: views)
      // In the same transaction as the tables: a database is ours, and whole, or it is empty.
      try db.execute(sql: "PRAGMA application_id = \(applicationID)")
      try db.execute(sql: "PRAGMA user_version = 1")
    }
    migrator.registerMigration("2") { db in
      try db.execute(sql: bounds)
      try db.execute(sql: "PRAGMA user_version = 2")
    }
    migrator.registerMigration("3") { db in
      try db.execute(sql: validations)
      try db.execute(sql: "PRAGMA user_version = 3")
    }
    migrator.registerMigration("4") { db in
      try db.execute(sql: "DROP VIEW request_latency")
      try db.execute(sql: requestLatency)
      try db.execute(sql: "PRAGMA user_version = 4")
    }
    migrator.registerMigration("5") { db in
      try db.execute(sql: cacheRuns)
      try db.execute(sql: "PRAGMA user_version = 5")
    }
    return migrator
  }

  /// Whether every table and view of ours is defined as the migrations define it. The tables are
  /// `STRICT`, so that this settles the types of all values; indices and views that people add for
  /// themselves do no harm.
  static func isIntact(_ db: Database) throws -> Bool {
    let model = try DatabaseQueue()
    try migrator.migrate(model)
    let expected = try model.read(definitions)
    return try expected.isSubset(of: definitions(db))
  }

  private static func definitions(_ db: Database) throws -> Set<String> {
    try String.fetchSet(db, sql: "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")
  }

  private static let runs = """
    CREATE TABLE experiment (
      experiment_key INTEGER PRIMARY KEY,
      name TEXT NOT NULL UNIQUE,
      digest TEXT NOT NULL,
      config TEXT NOT NULL
    ) STRICT;
    CREATE TABLE run (
      run_key INTEGER PRIMARY KEY,
      run_id TEXT NOT NULL UNIQUE,
      workload TEXT NOT NULL,
      strategy TEXT NOT NULL,
      backend TEXT NOT NULL,
      seed INTEGER NOT NULL,
      sweep_parameter TEXT,
      sweep_value REAL,
      trace_name TEXT NOT NULL,
      trace_digest TEXT NOT NULL,
      trace_columns TEXT NOT NULL,
      configuration TEXT NOT NULL,
      code_revision TEXT NOT NULL,
      model_version TEXT NOT NULL,
      host TEXT NOT NULL,
      started_at TEXT NOT NULL,
      finished_at TEXT NOT NULL,
      wall_s REAL NOT NULL,
      end_ns INTEGER NOT NULL,
      device_bytes INTEGER NOT NULL,
      weights_bytes INTEGER NOT NULL,
      adapter_slots_bytes INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX run_by_subject ON run (workload, strategy, backend, sweep_value, seed);
    CREATE TABLE experiment_run (
      experiment_key INTEGER NOT NULL REFERENCES experiment ON DELETE CASCADE,
      run_id TEXT NOT NULL,
      PRIMARY KEY (experiment_key, run_id)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE metric (
      run_key INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
      name TEXT NOT NULL,
      value REAL NOT NULL,
      unit TEXT NOT NULL,
      PRIMARY KEY (run_key, name)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE counter (
      run_key INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
      name TEXT NOT NULL,
      value INTEGER NOT NULL,
      PRIMARY KEY (run_key, name)
    ) STRICT, WITHOUT ROWID;
    """

  private static let details = """
    CREATE TABLE request (
      run_key INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
      request INTEGER NOT NULL,
      tenant INTEGER NOT NULL,
      adapter_set INTEGER NOT NULL,
      prompt_tokens INTEGER NOT NULL,
      output_tokens INTEGER NOT NULL,
      preemptions INTEGER NOT NULL,
      replica INTEGER NOT NULL,
      outcome INTEGER NOT NULL,
      found_in INTEGER NOT NULL,
      arrival_ns INTEGER NOT NULL,
      admitted_ns INTEGER,
      first_token_ns INTEGER,
      finished_ns INTEGER,
      load_wait_ns INTEGER NOT NULL,
      PRIMARY KEY (run_key, request)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE sample (
      run_key INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
      sample INTEGER NOT NULL,
      at_ns INTEGER NOT NULL,
      replica INTEGER NOT NULL,
      waiting INTEGER NOT NULL,
      running INTEGER NOT NULL,
      kv_bytes INTEGER NOT NULL,
      adapter_bytes INTEGER NOT NULL,
      resident_adapters INTEGER NOT NULL,
      "references" INTEGER NOT NULL,
      hits INTEGER NOT NULL,
      PRIMARY KEY (run_key, sample)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE residency (
      run_key INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
      span INTEGER NOT NULL,
      adapter INTEGER NOT NULL,
      replica INTEGER NOT NULL,
      prefetched INTEGER NOT NULL,
      from_ns INTEGER NOT NULL,
      to_ns INTEGER NOT NULL,
      PRIMARY KEY (run_key, span)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE token_gap (
      run_key INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
      gap_ns INTEGER NOT NULL,
      count INTEGER NOT NULL,
      PRIMARY KEY (run_key, gap_ns)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE adapter (
      run_key INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
      adapter INTEGER NOT NULL,
      name TEXT NOT NULL,
      PRIMARY KEY (run_key, adapter)
    ) STRICT, WITHOUT ROWID;
    """

  private static let bounds = """
    CREATE TABLE bound (
      trace_digest TEXT NOT NULL,
      slots INTEGER NOT NULL,
      lru REAL NOT NULL,
      opt REAL NOT NULL,
      PRIMARY KEY (trace_digest, slots)
    ) STRICT, WITHOUT ROWID;
    """

  private static let cacheRuns = """
    CREATE TABLE cache_run (
      run_id TEXT PRIMARY KEY,
      workload TEXT NOT NULL,
      trace_name TEXT NOT NULL,
      transforms TEXT NOT NULL,
      trace_digest TEXT NOT NULL,
      policy TEXT NOT NULL,
      clairvoyant INTEGER NOT NULL,
      slots INTEGER,
      capacity_bytes INTEGER,
      seed INTEGER NOT NULL,
      warm_up INTEGER NOT NULL,
      requests INTEGER NOT NULL,
      misses INTEGER NOT NULL,
      bytes INTEGER NOT NULL,
      missed_bytes INTEGER NOT NULL,
      load_ns INTEGER NOT NULL,
      missed_load_ns INTEGER NOT NULL,
      evictions INTEGER NOT NULL,
      model_version TEXT NOT NULL,
      code_revision TEXT NOT NULL,
      host TEXT NOT NULL,
      started_at TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    """

  private static let validations = """
    CREATE TABLE validation (
      validation_key INTEGER PRIMARY KEY,
      validation_id TEXT NOT NULL UNIQUE,
      runs_file TEXT NOT NULL,
      runs_digest TEXT NOT NULL,
      profile_name TEXT NOT NULL,
      profile_digest TEXT NOT NULL,
      profile TEXT NOT NULL,
      client TEXT NOT NULL,
      seeds TEXT NOT NULL,
      code_revision TEXT NOT NULL,
      model_version TEXT NOT NULL,
      host TEXT NOT NULL,
      started_at TEXT NOT NULL,
      wall_s REAL NOT NULL
    ) STRICT;
    CREATE TABLE validation_run (
      validation_key INTEGER NOT NULL REFERENCES validation ON DELETE CASCADE,
      run_no INTEGER NOT NULL,
      model TEXT NOT NULL,
      family TEXT NOT NULL,
      run_group TEXT NOT NULL,
      regime TEXT NOT NULL,
      slots INTEGER NOT NULL,
      slot_rank INTEGER NOT NULL,
      adapters INTEGER NOT NULL,
      offered_req_s REAL NOT NULL,
      PRIMARY KEY (validation_key, run_no)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE validation_value (
      validation_key INTEGER NOT NULL REFERENCES validation ON DELETE CASCADE,
      run_no INTEGER NOT NULL,
      quantity TEXT NOT NULL,
      measured REAL,
      predicted REAL,
      twin REAL,
      PRIMARY KEY (validation_key, run_no, quantity)
    ) STRICT, WITHOUT ROWID;
    CREATE VIEW validation_error AS
      SELECT v.validation_id, r.run_no, r.model, r.family, r.run_group, r.regime, r.slots,
        r.slot_rank, r.adapters, r.offered_req_s, q.quantity, q.measured, q.predicted, q.twin,
        coalesce(100.0 * abs(q.measured - q.predicted)
          / nullif(abs(q.measured) + abs(q.predicted), 0),
          CASE WHEN q.measured = q.predicted THEN 0.0 END) AS smape,
        100.0 * abs(q.measured - q.twin) / nullif(abs(q.measured) + abs(q.twin), 0) AS twin_smape
      FROM validation v JOIN validation_run r USING (validation_key)
        JOIN validation_value q USING (validation_key, run_no);
    """

  private static let views = """
    CREATE VIEW run_metric AS
      SELECT e.name AS experiment, r.run_id, r.workload, r.strategy, r.backend, r.seed,
        r.sweep_parameter, r.sweep_value, m.name AS metric, m.value, m.unit
      FROM run r JOIN metric m USING (run_key)
        LEFT JOIN experiment_run USING (run_id) LEFT JOIN experiment e USING (experiment_key);
    CREATE VIEW request_latency AS
      SELECT r.run_id, r.workload, r.strategy, r.seed, q.request, q.tenant, q.adapter_set,
        q.prompt_tokens, q.output_tokens,
        CASE q.outcome WHEN 0 THEN 'finished' WHEN 1 THEN 'rejected' ELSE 'aborted' END AS outcome,
        CASE q.found_in WHEN 0 THEN 'remote' WHEN 1 THEN 'disk' WHEN 2 THEN 'host'
          ELSE 'device' END AS found_in,
        q.arrival_ns / 1e9 AS arrival_s,
        (q.admitted_ns - q.arrival_ns) / 1e6 AS queue_ms,
        (q.first_token_ns - q.arrival_ns) / 1e6 AS ttft_ms,
        CASE WHEN q.outcome = 0 AND q.output_tokens > 1 THEN
          (q.finished_ns - q.first_token_ns) / 1e6 / (q.output_tokens - 1) END AS tpot_ms,
        CASE WHEN q.outcome = 0 THEN (q.finished_ns - q.arrival_ns) / 1e6 END AS e2e_ms,
        q.load_wait_ns / 1e6 AS load_wait_ms
      FROM request q JOIN run r USING (run_key);
    """

  /// As in the first version, but with requests that were never sent.
  private static let requestLatency = """
    CREATE VIEW request_latency AS
      SELECT r.run_id, r.workload, r.strategy, r.seed, q.request, q.tenant, q.adapter_set,
        q.prompt_tokens, q.output_tokens,
        CASE q.outcome WHEN 0 THEN 'finished' WHEN 1 THEN 'rejected' WHEN 2 THEN 'aborted'
          ELSE 'unsent' END AS outcome,
        CASE q.found_in WHEN 0 THEN 'remote' WHEN 1 THEN 'disk' WHEN 2 THEN 'host'
          ELSE 'device' END AS found_in,
        q.arrival_ns / 1e9 AS arrival_s,
        (q.admitted_ns - q.arrival_ns) / 1e6 AS queue_ms,
        (q.first_token_ns - q.arrival_ns) / 1e6 AS ttft_ms,
        CASE WHEN q.outcome = 0 AND q.output_tokens > 1 THEN
          (q.finished_ns - q.first_token_ns) / 1e6 / (q.output_tokens - 1) END AS tpot_ms,
        CASE WHEN q.outcome = 0 THEN (q.finished_ns - q.arrival_ns) / 1e6 END AS e2e_ms,
        q.load_wait_ns / 1e6 AS load_wait_ms
      FROM request q JOIN run r USING (run_key);
    """
}

import Foundation
import GRDB
import Primitives

extension RunStore {
  /// Keeps a validation, with every row of it, in one transaction. It takes the place of one with
  /// the same id: the code may have changed between two versions of the model.
  /// - Throws: `PitwallError` (inputOutput) where the database cannot be written.
  public func save(_ validation: ValidationDescription, _ runs: [ValidatedRun]) throws {
    try write { db in
      try db.execute(
        sql: "DELETE FROM validation WHERE validation_id = ?", arguments: [validation.id])
      let key = try insert(validation, db)
      try insert(runs, key, db)
    }
  }

  /// The ids of all validations, by the time at which they began.
  public func validations() throws -> [String] {
    try read { db in
      try String.fetchAll(
        db, sql: "SELECT validation_id FROM validation ORDER BY started_at, validation_id")
    }
  }

  /// A validation's rows, by number of the run.
  /// - Throws: `PitwallError` (data) where there is no validation with this id.
  public func validatedRuns(of id: String) throws -> [ValidatedRun] {
    try read { db in
      guard
        let key = try Int64.fetchOne(
          db, sql: "SELECT validation_key FROM validation WHERE validation_id = ?",
          arguments: [id])
      else { throw PitwallError(.data, at: path, "no validation \"\(id)\"") }
      var runs = try Row.fetchAll(
        db, sql: "SELECT * FROM validation_run WHERE validation_key = ? ORDER BY run_no",
        arguments: [key]
      ).map(ValidatedRun.init)
      let places = Dictionary(
        zip(runs.map(\.number), runs.indices), uniquingKeysWith: { first, _ in first })
      let values = try Row.fetchCursor(
        db, sql: "SELECT * FROM validation_value WHERE validation_key = ?", arguments: [key])
      while let row = try values.next() {
        guard let place = places[row["run_no"]],
          let quantity = ValidationQuantity(rawValue: row["quantity"])
        else { continue }
        runs[place].measured[quantity] = row["measured"]
        runs[place].predicted[quantity] = row["predicted"]
        runs[place].twin[quantity] = row["twin"]
      }
      return runs
    }
  }

  private func insert(_ validation: ValidationDescription, _ db: Database) throws -> Int64 {
    try db.execute(
      sql: """
        INSERT INTO validation (validation_id, runs_file, runs_digest, profile_name,
          profile_digest, profile, client, seeds, code_revision, model_version, host, started_at, wall_s)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
      arguments: [
        validation.id, validation.runsFile, validation.runsDigest, validation.profileName,
        validation.profileDigest, validation.profile, validation.client,
        validation.seeds.map { "\($0)" }.joined(separator: " "), validation.codeRevision,
        validation.modelVersion, validation.host, validation.startedAt, validation.wallSeconds,
      ])
    return db.lastInsertedRowID
  }

  private func insert(_ runs: [ValidatedRun], _ key: Int64, _ db: Database) throws {
    let row = try db.makeStatement(
      sql: """
        INSERT INTO validation_run (validation_key, run_no, model, family, run_group, regime, slots,
          slot_rank, adapters, offered_req_s)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """)
    let value = try db.makeStatement(
      sql: """
        INSERT INTO validation_value (validation_key, run_no, quantity, measured, predicted, twin)
        VALUES (?, ?, ?, ?, ?, ?)
        """)
    for run in runs {
      try row.execute(
        arguments: [
          key, run.number, run.model, run.family, run.group, run.regime, run.slots, run.slotRank,
          run.adapters, run.offered,
        ])
      for quantity in ValidationQuantity.allCases {
        let (measured, predicted) = (run.measured[quantity], run.predicted[quantity])
        let twin = run.twin[quantity]
        if measured == nil, predicted == nil, twin == nil { continue }
        try value.execute(
          arguments: [key, run.number, quantity.rawValue, measured, predicted, twin])
      }
    }
  }
}

extension ValidatedRun {
  fileprivate init(_ row: Row) {
    self.init(
      number: row["run_no"], model: row["model"], family: row["family"], group: row["run_group"],
      regime: row["regime"], slots: row["slots"], slotRank: row["slot_rank"],
      adapters: row["adapters"], offered: row["offered_req_s"])
  }
}

import Foundation
import GRDB
import Primitives

extension RunStore {
  /// Keeps replays of caches; one takes the place of an earlier one with the same id.
  /// - Throws: `PitwallError` (inputOutput) where the database cannot be written.
  public func save(_ runs: [CacheRun]) throws {
    try write { db in
      let statement = try db.makeStatement(
        sql: """
          INSERT OR REPLACE INTO cache_run (run_id, workload, trace_name, transforms, trace_digest,
            policy, clairvoyant, slots, capacity_bytes, seed, warm_up, requests, misses, bytes,
            missed_bytes, load_ns, missed_load_ns, evictions, model_version, code_revision, host,
            started_at)
          VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
          """)
      for run in runs {
        try statement.execute(arguments: [
          run.id, run.workload, run.traceName, run.transforms.joined(separator: "\n"),
          run.traceDigest, run.policy, run.isClairvoyant, run.slots, run.capacity,
          Int64(bitPattern: run.seed), run.warmUp, run.requests, run.misses, run.bytes,
          run.missedBytes, run.cost, run.missedCost, run.evictions, CacheRun.modelVersion,
          run.codeRevision, run.host, run.startedAt,
        ])
      }
    }
  }

  /// The replay with an id; nil if there is none.
  public func cacheRun(_ id: String) throws -> CacheRun? {
    try read { db in
      try Row.fetchOne(db, sql: "SELECT * FROM cache_run WHERE run_id = ?", arguments: [id])
        .map(CacheRun.init)
    }
  }
}

extension CacheRun {
  fileprivate init(_ row: Row) {
    let transforms: String = row["transforms"]
    self.init(
      workload: row["workload"], traceName: row["trace_name"],
      transforms: transforms.split(separator: "\n").map(String.init),
      traceDigest: row["trace_digest"], policy: row["policy"], isClairvoyant: row["clairvoyant"],
      slots: row["slots"], capacity: row["capacity_bytes"],
      seed: UInt64(bitPattern: row["seed"] as Int64), warmUp: row["warm_up"])
    (requests, misses) = (row["requests"], row["misses"])
    (bytes, missedBytes) = (row["bytes"], row["missed_bytes"])
    (cost, missedCost) = (row["load_ns"], row["missed_load_ns"])
    evictions = row["evictions"]
    (codeRevision, host, startedAt) = (row["code_revision"], row["host"], row["started_at"])
  }
}

import GRDB

/// Hit ratios that a trace's references allow, without a server: what runs are held against.
///
/// References count in order of arrival. A run counts them when its scheduler first wants a
/// request, and a prefetcher loads what nobody asked for yet, so that a run may exceed these.
public struct HitRatioBounds: Sendable, Equatable {
  /// Slots of equal size.
  public var slots: Int
  /// The hit ratio of least recently used.
  public var lru: Double
  /// The hit ratio of Belady's offline optimum of loading on demand.
  public var opt: Double

  /// Makes bounds.
  public init(slots: Int, lru: Double, opt: Double) {
    self.slots = slots
    self.lru = lru
    self.opt = opt
  }
}

extension RunStore {
  /// Keeps the bounds of a trace; those that are there already stay as they are.
  /// - Throws: `PitwallError` (inputOutput) where the database cannot be written.
  public func save(_ bounds: [HitRatioBounds], ofTrace digest: String) throws {
    try write { db in
      let statement = try db.makeStatement(
        sql: "INSERT OR IGNORE INTO bound (trace_digest, slots, lru, opt) VALUES (?, ?, ?, ?)")
      for bound in bounds {
        try statement.execute(arguments: [digest, bound.slots, bound.lru, bound.opt])
      }
    }
  }

  /// The bounds of a trace, by rising number of slots; empty where none were kept.
  public func bounds(ofTrace digest: String) throws -> [HitRatioBounds] {
    try read { db in
      try Row.fetchAll(
        db, sql: "SELECT slots, lru, opt FROM bound WHERE trace_digest = ? ORDER BY slots",
        arguments: [digest]
      ).map { HitRatioBounds(slots: $0[0], lru: $0[1], opt: $0[2]) }
    }
  }
}

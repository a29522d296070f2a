import Foundation
import GRDB
import Primitives

/// A results database: one SQLite file that holds runs, per-request records, time series and
/// metrics. `README.md` beside this folder documents its tables.
///
/// A run is written in one transaction. Whatever happens to the process, a run is in the database
/// as a whole or not at all. Threads and processes may read and write at the same time; writers
/// wait for one another.
public struct RunStore: Sendable {
  /// What a database is opened for.
  public enum Access: Sendable {
    /// To add runs; the file is created where it does not exist.
    case writing
    /// To read; the file must exist.
    case reading
  }

  /// The file, as the person named it.
  public let path: String
  let database: any DatabaseWriter

  /// How long a writer waits for another process before it gives up, in seconds.
  private static let patience = 60.0

  /// Opens a database.
  /// - Throws: `PitwallError`: noInput for a missing file, data for a file that is not a Pitwall
  ///   database or is of a newer schema, inputOutput where it cannot be created or written.
  public init(_ path: String, for access: Access = .reading) throws {
    self.path = path
    // SQLite takes it for a temporary database, and all results would be lost.
    if path.isEmpty { throw PitwallError(.usage, "the database's name is empty") }
    if access == .reading, !FileManager.default.fileExists(atPath: path) {
      throw PitwallError(.noInput, at: path, "no such database")
    }
    database = try RunStore.translatingErrors(path) {
      try RunStore.waitingForOthers { try RunStore.open(path, access) }
    }
  }

  private static func open(_ path: String, _ access: Access) throws -> any DatabaseWriter {
    let isCurrent = try checkOwnership(path, access)
    if isCurrent, access == .reading {
      return try DatabaseQueue(path: path, configuration: configuration(.reading))
    }
    let pool = try DatabasePool(path: path, configuration: configuration(.writing))
    try migrate(pool)
    return pool
  }

  /// Repeats `body` while another process is at work on the file: SQLite's own waiting does not
  /// cover the change to WAL mode, which two creators of one database may attempt at once.
  private static func waitingForOthers<T>(_ body: () throws -> T) throws -> T {
    let deadline = Date(timeIntervalSinceNow: patience)
    while true {
      do {
        return try body()
      } catch let error as DatabaseError
        where error.resultCode.primaryResultCode == .SQLITE_BUSY && Date() < deadline
      {
        Thread.sleep(forTimeInterval: 0.01)
      }
    }
  }

  private static func configuration(_ access: Access) -> Configuration {
    var configuration = Configuration()
    configuration.readonly = access == .reading
    configuration.busyMode = .timeout(patience)
    configuration.foreignKeysEnabled = true
    configuration.label = "results"
    return configuration
  }

  /// Refuses files that are not ours before anything of them is changed.
  /// - Returns: whether the schema is the current one.
  private static func checkOwnership(_ path: String, _ access: Access) throws -> Bool {
    let queue = try DatabaseQueue(path: path, configuration: configuration(access))
    defer { try? queue.close() }
    // One statement, so that all three are of the same moment. GRDB's own bookkeeping tables come
    // before ours, in transactions of their own.
    let sql = """
      SELECT application_id, user_version,
        (SELECT count(*) FROM sqlite_master WHERE name NOT LIKE 'grdb%' AND name NOT LIKE 'sqlite%')
      FROM pragma_application_id, pragma_user_version
      """
    let row = try queue.read { try Row.fetchOne($0, sql: sql) }
    let application: Int = row?[0] ?? 0
    let version: Int = row?[1] ?? 0
    let tables: Int = row?[2] ?? 0
    if application == 0, tables == 0, access == .writing { return false }
    guard application == Schema.applicationID else {
      throw PitwallError(.data, at: path, "not a Pitwall results database")
    }
    guard version <= Schema.version else {
      throw PitwallError(
        .data, at: path,
        "schema version \(version) is newer than this Pitwall knows (\(Schema.version)); "
          + "use the Pitwall that wrote it, or a newer one")
    }
    guard version == Schema.version else { return false }
    guard try queue.read(Schema.isIntact) else {
      throw PitwallError(
        .data, at: path, "its tables are not those of schema version \(version): changed by hand?")
    }
    return true
  }

  private static func migrate(_ pool: DatabasePool) throws {
    let migrator = Schema.migrator
    func applied() throws -> Int {
      try pool.writeWithoutTransaction { try migrator.appliedMigrations($0).count }
    }
    while true {
      let before = try applied()
      do {
        return try migrator.migrate(pool)
      } catch {
        // Two processes may create the same database at once. The later one finds tables that it was
        // about to make, and goes on from how far the other has come.
        guard try applied() > before else { throw error }
      }
    }
  }

  /// Runs `body` and turns what SQLite says into one line and the right exit code.
  static func translatingErrors<T>(_ path: String, _ body: () throws -> T) throws -> T {
    do {
      return try body()
    } catch let error as DatabaseError {
      throw translated(error, path)
    }
  }

  private static func translated(_ error: DatabaseError, _ path: String) -> PitwallError {
    let reason = error.message ?? "\(error.resultCode)"
    return switch error.resultCode.primaryResultCode {
    case .SQLITE_NOTADB: PitwallError(.data, at: path, "not a SQLite database")
    case .SQLITE_CORRUPT: PitwallError(.data, at: path, "the database is damaged: \(reason)")
    case .SQLITE_FULL: PitwallError(.inputOutput, at: path, "the disk is full")
    case .SQLITE_CANTOPEN:
      PitwallError(.inputOutput, at: path, "the database cannot be opened or created")
    case .SQLITE_READONLY: PitwallError(.inputOutput, at: path, "the database is read-only")
    case .SQLITE_BUSY, .SQLITE_LOCKED:
      PitwallError(.inputOutput, at: path, "another process has held the database for too long")
    case .SQLITE_IOERR, .SQLITE_PERM, .SQLITE_NOLFS:
      PitwallError(.inputOutput, at: path, reason)
    default: PitwallError(.fault, at: path, reason)
    }
  }

  func read<T>(_ body: (Database) throws -> T) throws -> T {
    try RunStore.translatingErrors(path) { try database.read(body) }
  }

  func write<T>(_ body: (Database) throws -> T) throws -> T {
    try RunStore.translatingErrors(path) { try database.write(body) }
  }
}

import GRDB
import GRDBSQLite

/// Inserts many rows of integers into one table through SQLite's own binding calls: 1.8 million
/// rows/s where GRDB's arguments give 0.7 (measured at six columns).
///
/// The only file that touches SQLite's C interface. It is sound because the statement belongs to
/// the connection on whose queue the caller runs, lives as long as this value, and only integers
/// and nulls are bound, so that no memory of ours is ever lent to SQLite.
struct BulkInsert: ~Copyable {
  private let db: Database
  private let statement: Statement
  private let columnCount: Int32
  private var bound: Int32 = 0

  /// Prepares an insertion of `columns` into `table`.
  init(_ db: Database, into table: String, _ columns: [String]) throws {
    self.db = db
    columnCount = Int32(columns.count)
    let names = columns.map { "\"\($0)\"" }.joined(separator: ", ")
    let marks = columns.map { _ in "?" }.joined(separator: ", ")
    statement = try db.makeStatement(sql: "INSERT INTO \(table) (\(names)) VALUES (\(marks))")
  }

  /// Gives the next column of the row its value.
  mutating func bind(_ value: some BinaryInteger) {
    bound += 1
    unsafe sqlite3_bind_int64(statement.sqliteStatement, bound, Int64(value))
  }

  /// Gives the next column its value, or leaves it empty where the value is `null`.
  mutating func bind(_ value: Int64, unless null: Int64) {
    if value != null { return bind(value) }
    bound += 1
    unsafe sqlite3_bind_null(statement.sqliteStatement, bound)
  }

  /// Inserts the row that was bound.
  mutating func insert() throws {
    precondition(bound == columnCount, "a bulk insert bound \(bound) of \(columnCount) columns")
    bound = 0
    let code = unsafe sqlite3_step(statement.sqliteStatement)
    // `reset` repeats the error of `step`; it has to be called in both cases.
    unsafe sqlite3_reset(statement.sqliteStatement)
    guard code == SQLITE_DONE else {
      let message = unsafe sqlite3_errmsg(db.sqliteConnection).map { unsafe String(cString: $0) }
      throw DatabaseError(resultCode: ResultCode(rawValue: code), message: message)
    }
  }
}

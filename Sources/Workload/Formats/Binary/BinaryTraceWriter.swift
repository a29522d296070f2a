import Primitives

/// Writes the binary form row by row, for traces that do not fit in memory. The number of rows is
/// said beforehand, so that every column has its place in the file from the start.
///
///     var names = TraceBuilder(name: "a hundred million")  // interns names, holds no rows
///     var writer = try BinaryTraceWriter("big.pwt", rowCount: 100_000_000)
///     for ... { try writer.append(row) }
///     try writer.finish(tablesOf: names.finish())
///
/// The file appears under its name when ``finish(tablesOf:)`` returns; without it nothing is left.
public struct BinaryTraceWriter: ~Copyable {
  private let file: OutputFile
  private var header: BinaryTrace.Header
  /// Bytes of each column that are not yet written, in the order of ``ColumnName``.
  private var pending = ColumnName.allCases.map { _ in BinaryEncoder() }
  private var flushedRows = 0
  private var pendingRows = 0
  private var lastArrival: Nanoseconds = 0
  private var largestSet: Int32 = 0
  private var largestTenant: Int32 = 0
  private var largestMetadata: Int32 = 0

  /// - Throws: `PitwallError`: inputOutput if the file cannot be written, usage for an impossible
  ///   number of rows.
  public init(_ path: String, rowCount: Int) throws {
    guard (0...BinaryTrace.rowLimit).contains(rowCount) else {
      throw PitwallError(.usage, at: path, "\(rowCount) rows are not possible")
    }
    file = try OutputFile(path)
    header = BinaryTrace.Header(rowCount: rowCount)
  }

  /// Adds the next request; its time is the trace's own, in nanoseconds from the start.
  /// - Throws: `PitwallError`: data if the row is earlier than the one before or a value is
  ///   negative, inputOutput if it cannot be written.
  public mutating func append(_ row: TraceBuilder.Row) throws {
    guard row.arrival >= lastArrival else {
      throw PitwallError.data(
        file.name, "request \(flushedRows + pendingRows): earlier than the one before")
    }
    guard
      [
        row.adapterSet, row.promptTokens, row.outputTokens, row.tenant, row.session, row.metadata,
      ].allSatisfy({ $0 >= 0 })
    else {
      throw PitwallError.data(
        file.name, "request \(flushedRows + pendingRows): a value is negative")
    }
    lastArrival = row.arrival
    largestSet = max(largestSet, row.adapterSet)
    largestTenant = max(largestTenant, row.tenant)
    largestMetadata = max(largestMetadata, row.metadata)
    for (index, column) in ColumnName.allCases.enumerated() {
      switch column {
      case .arrival: pending[index].number(row.arrival)
      case .adapters: pending[index].number(row.adapterSet)
      case .promptTokens: pending[index].number(row.promptTokens)
      case .outputTokens: pending[index].number(row.outputTokens)
      case .tenant: pending[index].number(row.tenant)
      case .session: pending[index].number(row.session)
      case .priority: pending[index].number(row.priority)
      case .metadata: pending[index].number(row.metadata)
      }
    }
    pendingRows += 1
    if pendingRows == 1 << 16 { try flush() }
  }

  /// Writes the tables and makes the file appear.
  /// - Parameter trace: its tables, name and origins are taken, not its rows.
  /// - Throws: `PitwallError`: data if rows name entries that the tables lack, fault if the number
  ///   of rows is not the one that was said, inputOutput if it cannot be written.
  public consuming func finish(tablesOf trace: Trace) throws {
    try flush()
    guard flushedRows == header.rowCount else {
      throw PitwallError.fault("\(header.rowCount) rows were promised, \(flushedRows) came")
    }
    guard Int(largestSet) < trace.adapterSets.count, Int(largestTenant) < trace.tenants.count,
      Int(largestMetadata) < trace.metadataTable.count
    else { throw PitwallError.data(file.name, "a row's index is outside its table") }
    try Self.writeTables(of: trace, header, to: file)
  }

  private mutating func flush() throws {
    for (index, column) in ColumnName.allCases.enumerated() {
      let offset = header.columnOffsets[index] + flushedRows * BinaryTrace.elementSize(column)
      try file.write(pending[index].bytes, at: offset)
      pending[index] = BinaryEncoder()
    }
    flushedRows += pendingRows
    pendingRows = 0
  }

  /// Writes a whole trace, column by column.
  static func write(_ trace: Trace, to path: String) throws {
    let file = try OutputFile(path)
    let header = BinaryTrace.Header(rowCount: trace.count)
    for (column, offset) in zip(ColumnName.allCases, header.columnOffsets) {
      switch column {
      case .arrival: try file.write(trace.arrival, at: offset)
      case .adapters: try file.write(trace.adapterSet, at: offset)
      case .promptTokens: try file.write(trace.promptTokens, at: offset)
      case .outputTokens: try file.write(trace.outputTokens, at: offset)
      case .tenant: try file.write(trace.tenant, at: offset)
      case .session: try file.write(trace.session, at: offset)
      case .priority: try file.write(trace.priority, at: offset)
      case .metadata: try file.write(trace.metadata, at: offset)
      }
    }
    try writeTables(of: trace, header, to: file)
  }

  private static func writeTables(
    of trace: Trace, _ header: BinaryTrace.Header, to file: OutputFile
  ) throws {
    try trace.checkNames()
    var tables = BinaryEncoder()
    tables.tables(of: trace)
    var header = header
    header.tablesLength = tables.bytes.count
    header.fileSize = header.tablesOffset + header.tablesLength
    var unsigned = BinaryEncoder()
    unsigned.header(header, checksum: 0)
    var signed = BinaryEncoder()
    signed.header(header, checksum: BinaryTrace.checksum(unsigned.bytes, tables.bytes))
    try file.write(tables.bytes, at: header.tablesOffset)
    try file.write(signed.bytes, at: 0)
    try file.commit()
  }
}

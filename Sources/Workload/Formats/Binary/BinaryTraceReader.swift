import Primitives

/// Opens ``BinaryTrace``: the columns of the trace are the mapped file.
struct BinaryTraceReader {
  private let input: TraceInput

  /// Opens a trace.
  /// - Throws: `PitwallError` (data) if the file is truncated or damaged, or if a column does not
  ///   keep what a ``Trace`` promises.
  static func read(_ input: TraceInput) throws -> Trace {
    do throws(Malformed) {
      return try BinaryTraceReader(input: input).trace()
    } catch { throw PitwallError.data(input.name, error.message) }
  }

  private func trace() throws(Malformed) -> Trace {
    let header = try readHeader()
    var trace = try readTables(header)
    trace.arrival = try column(.arrival, header)
    trace.adapterSet = try column(.adapters, header)
    trace.promptTokens = try column(.promptTokens, header)
    trace.outputTokens = try column(.outputTokens, header)
    trace.tenant = try column(.tenant, header)
    trace.session = try column(.session, header)
    trace.priority = try column(.priority, header)
    trace.metadata = try column(.metadata, header)
    try checkColumns(trace)
    trace.session = SessionNumbers.dense(trace.session)
    return trace
  }

  private func readHeader() throws(Malformed) -> BinaryTrace.Header {
    guard input.bytes.starts(with: BinaryTrace.magic) else {
      throw Malformed("not a binary trace, or damaged by a transfer in text mode")
    }
    let size = BinaryTrace.headerSize
    guard let bytes = input.bytes.column(of: UInt8.self, at: 0, count: size) else {
      throw Malformed("truncated: \(input.bytes.count) bytes")
    }
    var decoder = BinaryDecoder(bytes)
    _ = try decoder.number(UInt64.self)
    let version = try decoder.number(UInt32.self)
    guard version == BinaryTrace.version else {
      throw Malformed("version \(version) of the format; this Pitwall reads version 1")
    }
    let checksum = try decoder.number(UInt32.self)
    var numbers: [Int] = []
    for _ in 0..<4 + ColumnName.allCases.count {
      let number = try decoder.number(Int64.self)
      guard (0...Int64(1) << 50).contains(number) else { throw Malformed("damaged header") }
      numbers.append(Int(number))
    }
    guard numbers[1] >= input.bytes.count else {
      throw Malformed("the trace is followed by something else at byte \(numbers[1])")
    }
    guard numbers[1] == input.bytes.count else {
      throw Malformed("truncated: \(input.bytes.count) bytes of \(numbers[1])")
    }
    // The layout follows from the number of rows, so it is computed, and the file must agree.
    guard numbers[0] <= BinaryTrace.rowLimit else { throw Malformed("damaged header") }
    var header = BinaryTrace.Header(rowCount: numbers[0])
    header.fileSize = numbers[1]
    header.tablesLength = numbers[3]
    guard numbers[2] == header.tablesOffset, Array(numbers[4...]) == header.columnOffsets,
      header.tablesOffset + header.tablesLength == header.fileSize
    else { throw Malformed("damaged header") }
    var unsigned = Array(bytes)
    unsigned.replaceSubrange(
      BinaryTrace.checksumOffset..<BinaryTrace.checksumOffset + 4, with: [0, 0, 0, 0])
    let expected = BinaryTrace.checksum(unsigned, Array(try tables(header)))
    guard checksum == expected else { throw Malformed("damaged: the checksum does not match") }
    return header
  }

  private func tables(_ header: BinaryTrace.Header) throws(Malformed) -> Column<UInt8> {
    let tables = input.bytes.column(
      of: UInt8.self, at: header.tablesOffset, count: header.tablesLength)
    guard let tables else { throw Malformed("truncated") }
    return tables
  }

  private func column<T>(
    _ name: ColumnName, _ header: BinaryTrace.Header
  ) throws(Malformed) -> Column<T> {
    let index = ColumnName.allCases.firstIndex(of: name) ?? 0
    let column = input.bytes.column(
      of: T.self, at: header.columnOffsets[index], count: header.rowCount)
    guard let column else { throw Malformed("truncated: column \(name.rawValue)") }
    return column
  }

  /// A trace with everything but rows.
  private func readTables(_ header: BinaryTrace.Header) throws(Malformed) -> Trace {
    var decoder = BinaryDecoder(try tables(header))
    let name = try decoder.string()
    var origins: [ColumnName: Origin] = [:]
    for _ in 0..<(try decoder.count(ofSize: 12)) {
      guard let column = ColumnName(rawValue: try decoder.string()),
        let provenance = Provenance(rawValue: try decoder.string())
      else { throw Malformed("an unknown column or provenance in the tables") }
      origins[column] = Origin(provenance, try decoder.string())
    }
    let adapters = try readAdapters(&decoder)
    let sets = try readSets(&decoder, adapterCount: adapters.count)
    var tenants: [String] = []
    for _ in 0..<(try decoder.count(ofSize: 4)) { tenants.append(try decoder.string()) }
    let metadata = try readMetadata(&decoder)
    guard decoder.isAtEnd else { throw Malformed("something follows the tables") }
    guard sets.first == .base, tenants.first == "", metadata.first == [] else {
      throw Malformed("the first set, tenant and metadata must be empty")
    }
    let none = Column<Int32>([])
    return Trace(
      name: name, arrival: Column([]), adapterSet: none, promptTokens: none, outputTokens: none,
      tenant: none, session: none, priority: none, metadata: none, adapters: adapters,
      adapterSets: sets, tenants: tenants, metadataTable: metadata, origins: origins)
  }

  private func readAdapters(_ decoder: inout BinaryDecoder) throws(Malformed) -> [AdapterEntry] {
    var adapters: [AdapterEntry] = []
    var names: Set<String> = []
    for _ in 0..<(try decoder.count(ofSize: 21)) {
      var entry = AdapterEntry(name: try decoder.string())
      let hasBase = try decoder.number(UInt8.self) != 0
      let base = try decoder.string()
      let rank = try decoder.number(Int32.self)
      let bytes = try decoder.number(Bytes.self)
      guard !entry.name.isEmpty, names.insert(entry.name).inserted, rank >= 0, bytes >= 0 else {
        throw Malformed("adapter \"\(entry.name)\": no name, a name used twice, or a negative size")
      }
      entry.baseModel = hasBase ? base : nil
      entry.rank = rank == 0 ? nil : rank
      entry.bytes = bytes == 0 ? nil : bytes
      adapters.append(entry)
    }
    return adapters
  }

  private func readSets(
    _ decoder: inout BinaryDecoder, adapterCount: Int
  ) throws(Malformed) -> [AdapterSet] {
    var sets: [AdapterSet] = []
    for _ in 0..<(try decoder.count(ofSize: 4)) {
      let count = try decoder.count(ofSize: 8)
      var set = AdapterSet([])
      for _ in 0..<count { set.members.append(try decoder.number(Int32.self)) }
      for _ in 0..<count {
        set.weights.append(Float(bitPattern: try decoder.number(UInt32.self)))
      }
      guard set.members.allSatisfy({ $0 >= 0 && $0 < adapterCount }),
        Set(set.members).count == count, set.weights.allSatisfy(\.isFinite)
      else {
        throw Malformed("set \(sets.count): unknown or repeated adapters, or a weight not finite")
      }
      sets.append(set)
    }
    return sets
  }

  private func readMetadata(
    _ decoder: inout BinaryDecoder
  ) throws(Malformed) -> [[MetadataField]] {
    var table: [[MetadataField]] = []
    for _ in 0..<(try decoder.count(ofSize: 4)) {
      var fields: [MetadataField] = []
      for _ in 0..<(try decoder.count(ofSize: 8)) {
        fields.append(MetadataField(try decoder.string(), try decoder.string()))
      }
      table.append(fields)
    }
    return table
  }

  // MARK: What the columns promise

  private func checkColumns(_ trace: Trace) throws(Malformed) {
    try checkOrder(trace.arrival)
    try check(trace.adapterSet, .adapters, below: trace.adapterSets.count)
    try check(trace.promptTokens, .promptTokens, below: 1 << 31)
    try check(trace.outputTokens, .outputTokens, below: 1 << 31)
    try check(trace.tenant, .tenant, below: trace.tenants.count)
    try check(trace.session, .session, below: 1 << 31)
    try check(trace.metadata, .metadata, below: trace.metadataTable.count)
  }

  /// One pass without a branch, so that it runs at the speed of memory; the row is looked for only
  /// where there is one to name.
  private func checkOrder(_ arrival: Column<Nanoseconds>) throws(Malformed) {
    let isOrdered = unsafe arrival.withContiguousStorageIfAvailable { times in
      var disorder: Int64 = unsafe times.first ?? 0
      for row in 1..<max(1, arrival.count) {
        disorder |= unsafe times[row] < times[row - 1] ? -1 : 0
      }
      return disorder >= 0
    }
    guard isOrdered != true else { return }
    let row = arrival.indices.first { $0 == 0 ? arrival[0] < 0 : arrival[$0] < arrival[$0 - 1] }
    throw Malformed("request \(row ?? 0): arrival is negative or earlier than the one before")
  }

  private func check(
    _ column: Column<Int32>, _ name: ColumnName, below limit: Int
  ) throws(Malformed) {
    // As unsigned numbers, negative ones are large.
    let largest: UInt32? = unsafe column.withContiguousStorageIfAvailable { values in
      var largest: UInt32 = 0
      for row in 0..<column.count {
        largest = unsafe max(largest, UInt32(bitPattern: values[row]))
      }
      return largest
    }
    guard column.count > 0, Int(largest ?? .max) >= limit else { return }
    let row = column.firstIndex { Int(UInt32(bitPattern: $0)) >= limit } ?? 0
    throw Malformed("request \(row): \(name.rawValue) \(column[row]) is out of range")
  }
}

import Primitives

/// Little-endian numbers and length-prefixed strings, appended to bytes.
struct BinaryEncoder {
  private(set) var bytes: [UInt8] = []

  mutating func number(_ value: some FixedWidthInteger) {
    var rest = value
    for _ in 0..<type(of: value).bitWidth / 8 {
      bytes.append(UInt8(truncatingIfNeeded: rest))
      rest >>= 8
    }
  }

  mutating func count(_ value: Int) { number(UInt32(clamping: value)) }

  mutating func string(_ text: String) {
    count(text.utf8.count)
    bytes += text.utf8
  }

  mutating func header(_ header: BinaryTrace.Header, checksum: UInt32) {
    bytes += BinaryTrace.magic
    number(BinaryTrace.version)
    number(checksum)
    for value in [header.rowCount, header.fileSize, header.tablesOffset, header.tablesLength] {
      number(Int64(value))
    }
    for offset in header.columnOffsets { number(Int64(offset)) }
    bytes += [UInt8](repeating: 0, count: BinaryTrace.headerSize - bytes.count)
  }

  /// Everything of a trace but its columns.
  mutating func tables(of trace: Trace) {
    string(trace.name)
    let origins = ColumnName.allCases.compactMap { column in
      trace.origins[column].map { (column, $0) }
    }
    count(origins.count)
    for (column, origin) in origins {
      string(column.rawValue)
      string(origin.provenance.rawValue)
      string(origin.note)
    }
    count(trace.adapters.count)
    for adapter in trace.adapters {
      string(adapter.name)
      number(UInt8(adapter.baseModel == nil ? 0 : 1))
      string(adapter.baseModel ?? "")
      number(adapter.rank ?? 0)
      number(adapter.bytes ?? 0)
    }
    count(trace.adapterSets.count)
    for set in trace.adapterSets {
      count(set.members.count)
      for member in set.members { number(member) }
      for weight in set.weights { number(weight.bitPattern) }
    }
    count(trace.tenants.count)
    for tenant in trace.tenants { string(tenant) }
    count(trace.metadataTable.count)
    for fields in trace.metadataTable {
      count(fields.count)
      for field in fields {
        string(field.key)
        string(field.value)
      }
    }
  }
}

/// Reads what ``BinaryEncoder`` writes; every step is checked against the end.
struct BinaryDecoder {
  private let bytes: Column<UInt8>
  private var position = 0

  init(_ bytes: Column<UInt8>) { self.bytes = bytes }

  var isAtEnd: Bool { position == bytes.count }

  mutating func number<T: FixedWidthInteger>(_ type: T.Type) throws(Malformed) -> T {
    let size = T.bitWidth / 8
    guard size <= bytes.count - position else { throw Malformed("the tables end too early") }
    var value: T = 0
    for index in (0..<size).reversed() {
      value = value << 8 | T(truncatingIfNeeded: bytes[position + index])
    }
    position += size
    return value
  }

  /// A number of elements that take at least `size` bytes each: never more than can follow.
  mutating func count(ofSize size: Int) throws(Malformed) -> Int {
    let count = Int(try number(UInt32.self))
    guard count <= (bytes.count - position) / size else {
      throw Malformed("the tables end too early")
    }
    return count
  }

  mutating func string() throws(Malformed) -> String {
    let count = try count(ofSize: 1)
    let text = String(validating: bytes[position..<position + count], as: UTF8.self)
    guard let text else { throw Malformed("a string in the tables is not UTF-8") }
    position += count
    return text
  }
}

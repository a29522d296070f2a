import CZlib
import Primitives

/// Pitwall's binary form (`.pwt`), version 1: columns as they lie in memory, so that a trace of a
/// hundred million requests is opened by mapping it. 36 bytes a request.
///
/// All numbers are little-endian.
///
///      offset  bytes
///           0      8  magic: 89 'P' 'W' 'T' 0d 0a 1a 0a (as PNG's, it shows damage by text modes)
///           8      4  version, 1
///          12      4  CRC-32 of the header (with this field 0) and the tables
///          16      8  number of requests
///          24      8  size of the file
///          32      8  offset of the tables
///          40      8  length of the tables
///          48     64  offset of each column, a multiple of 64, in the order of ``ColumnName``
///         112     16  zero
///         128      -  columns: arrival as Int64 nanoseconds, the others as Int32
///           -      -  tables: name, origins, adapters, sets, tenants, metadata
///
/// The checksum leaves columns out, since a check of all columns would read all of a large file
/// twice; what the columns must satisfy is checked in one pass when the trace is opened.
enum BinaryTrace {
  static let magic: [UInt8] = [0x89, 0x50, 0x57, 0x54, 0x0d, 0x0a, 0x1a, 0x0a]
  static let version: UInt32 = 1
  static let headerSize = 128
  static let checksumOffset = 12
  static let alignment = 64
  /// More rows than a file can have; keeps sums of offsets far from overflow.
  static let rowLimit = 1 << 40

  /// Bytes of one element of a column.
  static func elementSize(_ column: ColumnName) -> Int { column == .arrival ? 8 : 4 }

  /// The header's numbers.
  struct Header {
    var rowCount: Int
    var fileSize = 0
    var tablesOffset = 0
    var tablesLength = 0
    /// In the order of ``ColumnName``.
    var columnOffsets: [Int] = []

    /// The layout for a number of rows; the tables come last.
    init(rowCount: Int) {
      self.rowCount = rowCount
      var offset = headerSize
      for column in ColumnName.allCases {
        columnOffsets.append(offset)
        let end = offset + rowCount * elementSize(column)
        offset = (end + alignment - 1) / alignment * alignment
      }
      tablesOffset = offset
    }
  }

  /// CRC-32 as zlib and gzip have it.
  static func checksum(_ parts: [UInt8]...) -> UInt32 {
    var sum: UInt = 0
    for part in parts {
      sum = unsafe part.withUnsafeBufferPointer { unsafe crc32_z(sum, $0.baseAddress, $0.count) }
    }
    return UInt32(truncatingIfNeeded: sum)
  }
}

#if _endian(big)
  #error("the binary form maps little-endian columns")
#endif

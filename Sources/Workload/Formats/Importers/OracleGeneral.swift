import Primitives

/// libCacheSim's oracleGeneral: 24-byte little-endian records of time (u32, s), object id (u64),
/// size (u32, bytes) and the time of the next use (i64, not read).
///
/// An object becomes an adapter of the size that its first record gives; there are no tokens.
/// Records out of order are sorted by time, ties as they stand in the file.
struct OracleGeneralImporter: TraceImporter {
  static let summary = "libCacheSim oracleGeneral: cache objects become adapters"
  static let options: [ImportOption] = []

  init(_ options: inout Parameters) {}

  func read(_ input: TraceInput) throws -> Trace {
    let records = try OracleRecords(input)
    var builder = TraceBuilder(name: input.stem)
    builder.reserve(records.count)
    var sets: [UInt64: Int32] = [:]
    for index in 0..<records.count {
      let object = records.object(index)
      let bytes = Bytes(records.bytes(index))
      guard bytes > 0 else { throw records.empty(index) }
      let seconds = Nanoseconds(records.seconds(index))
      var row = TraceBuilder.Row(arrival: seconds * 1_000_000_000)
      if let known = sets[object] {
        row.adapterSet = known
      } else {
        let adapter = builder.internAdapter(String(object))
        builder.adapters[Int(adapter)].bytes = bytes
        row.adapterSet = builder.internSet(AdapterSet([adapter]))
        sets[object] = row.adapterSet
      }
      builder.append(row)
    }
    builder.origins[.arrival] = Origin(.recorded, "oracleGeneral, 1 s steps")
    builder.origins[.adapters] = Origin(.recorded, "oracleGeneral, cache objects as adapters")
    builder.origins[.promptTokens] = .absentTokens
    builder.origins[.outputTokens] = .absentTokens
    return try builder.finish()
  }
}

/// The records of an oracleGeneral input, read where they stand: a mapped file is not copied.
public struct OracleRecords: Sendable {
  /// What errors call the input.
  public let name: String
  /// The name without folders and without the extensions of the formats.
  public let stem: String
  /// Number of records.
  public let count: Int
  // A record is three words: the time and the id's lower half, its upper half and the size, and
  // the next use.
  @usableFromInline let words: Column<UInt64>
  private static let recordSize = 24

  /// Takes an input apart.
  /// - Throws: `PitwallError` (data) if it is not a whole number of records.
  init(_ input: TraceInput) throws {
    let size = input.bytes.count
    guard size % Self.recordSize == 0 else {
      throw PitwallError.data(
        input.name, "truncated: \(size) bytes are not a multiple of \(Self.recordSize)")
    }
    name = input.name
    stem = input.stem
    count = size / Self.recordSize
    words = input.bytes.column(of: UInt64.self, at: 0, count: size / 8) ?? Column([])
  }

  /// Takes bytes apart that are in memory.
  /// - Parameter name: what errors call them.
  public init(_ bytes: [UInt8], named name: String) throws {
    try self.init(TraceInput(name: name, bytes: InputBytes(bytes)))
  }

  /// The object of a record.
  @inlinable public func object(_ record: Int) -> UInt64 {
    words[3 * record] >> 32 | words[3 * record + 1] << 32
  }
  /// Its size.
  @inlinable public func bytes(_ record: Int) -> UInt32 {
    UInt32(truncatingIfNeeded: words[3 * record + 1] >> 32)
  }
  /// Its time.
  @inlinable public func seconds(_ record: Int) -> UInt32 {
    UInt32(truncatingIfNeeded: words[3 * record])
  }

  /// An error about a record without a size.
  public func empty(_ record: Int) -> PitwallError {
    .data(name, "record \(record): object \(object(record)) has 0 bytes")
  }
}

extension Origin {
  /// Of lengths that the source lacks.
  static let absentTokens = Origin(.assigned, "absent: zero")
  /// Of adapters where the source has none.
  static let absentAdapters = Origin(.assigned, "absent: base model")
}

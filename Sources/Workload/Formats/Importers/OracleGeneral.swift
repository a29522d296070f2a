import Primitives

/// libCacheSim's oracleGeneral: 24-byte little-endian records of time (u32, s), object id (u64),
/// size (u32, bytes) and the time of the next use (i64, not read).
///
/// An object becomes an adapter of the size that its first record gives; there are no tokens.
/// Records out of order are sorted by time, ties as they stand in the file.
struct OracleGeneralImporter: TraceImporter {
  static let summary = "libCacheSim oracleGeneral: cache objects become adapters"
  static let options: [ImportOption] = []
  private static let recordSize = 24

  init(_ options: inout Parameters) {}

  func read(_ input: TraceInput) throws -> Trace {
    let size = input.bytes.count
    guard size % Self.recordSize == 0 else {
      throw PitwallError.data(
        input.name, "truncated: \(size) bytes are not a multiple of \(Self.recordSize)")
    }
    // A record is three words: the time and the id's lower half, its upper half and the size, and
    // the next use.
    let words = input.bytes.column(of: UInt64.self, at: 0, count: size / 8) ?? Column([])
    var builder = TraceBuilder(name: input.stem)
    builder.reserve(words.count / 3)
    var sets: [UInt64: Int32] = [:]
    for index in stride(from: 0, to: words.count, by: 3) {
      let object = words[index] >> 32 | words[index + 1] << 32
      let bytes = Bytes(words[index + 1] >> 32)
      guard bytes > 0 else {
        throw PitwallError.data(input.name, "record \(index / 3): object \(object) has 0 bytes")
      }
      let seconds = Nanoseconds(words[index] & 0xffff_ffff)
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

extension Origin {
  /// Of lengths that the source lacks.
  static let absentTokens = Origin(.assigned, "absent: zero")
  /// Of adapters where the source has none.
  static let absentAdapters = Origin(.assigned, "absent: base model")
}

import Primitives

/// Writes ``PitwallCSV``. What is read back is the same trace: times to the nanosecond, every
/// index and table as it was.
struct PitwallCSVWriter {
  private let trace: Trace
  private let sink: ([UInt8]) throws -> Void
  private var buffer: [UInt8] = []
  private static let flushAt = 1 << 18

  /// Writes a trace piece by piece to `sink`.
  /// - Throws: `PitwallError` (data) for what the format has no spelling for: an adapter without a
  ///   name, a weight that is not finite; and what `sink` throws.
  static func write(_ trace: Trace, to sink: @escaping ([UInt8]) throws -> Void) throws {
    try trace.checkNames()
    var writer = PitwallCSVWriter(trace: trace, sink: sink)
    try writer.writePreamble()
    try writer.writeRows()
    try sink(writer.buffer)
  }

  private init(trace: Trace, sink: @escaping ([UInt8]) throws -> Void) {
    self.trace = trace
    self.sink = sink
    buffer.reserveCapacity(Self.flushAt + 4096)
  }

  private mutating func writePreamble() throws {
    try line(PitwallCSV.magic + String(PitwallCSV.version))
    try line("# name: " + PercentEncoding.encodeLine(trace.name))
    for column in ColumnName.allCases {
      guard let origin = trace.origins[column] else { continue }
      let note = origin.note.isEmpty ? "" : " (\(PercentEncoding.encodeLine(origin.note)))"
      try line("# column \(column.rawValue): \(origin.provenance.rawValue)\(note)")
    }
    for adapter in trace.adapters {
      var words = ["# adapter", PercentEncoding.encode(adapter.name)]
      if let base = adapter.baseModel { words.append("base=" + PercentEncoding.encode(base)) }
      if let rank = adapter.rank { words.append("rank=\(rank)") }
      if let bytes = adapter.bytes { words.append("bytes=\(bytes)") }
      try line(words.joined(separator: " "))
    }
    if !isNumberedByAppearance(trace.tenant, trace.tenants.count) {
      for tenant in trace.tenants.dropFirst() {
        try line("# tenant " + PercentEncoding.encode(tenant))
      }
    }
    if !isNumberedByAppearance(trace.adapterSet, trace.adapterSets.count) {
      for set in trace.adapterSets.dropFirst() {
        try line("# set " + PitwallCSV.text(of: set, in: trace.adapters))
      }
    }
    if !isNumberedByAppearance(trace.metadata, trace.metadataTable.count) {
      for fields in trace.metadataTable.dropFirst() {
        try line("# metadata " + PitwallCSV.text(of: fields))
      }
    }
  }

  private mutating func writeRows() throws {
    let columns = ColumnName.allCases.filter { $0 == .arrival || !isDefault($0) }
    try line(columns.map(PitwallCSV.heading).joined(separator: ","))
    let sets = trace.adapterSets.map { Array(PitwallCSV.text(of: $0, in: trace.adapters).utf8) }
    let tenants = trace.tenants.map { Array(Self.quoted($0).utf8) }
    let metadata = trace.metadataTable.map { Array(PitwallCSV.text(of: $0).utf8) }
    for row in 0..<trace.count {
      for column in columns {
        switch column {
        case .arrival: append(seconds: trace.arrival[row])
        case .adapters: buffer += sets[Int(trace.adapterSet[row])]
        case .promptTokens: append(trace.promptTokens[row])
        case .outputTokens: append(trace.outputTokens[row])
        case .tenant: buffer += tenants[Int(trace.tenant[row])]
        case .session: append(trace.session[row])
        case .priority: append(trace.priority[row])
        case .metadata: buffer += metadata[Int(trace.metadata[row])]
        }
        buffer.append(UInt8(ascii: ","))
      }
      buffer[buffer.count - 1] = UInt8(ascii: "\n")
      try flush(ifOver: Self.flushAt)
    }
  }

  private mutating func line(_ text: String) throws {
    buffer += text.utf8
    buffer.append(UInt8(ascii: "\n"))
    try flush(ifOver: Self.flushAt)
  }

  private mutating func flush(ifOver limit: Int) throws {
    guard buffer.count > limit else { return }
    try sink(buffer)
    buffer.removeAll(keepingCapacity: true)
  }

  /// Seconds with as many decimals as the nanoseconds need.
  private mutating func append(seconds time: Nanoseconds) {
    var fraction = time % 1_000_000_000
    append(time / 1_000_000_000)
    guard fraction > 0 else { return }
    buffer.append(UInt8(ascii: "."))
    var unit: Int64 = 100_000_000
    while fraction > 0 {
      buffer.append(UInt8(ascii: "0") + UInt8(fraction / unit))
      fraction %= unit
      unit /= 10
    }
  }

  private mutating func append(_ value: some BinaryInteger) {
    var rest = value.magnitude
    if value < 0 { buffer.append(UInt8(ascii: "-")) }
    let start = buffer.count
    repeat {
      buffer.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10))
      rest /= 10
    } while rest > 0
    buffer[start...].reverse()
  }

  private func isDefault(_ column: ColumnName) -> Bool {
    switch column {
    case .arrival: false
    case .adapters: trace.adapterSet.allSatisfy { $0 == 0 }
    case .promptTokens: trace.promptTokens.allSatisfy { $0 == 0 }
    case .outputTokens: trace.outputTokens.allSatisfy { $0 == 0 }
    case .tenant: trace.tenant.allSatisfy { $0 == 0 }
    case .session: trace.session.allSatisfy { $0 == 0 }
    case .priority: trace.priority.allSatisfy { $0 == 0 }
    case .metadata: trace.metadata.allSatisfy { $0 == 0 }
    }
  }

  /// Whether a reader that numbers entries as they appear would find the same numbers.
  private func isNumberedByAppearance(_ column: Column<Int32>, _ count: Int) -> Bool {
    var next: Int32 = 1
    for index in column where index >= next {
      guard index == next else { return false }
      next += 1
    }
    return Int(next) == count
  }

  private static func quoted(_ text: String) -> String {
    let special: Set<UInt8> = [0x22, 0x2c, 0x0a, 0x0d]
    guard text.utf8.contains(where: special.contains) else { return text }
    return "\"" + text.pieces(between: "\"").joined(separator: "\"\"") + "\""
  }
}

extension Trace {
  /// Checks what no file format of ours can spell.
  func checkNames() throws {
    guard !adapters.contains(where: \.name.isEmpty) else {
      throw PitwallError.data(name, "an adapter has no name")
    }
    guard adapterSets.allSatisfy({ $0.weights.allSatisfy(\.isFinite) }) else {
      throw PitwallError.data(name, "an adapter's weight is not a finite number")
    }
    guard adapters.allSatisfy({ $0.rank ?? 1 > 0 && $0.bytes ?? 1 > 0 }) else {
      throw PitwallError.data(name, "an adapter's rank or size is not positive")
    }
  }
}

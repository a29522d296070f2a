import Primitives

/// Reads ``PitwallCSV``.
struct PitwallCSVReader {
  private let text: TextSource
  private let fallbackName: String
  private var tables = PitwallPreamble()
  private var columns = Columns()

  /// What the rows say, as plain arrays; a column that the file lacks stays empty.
  private struct Columns {
    var arrival: [Nanoseconds] = []
    var adapterSet: [Int32] = []
    var promptTokens: [Int32] = []
    var outputTokens: [Int32] = []
    var tenant: [Int32] = []
    var session: [Int32] = []
    var priority: [Int32] = []
    var metadata: [Int32] = []
  }

  /// Reads a trace.
  /// - Throws: `PitwallError` (data) that names file and line.
  static func read(_ input: TraceInput) throws -> Trace {
    var reader = PitwallCSVReader(text: try TextSource(input), fallbackName: input.stem)
    var rows = try reader.readPreamble()
    try reader.readRows(&rows, header: try reader.readHeader(&rows))
    return reader.trace()
  }

  private init(text: TextSource, fallbackName: String) {
    self.text = text
    self.fallbackName = fallbackName
  }

  /// Reads the comment block and returns the rows after it.
  private mutating func readPreamble() throws -> CSVRows {
    var position = text.start
    var line = 1
    while position < text.count, text[position] == UInt8(ascii: "#") {
      let end = text.endOfLine(from: position)
      var content = text.string(position..<end)
      content = content.removing(suffix: "\r") ?? content
      if line == 1 {
        try checkVersion(content)
      } else if content.removing(prefix: "##") == nil {
        guard let directive = content.removing(prefix: "# ") else {
          throw PitwallError.data(text.file, line: line, "expected a space after #")
        }
        do throws(Malformed) {
          try tables.read(directive)
        } catch { throw PitwallError.data(text.file, line: line, error.message) }
      }
      position = min(end + 1, text.count)
      line += 1
    }
    guard line > 1 else {
      throw PitwallError.data(text.file, line: 1, "expected \"\(PitwallCSV.magic)1\"")
    }
    return CSVRows(text, from: position, line: line)
  }

  private func checkVersion(_ line: String) throws {
    guard let version = line.removing(prefix: PitwallCSV.magic) else {
      throw PitwallError.data(text.file, line: 1, "expected \"\(PitwallCSV.magic)1\"")
    }
    guard version == String(PitwallCSV.version) else {
      throw PitwallError.data(
        text.file, line: 1, "version \(version) of the format; this Pitwall reads version 1")
    }
  }

  /// A column of the file: what it holds, and for arrivals the power of ten of its unit.
  private struct Heading {
    let column: ColumnName
    let power: Int
  }

  private func readHeader(_ rows: inout CSVRows) throws -> [Heading] {
    guard try rows.next() else { throw PitwallError.data(text.file, "no header with column names") }
    var header: [Heading] = []
    for field in rows.fields {
      let heading = try self.heading(rows.string(field), rows)
      guard !header.contains(where: { $0.column == heading.column }) else {
        throw rows.failure("column \(heading.column.rawValue) is there twice")
      }
      header.append(heading)
    }
    guard header.contains(where: { $0.column == .arrival }) else {
      throw rows.failure("column arrival is missing")
    }
    return header
  }

  private func heading(_ text: String, _ rows: CSVRows) throws -> Heading {
    let name = text.pieces(between: ":")[0]
    guard let column = ColumnName(rawValue: name) else {
      let names = ColumnName.allCases.map(\.rawValue)
      throw rows.failure("unknown column \"\(name)\"" + Suggestion.hint(for: name, in: names))
    }
    if column == .arrival {
      for unit in PitwallCSV.timeUnits where text == "arrival:\(unit.name)" {
        return Heading(column: column, power: unit.power)
      }
      throw rows.failure("expected arrival:s, :ms, :us or :ns, found \"\(text)\"")
    }
    guard text == PitwallCSV.heading(column) else {
      throw rows.failure("expected \(PitwallCSV.heading(column)), found \"\(text)\"")
    }
    return Heading(column: column, power: 0)
  }

  private mutating func readRows(_ rows: inout CSVRows, header: [Heading]) throws {
    var sets = FieldNumbers()
    var tenants = FieldNumbers()
    var metadata = FieldNumbers()
    while try rows.next() {
      guard rows.fields.count == header.count else {
        throw rows.failure("expected \(header.count) fields, found \(rows.fields.count)")
      }
      for (index, heading) in header.enumerated() {
        let field = rows.fields[index]
        switch heading.column {
        case .arrival: columns.arrival.append(try arrival(field, heading.power, rows))
        case .promptTokens: columns.promptTokens.append(try count(field, heading, rows))
        case .outputTokens: columns.outputTokens.append(try count(field, heading, rows))
        case .session: columns.session.append(try count(field, heading, rows))
        case .priority:
          columns.priority.append(try integer(field, heading, from: .min, rows))
        case .adapters:
          let number = try sets.number(of: field, in: rows) { text throws(Malformed) in
            try tables.setNumber(text)
          }
          columns.adapterSet.append(number)
        case .tenant:
          columns.tenant.append(try tenants.number(of: field, in: rows) { tables.tenantNumber($0) })
        case .metadata:
          let number = try metadata.number(of: field, in: rows) { text throws(Malformed) in
            try tables.metadataNumber(text)
          }
          columns.metadata.append(number)
        }
      }
    }
  }

  private func arrival(_ field: CSVRows.Field, _ power: Int, _ rows: CSVRows) throws -> Nanoseconds
  {
    guard let number = ScannedNumber(text, field.range) else {
      throw rows.failure("arrival: expected a number, found \(text.excerpt(field.range))")
    }
    guard let time = number.scaled(by: power)?.value else {
      throw rows.failure("arrival: \(text.excerpt(field.range)) is out of range")
    }
    guard time >= 0 else { throw rows.failure("arrival: \(text.excerpt(field.range)) is negative") }
    guard time >= columns.arrival.last ?? 0 else {
      throw rows.failure("arrival: earlier than the row before; a trace is in order of arrival")
    }
    return time
  }

  private func count(_ field: CSVRows.Field, _ heading: Heading, _ rows: CSVRows) throws -> Int32 {
    try integer(field, heading, from: 0, rows)
  }

  private func integer(
    _ field: CSVRows.Field, _ heading: Heading, from least: Int32, _ rows: CSVRows
  ) throws -> Int32 {
    guard let wide = text.int64(field.range), wide >= least, let value = Int32(exactly: wide) else {
      throw rows.failure(
        "\(heading.column.rawValue): expected a whole number from \(least) to \(Int32.max), found "
          + text.excerpt(field.range))
    }
    return value
  }

  private func trace() -> Trace {
    let count = columns.arrival.count
    func column(_ values: [Int32]) -> Column<Int32> {
      values.isEmpty ? Column(repeating: 0, count: count) : Column(values)
    }
    var origins = tables.origins
    for name in ColumnName.allCases where origins[name] == nil {
      origins[name] = Origin(.assigned, "default")
    }
    return Trace(
      name: tables.name ?? fallbackName, arrival: Column(columns.arrival),
      adapterSet: column(columns.adapterSet), promptTokens: column(columns.promptTokens),
      outputTokens: column(columns.outputTokens), tenant: column(columns.tenant),
      session: SessionNumbers.dense(column(columns.session)), priority: column(columns.priority),
      metadata: column(columns.metadata), adapters: tables.adapters, adapterSets: tables.sets,
      tenants: tables.tenants, metadataTable: tables.metadata, origins: origins)
  }
}

/// Table indices of fields that repeat: each distinct spelling is parsed once.
private struct FieldNumbers {
  private var spellings = ByteInterner()
  private var numbers: [Int32] = []

  mutating func number(
    of field: CSVRows.Field, in rows: CSVRows, parse: (String) throws(Malformed) -> Int32
  ) throws -> Int32 {
    let (index, isNew) = spellings.number(of: field.range, in: rows.text)
    guard isNew else { return numbers[index] }
    do throws(Malformed) {
      numbers.append(try parse(rows.string(field)))
    } catch { throw rows.failure(error.message) }
    return numbers[index]
  }
}

/// Session numbers as a ``Trace`` promises them.
enum SessionNumbers {
  /// Numbers below the count of rows stay as they are. Others (a file may hold any) would make
  /// tables by session huge: then all sessions are renumbered in order of first appearance.
  static func dense(_ column: Column<Int32>) -> Column<Int32> {
    guard column.contains(where: { $0 >= column.count }) else { return column }
    var numbers: [Int32: Int32] = [:]
    return Column(
      column.map { session in
        if let known = numbers[session] { return known }
        let next = Int32(numbers.count)
        numbers[session] = next
        return next
      })
  }
}

import Primitives

/// Turns records into a trace by a ``ColumnMapping``. Records out of order are sorted by time, ties
/// as they stand in the file; the first arrival becomes 0.
struct RecordImport<Source: RecordSource> {
  private let mapping: ColumnMapping
  private var records: Source
  private var slots: Slots
  private var builder: TraceBuilder
  private var sets: [AdapterKey: Int32] = [:]
  /// Which columns have had a value.
  private var seen: [Bool]

  /// The columns asked for of a source, and where each mapped one is among them: the alternatives
  /// in order.
  struct Slots {
    private(set) var wanted: [String] = []
    let arrival, adapters, weights, promptTokens, outputTokens, tenant, session, priority: [Int]
    let baseModel, rank, bytes: [Int]
    let metadata: [Int]

    init(_ mapping: ColumnMapping) {
      var wanted: [String] = []
      func slots(_ columns: String?) -> [Int] {
        (columns?.pieces(between: "|") ?? []).map { name in
          wanted.append(name)
          return wanted.count - 1
        }
      }
      arrival = slots(mapping.arrival)
      adapters = slots(mapping.adapters)
      weights = slots(mapping.weights)
      promptTokens = slots(mapping.promptTokens)
      outputTokens = slots(mapping.outputTokens)
      tenant = slots(mapping.tenant)
      session = slots(mapping.session)
      priority = slots(mapping.priority)
      baseModel = slots(mapping.baseModel)
      rank = slots(mapping.rank)
      bytes = slots(mapping.bytes)
      metadata = mapping.metadata.flatMap(slots)
      self.wanted = wanted
    }

    /// Every group of alternatives, to check which a file has.
    var groups: [[Int]] {
      [
        arrival, adapters, weights, promptTokens, outputTokens, tenant, session, priority,
        baseModel, rank, bytes,
      ] + metadata.map { [$0] }
    }
  }

  private struct AdapterKey: Hashable {
    let names: RecordText
    let weights: RecordText?
  }

  /// A value as text to compare by.
  private enum RecordText: Hashable {
    case text(String)
    case list([String])
  }

  init(_ records: Source, slots: Slots, mapping: ColumnMapping, name: String) {
    self.records = records
    self.slots = slots
    self.mapping = mapping
    seen = slots.wanted.map { _ in false }
    builder = TraceBuilder(name: name)
  }

  /// Reads all records.
  /// - Throws: `PitwallError` (data) with file and line.
  mutating func trace() throws -> Trace {
    while try records.next() {
      for slot in seen.indices where !seen[slot] { seen[slot] = records.value(slot) != .missing }
      var row = TraceBuilder.Row(arrival: try arrival())
      row.adapterSet = try adapterSet()
      guard row.adapterSet != 0 || mapping.keepsBaseRows else { continue }
      row.promptTokens = try count(slots.promptTokens, "prompt_tokens")
      row.outputTokens = try count(slots.outputTokens, "output_tokens")
      if let tenant = text(slots.tenant) { row.tenant = builder.internTenant(tenant) }
      if !slots.session.isEmpty { row.session = builder.internSession(text(slots.session) ?? "") }
      row.priority =
        try integer(slots.priority, "priority", Int64(Int32.min), Int64(Int32.max)) ?? 0
      if !slots.metadata.isEmpty { row.metadata = builder.internMetadata(metadata()) }
      builder.append(row)
    }
    try checkPresence()
    addOrigins()
    return try builder.finish()
  }

  // MARK: Columns

  private func arrival() throws -> Nanoseconds {
    switch first(slots.arrival) {
    case .piece(let range): return try time(records.text, range)
    case .decoded(let text):
      let source = TextSource(text, file: records.text.file)
      return try time(source, 0..<source.count)
    case .missing, .list: throw failure("\(mapping.arrival) is missing")
    }
  }

  private func time(_ text: TextSource, _ range: Range<Int>) throws -> Nanoseconds {
    let number = mapping.unit == .iso ? nil : ScannedNumber(text, range)
    guard let number else {
      if mapping.unit.power == nil, let time = ISO8601.nanoseconds(text, range) { return time }
      let what = mapping.unit.power == nil ? "a time such as 2023-11-16 18:17:03.5" : "a number"
      throw failure("\(mapping.arrival): expected \(what), found \(text.excerpt(range))")
    }
    guard let time = number.scaled(by: mapping.unit.power ?? Self.power(guessedFrom: number)) else {
      throw failure("\(mapping.arrival): \(text.excerpt(range)) is out of range")
    }
    guard time.value >= 0 else {
      throw failure("\(mapping.arrival): \(text.excerpt(range)) is negative")
    }
    return time.value
  }

  /// The unit of a time since 1970: seconds pass 10^11 in the year 5138, milliseconds pass it in
  /// 1973, and so on.
  private static func power(guessedFrom number: ScannedNumber) -> Int {
    switch number.scaled(by: 0)?.value ?? .max {
    case ..<100_000_000_000: 9
    case ..<100_000_000_000_000: 6
    case ..<100_000_000_000_000_000: 3
    default: 0
    }
  }

  private mutating func adapterSet() throws -> Int32 {
    guard let names = comparable(first(slots.adapters)) else { return 0 }
    let key = AdapterKey(names: names, weights: comparable(first(slots.weights)))
    if let known = sets[key] { return known }
    let set = try makeSet(pieces(key.names), weights: key.weights.map(pieces))
    sets[key] = set
    return set
  }

  private mutating func makeSet(_ names: [String], weights: [String]?) throws -> Int32 {
    let names = names.filter { !$0.isEmpty }
    if let weights, weights.count != names.count {
      throw failure("\(names.count) adapters but \(weights.count) weights")
    }
    var set = AdapterSet([])
    for (index, name) in names.enumerated() where !mapping.baseNames.contains(name) {
      let weight = weights.map { Float($0[index]) } ?? 1
      guard let weight, weight.isFinite else {
        throw failure("weight: expected a number, found \"\(weights?[index] ?? "")\"")
      }
      let known = builder.adapters.count
      let adapter = builder.internAdapter(name)
      if builder.adapters.count > known { try describe(&builder.adapters[Int(adapter)]) }
      set.members.append(adapter)
      set.weights.append(weight)
    }
    return builder.internSet(set)
  }

  /// Fills in what the record in which an adapter first appears says of it.
  private func describe(_ adapter: inout AdapterEntry) throws {
    adapter.baseModel = text(slots.baseModel)
    adapter.rank = try integer(slots.rank, "rank", 1, Int64(Int32.max))
    adapter.bytes = try wide(slots.bytes, "bytes", 1, .max)
    if mapping.readsRankFromName && adapter.rank == nil {
      adapter.rank = Self.rank(in: adapter.name)
    }
  }

  /// N of a name with `rank-N` in it.
  static func rank(in name: String) -> Int32? {
    let words = name.pieces(between: "-")
    guard let word = words.firstIndex(of: "rank"), word + 1 < words.count,
      let rank = Int32(words[word + 1]), rank > 0
    else { return nil }
    return rank
  }

  private func metadata() -> [MetadataField] {
    zip(mapping.metadata, slots.metadata).compactMap { name, slot in
      text([slot]).map { MetadataField(name, $0) }
    }
  }

  private func count(_ slots: [Int], _ name: String) throws -> Int32 {
    guard !slots.isEmpty else { return 0 }
    return try integer(slots, name, 0, Int64(Int32.max)) ?? 0
  }

  // MARK: Values

  private func first(_ slots: [Int]) -> RecordValue {
    for slot in slots where records.value(slot) != .missing { return records.value(slot) }
    return .missing
  }

  /// A scalar as text; nil where it is missing or empty.
  private func text(_ slots: [Int]) -> String? {
    switch first(slots) {
    case .piece(let range): range.isEmpty ? nil : records.text.string(range)
    case .decoded(let text): text.isEmpty ? nil : text
    case .missing, .list: nil
    }
  }

  private func integer(
    _ slots: [Int], _ name: String, _ least: Int64, _ most: Int64
  ) throws -> Int32? {
    try wide(slots, name, least, most).map { Int32(clamping: $0) }
  }

  private func wide(
    _ slots: [Int], _ name: String, _ least: Int64, _ most: Int64
  ) throws -> Int64? {
    let range: Range<Int>
    switch first(slots) {
    case .missing: return nil
    case .piece(let piece) where piece.isEmpty: return nil
    case .piece(let piece): range = piece
    case .decoded, .list: throw failure("\(name): expected a whole number")
    }
    guard let value = records.text.int64(range) ?? ScannedNumber(records.text, range)?.integer,
      (least...most).contains(value)
    else {
      throw failure(
        "\(name): expected a whole number from \(least) to \(most), found "
          + records.text.excerpt(range))
    }
    return value
  }

  private func comparable(_ value: RecordValue) -> RecordText? {
    switch value {
    case .missing: nil
    case .piece(let range): range.isEmpty ? nil : .text(records.text.string(range))
    case .decoded(let text): .text(text)
    case .list(let elements): elements.isEmpty ? nil : .list(elements)
    }
  }

  private func pieces(_ text: RecordText) -> [String] {
    switch text {
    case .text(let text): text.pieces(between: Unicode.Scalar(mapping.separator.utf8.first ?? 0x3b))
    case .list(let elements): elements
    }
  }

  private func failure(_ message: String) -> PitwallError {
    .data(records.text.file, line: records.line, message)
  }

  /// A column that no record has is a slip in the mapping, unless the format lets it be missing.
  private func checkPresence() throws {
    guard seen.contains(true) else { return }  // No records.
    for group in slots.groups where !group.isEmpty && !isSeen(group) {
      let name = group.map { slots.wanted[$0] }.joined(separator: "|")
      guard mapping.optional.contains(name) else {
        throw PitwallError.data(
          records.text.file,
          "\(group.map { slots.wanted[$0] }.joined(separator: " or ")) is missing")
      }
    }
  }

  private func isSeen(_ group: [Int]) -> Bool { group.contains { seen[$0] } }

  private mutating func addOrigins() {
    let recorded = Origin(mapping.provenance, mapping.source)
    builder.origins[.arrival] = recorded
    builder.origins[.adapters] = isSeen(slots.adapters) ? recorded : .absentAdapters
    builder.origins[.promptTokens] = isSeen(slots.promptTokens) ? recorded : .absentTokens
    builder.origins[.outputTokens] = isSeen(slots.outputTokens) ? recorded : .absentTokens
    if isSeen(slots.tenant) { builder.origins[.tenant] = recorded }
    if isSeen(slots.session) { builder.origins[.session] = recorded }
    if isSeen(slots.priority) { builder.origins[.priority] = recorded }
    if isSeen(slots.metadata) { builder.origins[.metadata] = recorded }
  }
}

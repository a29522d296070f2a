import Primitives

/// The comment block at the top of a Pitwall CSV, as it is being read, and the tables that it and
/// the rows fill.
struct PitwallPreamble {
  var name: String?
  var origins: [ColumnName: Origin] = [:]
  var adapters: [AdapterEntry] = []
  var sets: [AdapterSet] = [.base]
  var tenants: [String] = [""]
  var metadata: [[MetadataField]] = [[]]
  /// Whether `adapter` lines have said which adapters there are.
  private(set) var hasCatalogue = false
  private var adapterIndex: [String: Int32] = [:]
  private var setIndex: [AdapterSet: Int32] = [.base: 0]
  private var tenantIndex: [String: Int32] = ["": 0]
  private var metadataIndex: [[MetadataField]: Int32] = [[]: 0]

  private static let keywords = ["name:", "column", "adapter", "tenant", "set", "metadata"]

  /// Takes in one line of the block, without its `# `.
  /// - Throws: a message that says what is wrong with it.
  mutating func read(_ line: String) throws(Malformed) {
    let parts = line.pieces(between: " ", maxSplits: 1)
    let keyword = parts[0]
    let rest = parts.count == 2 ? parts[1] : ""
    switch keyword {
    case "name:": name = try decoded(rest)
    case "column": try readColumn(rest)
    case "adapter": try readAdapter(rest)
    case "tenant": _ = tenantNumber(try decoded(rest))
    case "set": _ = try setNumber(rest)
    case "metadata": _ = try metadataNumber(rest)
    default:
      throw Malformed(
        "unknown keyword \"\(keyword)\"" + Suggestion.hint(for: keyword, in: Self.keywords)
          + "; remarks begin with ##")
    }
  }

  /// The index of a set that is written as text.
  mutating func setNumber(_ text: String) throws(Malformed) -> Int32 {
    guard let members = PitwallCSV.set(from: text) else {
      throw Malformed("expected adapters such as a*0.8;b, each once, found \"\(text)\"")
    }
    var set = AdapterSet([])
    for (name, weight) in members {
      set.members.append(try adapterNumber(name))
      set.weights.append(weight)
    }
    if let known = setIndex[set] { return known }
    sets.append(set)
    setIndex[set] = Int32(sets.count - 1)
    return Int32(sets.count - 1)
  }

  /// The index of a tenant.
  mutating func tenantNumber(_ name: String) -> Int32 {
    if let known = tenantIndex[name] { return known }
    tenants.append(name)
    tenantIndex[name] = Int32(tenants.count - 1)
    return Int32(tenants.count - 1)
  }

  /// The index of metadata that is written as text.
  mutating func metadataNumber(_ text: String) throws(Malformed) -> Int32 {
    guard let fields = PitwallCSV.metadata(from: text) else {
      throw Malformed("expected key=value;key=value, found \"\(text)\"")
    }
    let sorted = fields.sorted { ($0.key, $0.value) < ($1.key, $1.value) }
    if let known = metadataIndex[sorted] { return known }
    metadata.append(sorted)
    metadataIndex[sorted] = Int32(metadata.count - 1)
    return Int32(metadata.count - 1)
  }

  private mutating func adapterNumber(_ name: String) throws(Malformed) -> Int32 {
    if let known = adapterIndex[name] { return known }
    guard !hasCatalogue else {
      let hint = Suggestion.nearest(to: name, in: adapters.map(\.name))
      throw Malformed(
        "unknown adapter \"\(name)\"" + (hint.map { " (did you mean \"\($0)\"?)" } ?? ""))
    }
    return add(AdapterEntry(name: name))
  }

  private mutating func add(_ entry: AdapterEntry) -> Int32 {
    adapters.append(entry)
    adapterIndex[entry.name] = Int32(adapters.count - 1)
    return Int32(adapters.count - 1)
  }

  /// `prompt_tokens: assigned (Azure LLM 2023 conv, seed 3)`
  private mutating func readColumn(_ text: String) throws(Malformed) {
    let words = text.pieces(between: " ", maxSplits: 2)
    guard words.count >= 2, let name = words[0].removing(suffix: ":") else {
      throw Malformed("expected column NAME: PROVENANCE (note)")
    }
    guard let column = ColumnName(rawValue: name) else {
      let names = ColumnName.allCases.map(\.rawValue)
      throw Malformed("unknown column \"\(name)\"" + Suggestion.hint(for: name, in: names))
    }
    guard let provenance = Provenance(rawValue: words[1]) else {
      throw Malformed("expected recorded, fitted or assigned, found \"\(words[1])\"")
    }
    guard words.count == 3 else {
      origins[column] = Origin(provenance)
      return
    }
    guard let note = words[2].removing(prefix: "(")?.removing(suffix: ")") else {
      throw Malformed("expected a note in parentheses, found \"\(words[2])\"")
    }
    origins[column] = Origin(provenance, try decoded(note))
  }

  /// `billing-v2 base=Llama-2-7b rank=16 bytes=33554432`
  private mutating func readAdapter(_ text: String) throws(Malformed) {
    let words = text.pieces(between: " ")
    guard !words[0].isEmpty else { throw Malformed("expected an adapter's name") }
    var entry = AdapterEntry(name: try decoded(words[0]))
    for word in words.dropFirst() {
      let parts = word.pieces(between: "=", maxSplits: 1)
      let value = parts.count == 2 ? parts[1] : ""
      switch parts[0] {
      case "base": entry.baseModel = try decoded(value)
      case "rank": entry.rank = try positive(Int32(value), of: entry, "rank", value)
      case "bytes": entry.bytes = try positive(Bytes(value), of: entry, "bytes", value)
      default:
        throw Malformed("adapter \(entry.name): expected base=, rank= or bytes=, found \"\(word)\"")
      }
    }
    guard adapterIndex[entry.name] == nil else {
      throw Malformed("adapter \"\(entry.name)\" is listed twice")
    }
    guard hasCatalogue || adapters.isEmpty else {
      throw Malformed("adapter lines must come before set lines")
    }
    hasCatalogue = true
    _ = add(entry)
  }

  private func positive<T: FixedWidthInteger>(
    _ value: T?, of entry: AdapterEntry, _ key: String, _ text: String
  ) throws(Malformed) -> T {
    guard let value, value > 0 else {
      throw Malformed("adapter \(entry.name): \(key) must be a positive number, found \"\(text)\"")
    }
    return value
  }

  private func decoded(_ text: String) throws(Malformed) -> String {
    guard let result = PercentEncoding.decode(text) else {
      throw Malformed("a %XX that is not valid in \"\(text)\"")
    }
    return result
  }
}

/// What is wrong with a piece of text, before anyone has said where it stands.
struct Malformed: Error {
  let message: String

  init(_ message: String) { self.message = message }
}

/// The named parameters of a policy, a transform or a generator, as text that a person wrote in an
/// experiment file or on the command line, read with types and with errors that say where.
///
/// Every key that a reader asks for becomes known; ``finish()`` then refuses all others, so that a
/// slip of the hand is an error and never silently a default.
public struct Parameters: Sendable {
  /// One `key: value` as written.
  public struct Entry: Sendable, Equatable {
    /// The key.
    public var key: String
    /// Its value; a list is written with commas.
    public var value: String
    /// Where it stands, such as `day.yaml:12:5`; nil on the command line.
    public var place: String?

    /// Makes an entry.
    public init(_ key: String, _ value: String, at place: String? = nil) {
      self.key = key
      self.value = value
      self.place = place
    }
  }

  /// Whose parameters these are (`fold`, `lru`): named in errors.
  public let owner: String
  /// Where the whole stands.
  public let place: String?
  /// All entries, in the order in which they were written.
  public let entries: [Entry]
  private var known: [String] = []

  /// Makes parameters.
  /// - Throws: `PitwallError` (usage on the command line, else data) for a key given twice.
  public init(_ owner: String, _ entries: [Entry] = [], at place: String? = nil) throws {
    self.owner = owner
    self.entries = entries
    self.place = place
    for (index, entry) in entries.enumerated()
    where entries[..<index].contains(where: { $0.key == entry.key }) {
      throw failure(entry, "is given twice")
    }
  }

  /// Parses `name key=value key=value`, the form on the command line.
  /// - Throws: `PitwallError` (usage) for an empty text or a word without `=`.
  public init(parsing text: String) throws {
    let words = text.split(separator: " ")
    guard let name = words.first, !name.contains("=") else {
      throw PitwallError(.usage, "\"\(text)\": expected a name, then key=value pairs")
    }
    let entries = try words.dropFirst().map { word in
      guard let equals = word.firstIndex(of: "="), equals != word.startIndex else {
        throw PitwallError(.usage, at: String(name), "expected key=value, found \"\(word)\"")
      }
      return Entry(String(word[..<equals]), String(word[word.index(after: equals)...]))
    }
    try self.init(String(name), entries)
  }

  /// The value of a key as text, or nil.
  public mutating func string(_ key: String) -> String? { entry(key)?.value }

  /// The value of a key as text.
  public mutating func string(_ key: String, default value: String) -> String {
    entry(key)?.value ?? value
  }

  /// The value of a key as text; missing is an error.
  public mutating func requiredString(_ key: String) throws -> String {
    guard let value = string(key) else { throw missing(key) }
    return value
  }

  /// A finite number within a range.
  public mutating func double(
    _ key: String, default value: Double, in range: ClosedRange<Double>? = nil
  ) throws -> Double {
    try optionalDouble(key, in: range) ?? value
  }

  /// A finite number within a range, or nil where the key is missing.
  public mutating func optionalDouble(
    _ key: String, in range: ClosedRange<Double>? = nil
  ) throws -> Double? {
    try parsed(key, expecting: "a number") { Double($0).flatMap { $0.isFinite ? $0 : nil } }
      .map { try check($0, key, range) }
  }

  /// An integer within a range.
  public mutating func int(
    _ key: String, default value: Int, in range: ClosedRange<Int>? = nil
  ) throws -> Int {
    try optionalInt(key, in: range) ?? value
  }

  /// An integer within a range, or nil where the key is missing.
  public mutating func optionalInt(_ key: String, in range: ClosedRange<Int>? = nil) throws -> Int?
  {
    try parsed(key, expecting: "a whole number") { Int($0) }.map { try check($0, key, range) }
  }

  /// `true` or `false`.
  public mutating func bool(_ key: String, default value: Bool) throws -> Bool {
    try parsed(key, expecting: "true or false") { Bool($0) } ?? value
  }

  /// A time such as `250ms` or `1d`, not negative, or nil where the key is missing.
  public mutating func nanoseconds(_ key: String) throws -> Nanoseconds? {
    try parsed(key, expecting: "a time such as 250ms, 2s, 1h, 1d") {
      Quantity.nanoseconds($0).flatMap { $0 >= 0 ? $0 : nil }
    }
  }

  /// A size such as `16GiB`, not negative, or nil where the key is missing.
  public mutating func bytes(_ key: String) throws -> Bytes? {
    try parsed(key, expecting: "a size such as 512MiB, 16GiB") {
      Quantity.bytes($0).flatMap { $0 >= 0 ? $0 : nil }
    }
  }

  /// A list of numbers written with commas, or nil where the key is missing.
  public mutating func doubles(_ key: String) throws -> [Double]? {
    try parsed(key, expecting: "numbers with commas between") { text in
      let parts = text.split(separator: ",", omittingEmptySubsequences: false)
      let numbers = parts.compactMap { Double($0.trimmingSpaces) }.filter(\.isFinite)
      return numbers.count == parts.count ? numbers : nil
    }
  }

  /// One of the cases of an enumeration, by raw value.
  public mutating func choice<T: RawRepresentable & CaseIterable>(
    _ key: String, default value: T
  ) throws -> T where T.RawValue == String {
    guard let entry = entry(key) else { return value }
    guard let choice = T(rawValue: entry.value) else {
      let names = T.allCases.map(\.rawValue)
      throw failure(
        entry, "\"\(entry.value)\" is unknown" + Suggestion.hint(for: entry.value, in: names))
    }
    return choice
  }

  /// The parameters of a part, which are written `part.key`: they become known here, and whoever
  /// makes the part reads and finishes them.
  /// - Parameter owner: whose they are, for errors.
  public mutating func nested(_ part: String, owner: String) throws -> Parameters {
    let prefix = part + "."
    let own = entries.filter { $0.key.hasPrefix(prefix) }
    known += own.map(\.key)
    return try Parameters(
      owner, own.map { Entry(String($0.key.dropFirst(prefix.count)), $0.value, at: $0.place) },
      at: place)
  }

  /// Refuses every key that nobody asked for.
  /// - Throws: `PitwallError` that names the key and the nearest known one.
  public func finish() throws {
    for entry in entries where !known.contains(entry.key) {
      throw failure(entry, "unknown key" + Suggestion.hint(for: entry.key, in: known))
    }
  }

  /// An error about one key's value, or about its absence.
  public func invalid(_ key: String, _ message: String) -> PitwallError {
    failure(
      entries.first { $0.key == key } ?? Entry(key, "", at: place), message + misspelling(of: key))
  }

  /// ` (unknown key "spam": did you mean "span"?)` where `key` is missing and something near it was
  /// written; else nothing. For errors about what is missing, which come before ``finish()``.
  public func misspelling(of key: String) -> String {
    let others = entries.map(\.key).filter { !known.contains($0) }
    guard !entries.contains(where: { $0.key == key }),
      let written = Suggestion.nearest(to: key, in: others)
    else { return "" }
    return " (unknown key \"\(written)\": did you mean \"\(key)\"?)"
  }

  private mutating func entry(_ key: String) -> Entry? {
    if !known.contains(key) { known.append(key) }
    return entries.first { $0.key == key }
  }

  private mutating func parsed<T>(
    _ key: String, expecting what: String, _ parse: (String) -> T?
  ) throws -> T? {
    guard let entry = entry(key) else { return nil }
    guard let value = parse(entry.value) else {
      throw failure(entry, "expected \(what), found \"\(entry.value)\"")
    }
    return value
  }

  private func check<T: Comparable>(_ value: T, _ key: String, _ range: ClosedRange<T>?) throws -> T
  {
    if let range, !range.contains(value) {
      throw invalid(key, "\(value) is outside \(range.lowerBound)...\(range.upperBound)")
    }
    return value
  }

  private func missing(_ key: String) -> PitwallError {
    PitwallError(
      place == nil ? .usage : .data, at: place, "\(owner): \(key) is missing" + misspelling(of: key)
    )
  }

  private func failure(_ entry: Entry, _ message: String) -> PitwallError {
    let place = entry.place ?? place
    return PitwallError(
      place == nil ? .usage : .data, at: place, "\(owner).\(entry.key): \(message)")
  }
}

import Foundation
import Primitives
import Yams

/// One value in a YAML file, which knows where it stands: every error that it makes names file,
/// line, column and key.
///
///     var root = try YAMLValue.read(path).mapping()
///     let seeds = try root.value("seeds")?.int(in: 1...1000) ?? 5
///     try root.finish()
///
/// Read with Yams' `compose`, not with its decoder: `Codable` ignores unknown keys, and its errors
/// name no line.
public struct YAMLValue: Sendable {
  /// The file, as the person named it.
  public let file: String
  /// The way from the root to this value: `limits[2].max`; empty at the root.
  public let path: String
  private let content: Content
  private let line: Int
  private let column: Int

  /// What a YAML node holds, copied out of Yams' own type, which is not `Sendable`.
  private enum Content: Sendable {
    case null
    case scalar(String)
    case list([YAMLValue])
    case mapping([YAMLMapping.Entry])
  }

  /// No configuration is larger; a wrong file given by mistake often is.
  private static let largestFile = 4 << 20
  /// Aliases let a few lines stand for billions of values; no configuration needs so many.
  private static let mostValues = 1 << 20

  /// Reads the one document of a file.
  /// - Throws: `PitwallError`: noInput if the file cannot be read, data if it is not YAML.
  public static func read(_ path: String) throws -> YAMLValue {
    try parse(text(of: path), file: path)
  }

  /// The text of a file that is to be read as YAML.
  /// - Throws: `PitwallError`: noInput if the file cannot be read, data if it is no such text.
  public static func text(of path: String) throws -> String {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw PitwallError(.noInput, at: path, "no such file, or it cannot be read")
    }
    guard data.count <= largestFile else {
      throw PitwallError(.data, at: path, "larger than 4 MiB: this is not a configuration")
    }
    guard let text = String(validating: data, as: UTF8.self) else {
      throw PitwallError(.data, at: path, "not UTF-8 text")
    }
    return text
  }

  /// Parses the one document of a text.
  /// - Throws: `PitwallError` (data) with the line and column of what is wrong.
  public static func parse(_ text: String, file: String) throws -> YAMLValue {
    let root: Node?
    do {
      root = try compose(yaml: text)
    } catch let error as YamlError {
      throw failure(error, file: file)
    }
    guard let root else { throw PitwallError(.data, at: file, "the file is empty") }
    var budget = mostValues
    return try YAMLValue(root, file: file, path: "", budget: &budget)
  }

  private init(_ node: Node, file: String, path: String, budget: inout Int) throws {
    self.file = file
    self.path = path
    line = node.mark?.line ?? 1
    column = node.mark?.column ?? 1
    budget -= 1
    guard budget > 0 else { throw PitwallError(.data, at: file, "too many values") }
    switch node {
    case .scalar(let scalar):
      let isNull = scalar.style == .plain && ["", "~", "null"].contains(scalar.string)
      content = isNull ? .null : .scalar(scalar.string)
    case .sequence(let nodes):
      content = .list(
        try nodes.enumerated().map { index, node in
          try YAMLValue(node, file: file, path: "\(path)[\(index)]", budget: &budget)
        })
    case .mapping(let pairs):
      content = .mapping(
        try pairs.map { keyNode, node in
          guard case .scalar(let scalar) = keyNode else {
            let mark = keyNode.mark
            throw PitwallError(
              .data, at: "\(file):\(mark?.line ?? 1):\(mark?.column ?? 1)", "a key must be a text")
          }
          let inner = path.isEmpty ? scalar.string : "\(path).\(scalar.string)"
          let value = try YAMLValue(node, file: file, path: inner, budget: &budget)
          return YAMLMapping.Entry(
            key: scalar.string, value: value,
            place: "\(file):\(scalar.mark?.line ?? 1):\(scalar.mark?.column ?? 1)")
        })
    case .alias:
      throw PitwallError(.data, at: "\(file):\(line):\(column)", "an alias without its anchor")
    }
  }

  /// `file:line:column`.
  public var place: String { "\(file):\(line):\(column)" }

  /// Whether nothing is written here (`key:`, `~`, `null`).
  public var isNull: Bool { if case .null = content { true } else { false } }
  /// Whether this is a single text or number.
  public var isScalar: Bool { if case .scalar = content { true } else { false } }
  /// Whether this is a list.
  public var isList: Bool { if case .list = content { true } else { false } }
  /// Whether this is a mapping.
  public var isMapping: Bool { if case .mapping = content { true } else { false } }

  /// An error about this value.
  public func failure(_ message: String) -> PitwallError {
    PitwallError(.data, at: place, path.isEmpty ? message : "\(path): \(message)")
  }

  /// This mapping, for reading key by key.
  public func mapping() throws -> YAMLMapping {
    guard case .mapping(let entries) = content else { throw expected("a mapping of keys") }
    return YAMLMapping(self, entries)
  }

  /// The elements of this list.
  public func list() throws -> [YAMLValue] {
    guard case .list(let values) = content else { throw expected("a list") }
    return values
  }

  /// The elements of this list; a single scalar counts as a list of one.
  public func listOrScalar() throws -> [YAMLValue] { isScalar ? [self] : try list() }

  /// This text, which may not be empty.
  public func string() throws -> String {
    guard case .scalar(let text) = content, !text.isEmpty else { throw expected("a text") }
    return text
  }

  /// This whole number, within a range; `_` may separate digits.
  public func int(in range: ClosedRange<Int> = Int.min...Int.max) throws -> Int {
    let value = try parsed("a whole number") { Int($0.filter { $0 != "_" }) }
    return try check(value, in: range)
  }

  /// This finite number, within a range; `_` may separate digits.
  public func double(
    in range: ClosedRange<Double> = -Double.greatestFiniteMagnitude...Double.greatestFiniteMagnitude
  ) throws -> Double {
    let value = try parsed("a number") { text in
      Double(text.filter { $0 != "_" }).flatMap { $0.isFinite ? $0 : nil }
    }
    return try check(value, in: range)
  }

  /// `true` or `false`.
  public func bool() throws -> Bool { try parsed("true or false") { Bool($0) } }

  /// A time such as `250ms`; a bare number is in seconds. Not negative.
  public func nanoseconds() throws -> Nanoseconds {
    try parsed("a time such as 250ms, 2s, 1h, 1d") {
      Quantity.nanoseconds($0).flatMap { $0 >= 0 ? $0 : nil }
    }
  }

  /// A size such as `16GiB`; a bare number is in bytes. Not negative.
  public func bytes() throws -> Bytes {
    try parsed("a size such as 512MiB, 16GiB") {
      Quantity.bytes($0).flatMap { $0 >= 0 ? $0 : nil }
    }
  }

  /// A case of an enumeration, by raw value.
  public func choice<T: RawRepresentable & CaseIterable>(
    _: T.Type = T.self
  ) throws -> T where T.RawValue == String {
    let text = try string()
    guard let choice = T(rawValue: text) else {
      throw failure(
        "\"\(text)\" is unknown"
          + Suggestion.hint(for: text, in: T.allCases.map(\.rawValue)))
    }
    return choice
  }

  /// This value as text for ``Parameters``: a scalar, or a list of scalars joined with commas.
  fileprivate func parameterText() throws -> String {
    isList ? try list().map { try $0.string() }.joined(separator: ",") : try string()
  }

  /// Parses a scalar's text with a function of the caller's; nil means that it is malformed.
  /// - Parameter what: what was expected, for the error: `a percentage such as 5 %`.
  public func parsed<T>(_ what: String, _ parse: (String) -> T?) throws -> T {
    guard case .scalar(let text) = content, let value = parse(text) else { throw expected(what) }
    return value
  }

  private func check<T: Comparable>(_ value: T, in range: ClosedRange<T>) throws -> T {
    guard range.contains(value) else {
      throw failure("\(value) is outside \(range.lowerBound)...\(range.upperBound)")
    }
    return value
  }

  private func expected(_ what: String) -> PitwallError {
    let found =
      switch content {
      case .null: "nothing"
      case .scalar(let text): "\"\(text)\""
      case .list: "a list"
      case .mapping: "a mapping"
      }
    return failure("expected \(what), found \(found)")
  }

  private static func failure(_ error: YamlError, file: String) -> PitwallError {
    switch error {
    case .scanner(let context, let problem, let mark, _),
      .parser(let context, let problem, let mark, _),
      .composer(let context, let problem, let mark, _):
      PitwallError(
        .data, at: "\(file):\(mark.line):\(mark.column)",
        context.map { "\($0.text) \(problem)" } ?? problem)
    case .duplicatedKeysInMapping(let duplicates, let context):
      PitwallError(
        .data, at: "\(file):\(context.mark.line):\(context.mark.column)",
        "given twice: \(duplicates.sorted().joined(separator: ", "))")
    case .reader(let problem, _, _, _): PitwallError(.data, at: file, problem)
    default: PitwallError(.data, at: file, "not readable as YAML")
    }
  }
}

/// A YAML mapping that is read key by key. Keys that nobody asked for are refused by ``finish()``,
/// so that a slip of the hand never silently becomes a default.
public struct YAMLMapping: Sendable {
  /// A key, its value, and where the key stands.
  public struct Entry: Sendable {
    /// The key.
    public let key: String
    /// Its value.
    public let value: YAMLValue
    /// `file:line:column` of the key.
    public let place: String
  }

  /// The mapping as a value: its place, its errors.
  public let whole: YAMLValue
  /// All entries, in the order in which they were written.
  public let entries: [Entry]
  private var known: [String] = []

  init(_ whole: YAMLValue, _ entries: [Entry]) {
    self.whole = whole
    self.entries = entries
  }

  /// The value of a key; nil where the key is missing or has no value.
  public mutating func value(_ key: String) -> YAMLValue? {
    if !known.contains(key) { known.append(key) }
    return entries.first { $0.key == key && !$0.value.isNull }?.value
  }

  /// The value of a key.
  /// - Throws: `PitwallError` (data) where it is missing.
  public mutating func required(_ key: String) throws -> YAMLValue {
    guard let value = value(key) else { throw whole.failure("\"\(key)\" is missing") }
    return value
  }

  /// All keys that nobody has asked for yet, as parameters of `owner`; they count as asked for.
  /// Values are scalars, or lists of scalars.
  public mutating func remainingParameters(of owner: String) throws -> Parameters {
    let rest = entries.filter { !known.contains($0.key) }
    known += rest.map(\.key)
    return try Parameters(
      owner,
      rest.map { Parameters.Entry($0.key, try $0.value.parameterText(), at: $0.value.place) },
      at: whole.place)
  }

  /// Refuses every key that nobody asked for.
  /// - Throws: `PitwallError` (data) that names the key, its place and the nearest known key.
  public func finish() throws {
    for entry in entries where !known.contains(entry.key) {
      throw PitwallError(
        .data, at: entry.place,
        "unknown key \"\(entry.key)\"" + Suggestion.hint(for: entry.key, in: known))
    }
  }
}

import Primitives
import Yams

/// A small YAML file that names a generator and its parameters, such as those in `Traces/`.
///
///     generator: sessions
///     requests: 14173
///     fitted:                      # column: what its parameters were fitted to
///       arrival: GenTD26, timed part
///     parameters:
///       rate: 0.0112
///       days: [1, 1, 2]
public struct GeneratorFile: Sendable {
  /// What makes the requests.
  public let generator: any TraceGenerator
  /// The trace's name: the file's, without folder and extension.
  public let name: String
  /// How many requests there are unless somebody asks for another number.
  public let requests: Int?
  /// Columns whose parameters were fitted to a real trace, and to which; others are assigned.
  public let fitted: [ColumnName: String]

  /// Parses a file's text.
  /// - Parameter file: its path, for errors.
  /// - Throws: `PitwallError` (data) that says line and column.
  public static func parse(_ text: String, file: String) throws -> GeneratorFile {
    let root: Node
    do {
      guard let node = try Yams.compose(yaml: text) else {
        throw PitwallError(.data, at: file, "the file is empty")
      }
      root = node
    } catch let error as YamlError {
      throw PitwallError(error, in: file)
    }
    return try GeneratorFile(root, file: file)
  }

  private init(_ root: Node, file: String) throws {
    let top = try Section(root, file: file, what: "the file")
    try top.allow(["generator", "requests", "fitted", "parameters"])
    guard let kind = try top.scalar("generator") else {
      throw PitwallError(.data, at: top.place, "generator is missing")
    }
    var entries: [Parameters.Entry] = []
    if let node = top["parameters"] {
      let section = try Section(node, file: file, what: "parameters")
      entries = try section.entries.map { key, value in
        Parameters.Entry(
          key, try section.list(value, key).joined(separator: ","), at: section.place(of: value))
      }
    }
    generator = try GeneratorRegistry.make(
      Parameters(kind, entries, at: top["generator"].map(top.place(of:)) ?? top.place))
    requests = try top.scalar("requests").map { text in
      guard let number = Int(text), (0...Int(Int32.max)).contains(number) else {
        throw top.error("requests", "expected a whole number, found \"\(text)\"")
      }
      return number
    }
    var fitted: [ColumnName: String] = [:]
    if let node = top["fitted"] {
      let section = try Section(node, file: file, what: "fitted")
      try section.allow(ColumnName.allCases.map(\.rawValue))
      for column in ColumnName.allCases {
        fitted[column] = try section.scalar(column.rawValue)
      }
    }
    self.fitted = fitted
    let last = file.split(separator: "/").last ?? Substring(file)
    name = last.split(separator: ".").first.map { String($0) } ?? file
  }

  /// Generates a trace, and says of each column whether it is fitted or assigned.
  /// - Parameter requests: how many; nil for the file's own number.
  /// - Throws: `PitwallError` (usage) where neither says how many; what the generator throws.
  public func generate(requests: Int? = nil, seed: UInt64) throws -> Trace {
    guard let count = requests ?? self.requests else {
      throw PitwallError(.usage, at: name, "say how many requests to generate")
    }
    var trace = try generator.generate(requests: count, seed: seed)
    trace.name = name
    for (column, source) in fitted {
      let made = trace.origins[column]?.note ?? ""
      trace.origins[column] = Origin(.fitted, "\(source); \(made)")
    }
    return trace
  }
}

extension PitwallError {
  /// What the YAML parser found, without its picture of the line.
  fileprivate init(_ error: YamlError, in file: String) {
    switch error {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      self.init(.data, at: "\(file):\(mark.line):\(mark.column)", "not YAML: \(problem)")
    default:
      self.init(.data, at: file, "not YAML: \(error)")
    }
  }
}

/// A YAML mapping whose keys are plain text, read with errors that say where.
private struct Section {
  let entries: [(key: String, value: Node)]
  let place: String
  private let file: String

  init(_ node: Node, file: String, what: String) throws {
    self.file = file
    place = Section.place(of: node, file: file)
    guard let mapping = node.mapping else {
      throw PitwallError(.data, at: place, "\(what): expected keys and values")
    }
    var entries: [(key: String, value: Node)] = []
    for (key, value) in mapping {
      guard let name = key.scalar?.string else {
        throw PitwallError(
          .data, at: Section.place(of: key, file: file), "\(what): expected a plain key")
      }
      entries.append((name, value))
    }
    self.entries = entries
  }

  subscript(key: String) -> Node? { entries.first { $0.key == key }?.value }

  /// A value that must be a scalar, or nil where the key is missing.
  func scalar(_ key: String) throws -> String? {
    guard let node = self[key] else { return nil }
    guard let text = node.scalar?.string else { throw error(key, "expected a single value") }
    return text
  }

  /// A scalar as a list of one, or a list of scalars.
  func list(_ node: Node, _ key: String) throws -> [String] {
    if let scalar = node.scalar { return [scalar.string] }
    guard let sequence = node.sequence else { throw error(key, "expected a value or a list") }
    return try sequence.map { item in
      guard let scalar = item.scalar else { throw error(key, "expected single values in the list") }
      return scalar.string
    }
  }

  func allow(_ keys: [String]) throws {
    for (key, _) in entries where !keys.contains(key) {
      throw error(key, "unknown key" + Suggestion.hint(for: key, in: keys))
    }
  }

  func error(_ key: String, _ message: String) -> PitwallError {
    PitwallError(.data, at: self[key].map(place(of:)) ?? place, "\(key): \(message)")
  }

  func place(of node: Node) -> String { Section.place(of: node, file: file) }

  private static func place(of node: Node, file: String) -> String {
    node.mark.map { "\(file):\($0.line):\($0.column)" } ?? file
  }
}

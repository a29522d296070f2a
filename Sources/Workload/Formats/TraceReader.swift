import Primitives

/// Reads traces of any ``TraceFormat``.
public enum TraceReader {
  /// Reads a trace.
  /// - Parameters:
  ///   - path: a file, `-` for standard input; gzip is inflated whatever the format.
  ///   - format: nil to tell it from the content.
  ///   - options: of the format (``TraceFormat/options``).
  /// - Throws: `PitwallError`: noInput if the file cannot be read, data if it is malformed (with
  ///   file and line), usage for an unknown option.
  public static func read(
    _ path: String, format: TraceFormat? = nil, options: Parameters? = nil
  ) throws -> Trace {
    try read(TraceInput(opening: path), format: format, options: options)
  }

  /// Reads a trace from bytes in memory.
  /// - Parameter name: what errors call it.
  public static func read(
    _ bytes: [UInt8], named name: String, format: TraceFormat? = nil, options: Parameters? = nil
  ) throws -> Trace {
    var input = TraceInput(name: name, bytes: InputBytes(bytes))
    if Gzip.recognises(input.bytes) {
      input = TraceInput(name: name, bytes: try Gzip.inflate(input.bytes, file: name))
    }
    return try read(input, format: format, options: options)
  }

  /// Opens a trace for a cache, which takes records of cache requests as they stand.
  public static func open(
    _ path: String, format: TraceFormat? = nil, options: Parameters? = nil
  ) throws -> TraceContent {
    let input = try TraceInput(opening: path)
    let format = try format ?? TraceFormat.detect(input)
    return format == .oracleGeneral
      ? .records(try OracleRecords(input))
      : .trace(try read(input, format: format, options: options))
  }

  private static func read(
    _ input: TraceInput, format: TraceFormat?, options: Parameters?
  ) throws -> Trace {
    let format = try format ?? TraceFormat.detect(input)
    var options = try options ?? Parameters(format.rawValue)
    let importer = try format.importer.init(&options)
    try options.finish()
    return try importer.read(input)
  }
}

/// What a trace file holds.
public enum TraceContent: Sendable {
  /// Requests to a server.
  case trace(Trace)
  /// Requests to a cache.
  case records(OracleRecords)
}

/// Reads one format. Reading its options is apart from reading the input, so that a wrong option
/// is found before a large file is opened.
protocol TraceImporter {
  /// One line about the format.
  static var summary: String { get }
  /// What ``init(_:)`` understands.
  static var options: [ImportOption] { get }
  /// Takes the options that it knows.
  init(_ options: inout Parameters) throws
  /// Reads a trace.
  func read(_ input: TraceInput) throws -> Trace
}

/// An option of an importer, for help texts.
struct ImportOption: Sendable {
  let key: String
  let help: String

  init(_ key: String, _ help: String) {
    self.key = key
    self.help = help
  }
}

/// Pitwall's own CSV.
struct PitwallCSVImporter: TraceImporter {
  static let summary = "Pitwall's own CSV, plain or gzip"
  static let options: [ImportOption] = []

  init(_ options: inout Parameters) {}

  func read(_ input: TraceInput) throws -> Trace { try PitwallCSVReader.read(input) }
}

/// Pitwall's binary form.
struct BinaryImporter: TraceImporter {
  static let summary = "Pitwall's binary form (.pwt)"
  static let options: [ImportOption] = []

  init(_ options: inout Parameters) {}

  func read(_ input: TraceInput) throws -> Trace { try BinaryTraceReader.read(input) }
}

import Primitives

/// Writes traces in Pitwall's own formats.
public enum TraceWriter {
  /// Writes a trace; the format follows from the path: `.pwt` is the binary form, `.csv` and
  /// `.csv.gz` Pitwall's CSV, `-` is CSV on standard output.
  ///
  /// The file appears under its name only when it is whole.
  /// - Throws: `PitwallError`: usage for another extension, data for a trace that the format cannot
  ///   hold (an adapter without a name), inputOutput if the file cannot be written.
  public static func write(_ trace: Trace, to path: String) throws {
    if path.hasSuffix(".pwt") { return try BinaryTraceWriter.write(trace, to: path) }
    if path == "-" || path.hasSuffix(".csv") {
      let file = try OutputFile(path)
      try PitwallCSVWriter.write(trace) { try file.write($0) }
      return try file.commit()
    }
    if path.hasSuffix(".csv.gz") {
      let file = try OutputFile(path)
      let stream = try GzipStream()
      try PitwallCSVWriter.write(trace) { bytes in
        try stream.compress(bytes, last: false) { try file.write($0) }
      }
      try stream.compress([], last: true) { try file.write($0) }
      return try file.commit()
    }
    throw PitwallError(
      .usage, at: path, "a trace is written as .csv, .csv.gz or .pwt, or as - to standard output")
  }
}

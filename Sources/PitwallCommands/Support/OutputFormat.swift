import ArgumentParser

/// How a command prints its result: `--format table|json|csv`.
enum OutputFormat: String, CaseIterable, ExpressibleByArgument, Sendable {
  /// For people: aligned columns.
  case table
  /// For programs: one JSON value.
  case json
  /// For spreadsheets: a header and rows, RFC 4180.
  case csv
}

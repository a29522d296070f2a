import Primitives
import Simulation
import Workload

extension TableCost {
  private static let columns = ["decodes", "prompt_tokens", "adapters", "step_ms"]
  private static let mostCells = 1_000_000

  /// Reads a table of measured step times: a CSV file with the columns `decodes`, `prompt_tokens`,
  /// `adapters` and `step_ms`, a row for every combination of the values of the first three.
  /// - Throws: `PitwallError`: noInput if the file cannot be read; data with line and column of a
  ///   malformed or repeated row, or that names a combination without a row.
  public static func read(_ path: String) throws -> TableCost {
    try TableCost(CSVTable.read(path, required: columns))
  }

  /// Makes a cost of a table with these columns.
  /// - Throws: `PitwallError` (data).
  public init(_ table: CSVTable) throws {
    guard (1...TableCost.mostCells).contains(table.rows.count) else {
      throw PitwallError.data(
        table.file, "expected 1 to \(TableCost.mostCells) measurements, found \(table.rows.count)")
    }
    var cells: [(key: [Int], nanoseconds: Double, row: CSVTable.Row)] = []
    for row in table.rows {
      let key = try TableCost.columns.dropLast().map {
        try row.required($0, row.integer($0, in: 0...1_000_000_000))
      }
      let time = try row.required("step_ms", row.number("step_ms", in: 0...3.6e6))
      cells.append((key, time * 1e6, row))
    }
    cells.sort {
      $0.key == $1.key ? $0.row.line < $1.row.line : $0.key.lexicographicallyPrecedes($1.key)
    }
    for (cell, next) in zip(cells, cells.dropFirst()) where cell.key == next.key {
      throw next.row.failure("decodes", "the same combination is on line \(cell.row.line)")
    }
    let axes = (0..<3).map { axis in Set(cells.map { $0.key[axis] }).sorted() }
    try TableCost.checkComplete(cells.map(\.key), axes, file: table.file)
    self.init(
      decodes: axes[0], promptTokens: axes[1], adapters: axes[2],
      nanoseconds: cells.map(\.nanoseconds))
  }

  /// Finds the first combination that has no row. The keys are sorted and differ, so each is
  /// compared with the one that would stand in its place.
  private static func checkComplete(_ keys: [[Int]], _ axes: [[Int]], file: String) throws {
    let cells = axes.reduce(1) { $0 * $1.count }
    guard keys.count < cells else { return }
    for index in 0...keys.count {
      let wanted = [
        axes[0][index / (axes[1].count * axes[2].count)],
        axes[1][index / axes[2].count % axes[1].count], axes[2][index % axes[2].count],
      ]
      guard index < keys.count, keys[index] == wanted else {
        throw PitwallError.data(
          file,
          "no row for decodes \(wanted[0]), prompt_tokens \(wanted[1]), adapters \(wanted[2]): "
            + "the grid must be complete")
      }
    }
  }
}

extension TableCost: CustomReflectable {
  /// The digest of the content stands for it where a server is described.
  public var customMirror: Mirror {
    let content = "\(decodes)\(promptTokens)\(adapters)\(nanoseconds)"
    return Mirror(self, children: ["sha256": SHA256.hex(content)], displayStyle: .struct)
  }
}

import CacheReplay
import Orchestration
import Primitives

/// What each policy missed at each size, as a table.
struct CacheTable {
  private let levels: [(name: String?, cells: [CacheSweep.Cell])]

  /// - Parameter levels: the replays of each level of load, which has a name if there are several.
  init(_ levels: [(name: String?, cells: [CacheSweep.Cell])]) { self.levels = levels }

  /// By size, then as the policies were asked for: what is to be compared stands together.
  var table: TextTable {
    let isNamed = levels.contains { $0.name != nil }
    var table = TextTable(
      (isNamed ? ["level"] : []) + [
        "size", "capacity", "policy", "miss_ratio", "byte_miss_ratio", "cost_miss_ratio",
        "gap_closed", "misses", "missed_bytes", "requests",
      ])
    for level in levels { append(level.cells, level.name, to: &table) }
    return table
  }

  private func append(_ cells: [CacheSweep.Cell], _ level: String?, to table: inout TextTable) {
    var sizes: [CacheSize] = []
    for cell in cells where !sizes.contains(cell.size) { sizes.append(cell.size) }
    for size in sizes {
      let row = cells.filter { $0.size == size }
      let gap = Gap(row)
      for cell in row {
        let counts = cell.counts
        table.append(
          (level.map { [.text($0)] } ?? []) + [
            .text(size.text), .integer(cell.capacity), .text(cell.policy),
            .number(counts.missRatio, decimals: 6), .number(counts.byteMissRatio, decimals: 6),
            .number(counts.costMissRatio, decimals: 6),
            gap?.share(counts.misses).map { .number($0, decimals: 3) } ?? .missing,
            .integer(counts.misses), .integer(counts.missedBytes), .integer(counts.requests),
          ])
      }
    }
  }

  /// The way from LRU to the best of what knows the future, in misses.
  private struct Gap {
    private let lru: Int64
    private let bound: Int64

    init?(_ cells: [CacheSweep.Cell]) {
      let bounds = cells.filter(\.isClairvoyant).map(\.counts.misses)
      guard let lru = cells.first(where: { $0.policy == "lru" })?.counts.misses,
        let bound = bounds.min(), bound < lru
      else { return nil }
      self.lru = lru
      self.bound = bound
    }

    func share(_ misses: Int64) -> Double? { Double(lru - misses) / Double(lru - bound) }
  }
}

extension CacheSize {
  /// As it is written on the command line.
  var text: String {
    switch self {
    case .slots(let slots): "\(slots) slots"
    case .bytes(let bytes): "\(bytes) B"
    case .share(let share): TextTable.Cell.trimmed(share * 100) + "%"
    }
  }
}

extension TextTable.Cell {
  /// A number with as many decimals, up to 6, as it needs.
  static func trimmed(_ value: Double) -> String {
    var text = fixed(value, 6)
    while text.hasSuffix("0") { text.removeLast() }
    if text.hasSuffix(".") { text.removeLast() }
    return text
  }
}

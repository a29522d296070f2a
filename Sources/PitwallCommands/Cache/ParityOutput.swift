import CacheReplay
import Orchestration
import Primitives

/// How near our policies are to libCacheSim's, for people and for programs.
struct ParityOutput {
  private let results: [Parity.Result]
  private let sizes: [Int]

  init(_ results: [Parity.Result]) {
    self.results = results
    sizes = Set(results.map(\.truth.mebibytes)).sorted()
  }

  /// Whether every row that must be exact is.
  var isMet: Bool { results.allSatisfy(\.isMet) }

  func rendered(as format: OutputFormat) -> String {
    format == .table ? people : cells.rendered(as: format)
  }

  /// A row for each policy at each size.
  private var cells: TextTable {
    var table = TextTable([
      "kind", "theirs", "ours", "required", "cache_mib", "misses_ours", "misses_theirs",
      "difference", "bytes_ours", "bytes_theirs", "equal",
    ])
    for result in results {
      let (truth, row) = (result.truth, result.row)
      table.append([
        .text(truth.kind), .text(truth.policy), row.ours.map { .text($0) } ?? .missing,
        .text(row.kind.rawValue), .integer(Int64(truth.mebibytes)),
        result.counts.map { .integer($0.misses) } ?? .missing, .integer(truth.misses),
        result.difference.map { .integer($0) } ?? .missing,
        result.counts.map { .integer($0.missedBytes) } ?? .missing,
        truth.missedBytes.map { .integer($0) } ?? .missing,
        .text(result.counts == nil ? "-" : result.isEqual ? "yes" : "no"),
      ])
    }
    return table
  }

  /// A row for each policy, and what it comes to.
  private var people: String {
    var table = TextTable(
      ["kind", "libCacheSim", "ours", "required"] + sizes.map { "\($0) MiB" })
    var named: [String] = []
    for result in results where !named.contains(result.truth.policy) {
      named.append(result.truth.policy)
      let row = result.row
      let own = results.filter { $0.truth.policy == result.truth.policy }
      table.append(
        [
          .text(result.truth.kind), .text(row.name),
          row.ours.map { .text($0) } ?? .missing,
          .text(row.kind == .missing ? row.reason : row.kind.rawValue),
        ]
          + sizes.map { size in
            own.first { $0.truth.mebibytes == size }.map { .text(cell($0)) } ?? .missing
          })
    }
    return table.rendered(as: .table) + "\n" + summary(named)
  }

  /// The number where both agree, else ours, theirs and the difference.
  private func cell(_ result: Parity.Result) -> String {
    guard let counts = result.counts, let difference = result.difference else {
      return "(\(result.truth.misses))"
    }
    if result.isEqual { return "\(counts.misses) =" }
    if difference == 0 { return "\(counts.misses) bytes differ" }
    return "\(counts.misses)/\(result.truth.misses) \(difference > 0 ? "+" : "")\(difference)"
  }

  private func summary(_ named: [String]) -> String {
    func count(_ kind: Parity.Kind) -> Int { named.count { Parity.row($0).kind == kind } }
    let broken = named.filter { name in
      results.contains { $0.truth.policy == name && !$0.isMet }
    }
    let met = count(.exact) - broken.count
    return """
      = the same misses, and the same bytes where the truth says them; otherwise ours/theirs and the \
      difference; (theirs) where there is none of ours.
      exact: \(met) of \(count(.exact)) policies that must be at every size; from papers: \
      \(count(.paper)); not built: \(count(.missing)).

      """ + broken.map { "NOT EXACT: \($0)\n" }.joined()
  }
}

import Orchestration

/// What tends to follow what: counts of transitions from a context to the adapter set asked for
/// next, the few most frequent kept per context.
///
/// A full context forgets its rarest successor for a new one, which inherits its count: the
/// space-saving sketch of Metwally et al., "Efficient computation of frequent and top-k elements in
/// data streams", ICDT 2005.
struct SuccessorTable: Sendable {
  struct Row: Sendable {
    var total: Int32 = 0
    var sets = SIMD4<Int32>(repeating: -1)
    var counts = SIMD4<Int32>(repeating: 0)
  }

  private var rows: [UInt64: Row] = [:]

  func row(_ context: UInt64) -> Row? { rows[context] }

  mutating func note(_ context: UInt64, next set: AdapterSetID) {
    var row = rows[context] ?? Row()
    row.total += 1
    var lane = 0
    for other in 0..<4 {
      if row.sets[other] == set {
        lane = other
        break
      }
      if row.counts[other] < row.counts[lane] { lane = other }
    }
    row.sets[lane] = set
    row.counts[lane] += 1
    rows[context] = row
  }
}

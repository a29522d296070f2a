import Primitives

extension Column {
  /// The elements at some rows, in that order.
  func gathering(_ rows: [Int]) -> Column { Column(rows.lazy.map { self[$0] }) }
}

extension Trace {
  /// The requests at some rows, in that order, with the arrivals given. Sessions are numbered anew
  /// so that they stay dense.
  func selecting(_ rows: [Int], arrival: [Nanoseconds]) -> Trace {
    var result = self
    result.arrival = Column(arrival)
    result.adapterSet = adapterSet.gathering(rows)
    result.promptTokens = promptTokens.gathering(rows)
    result.outputTokens = outputTokens.gathering(rows)
    result.tenant = tenant.gathering(rows)
    result.session = Trace.renumbered(rows.lazy.map { session[$0] })
    result.priority = priority.gathering(rows)
    result.metadata = metadata.gathering(rows)
    return result
  }

  /// Session numbers by first appearance: 0, 1, 2...
  static func renumbered<ID: Hashable>(_ sessions: some Sequence<ID>) -> Column<Int32> {
    var numbers: [ID: Int32] = [:]
    return Column(
      sessions.map { session in
        if let known = numbers[session] { return known }
        let next = Int32(numbers.count)
        numbers[session] = next
        return next
      })
  }

  /// This trace with each request at a new time: sorted, ties in the old order.
  func rearranged(to times: [Nanoseconds]) -> Trace {
    let order = times.indices.sorted { (times[$0], $0) < (times[$1], $1) }
    return selecting(order, arrival: order.map { times[$0] })
  }

  /// Adds to the note of a column's origin, and changes its provenance if one is given.
  mutating func note(_ column: ColumnName, _ text: String, _ provenance: Provenance? = nil) {
    let old = origins[column] ?? Origin(.assigned, "default")
    origins[column] = Origin(
      provenance ?? old.provenance, old.note.isEmpty ? text : "\(old.note); \(text)")
  }
}

/// Whose requests keep their order when times are dealt anew.
enum OrderKept: String, CaseIterable {
  case session
  case tenant
  case none

  /// The group of each request; nil where every request stands alone. A column with one value
  /// throughout says nothing about who belongs together, so there too each stands alone.
  func groups(of trace: Trace) -> Column<Int32>? {
    let groups: Column<Int32>
    switch self {
    case .session: groups = trace.session
    case .tenant: groups = trace.tenant
    case .none: return nil
    }
    guard let first = groups.first, groups.contains(where: { $0 != first }) else { return nil }
    return groups
  }

  /// Deals times so that within each group they rise in the order of the requests.
  ///
  /// - Complexity: O(n log n).
  func dealing(_ times: [Nanoseconds], over trace: Trace) -> [Nanoseconds] {
    guard let groups = groups(of: trace) else { return times }
    let byGroup = times.indices.sorted { (groups[$0], $0) < (groups[$1], $1) }
    let byTime = times.indices.sorted { (groups[$0], times[$0]) < (groups[$1], times[$1]) }
    var dealt = times
    for (row, source) in zip(byGroup, byTime) { dealt[row] = times[source] }
    return dealt
  }
}

import Primitives

/// Arrivals and lengths of this trace, requested adapters of another, in the other's order.
///
/// Tenants, sessions, priorities and metadata come with the adapters. Drawing adapters from their
/// popularity instead would remove nearly all reuse in time; grafting keeps it.
struct GraftTransform: TraceTransform {
  static let name = "graft"
  static let summary = "Take the adapters, in order, from another trace"
  static let usage =
    "ids=TRACE [adapters-only=true] [offset=N|random] [when-shorter=truncate|cycle]"

  /// What to do where the other trace has fewer requests than this one.
  private enum WhenShorter: String, CaseIterable {
    /// End with it.
    case truncate
    /// Start it again, with new sessions.
    case cycle
  }
  private enum Offset {
    case fixed(Int)
    case random
  }

  private let source: String
  private let adaptersOnly: Bool
  private let offset: Offset
  private let whenShorter: WhenShorter

  init(_ parameters: inout Parameters) throws {
    source = try parameters.requiredString("ids")
    adaptersOnly = try parameters.bool("adapters-only", default: false)
    whenShorter = try parameters.choice("when-shorter", default: .truncate)
    if parameters.string("offset") == "random" {
      offset = .random
    } else {
      offset = .fixed(try parameters.int("offset", default: 0, in: 0...Int.max))
    }
  }

  func apply(to trace: Trace, _ context: TransformContext) throws -> Trace {
    let ids = try context.resolve(source)
    let isBase = ids.adapterSets.map(\.members.isEmpty)
    let usable = ids.adapterSet.indices.filter {
      !(adaptersOnly && isBase[Int(ids.adapterSet[$0])])
    }
    let plan = try placement(of: usable.count, on: trace.count, context)
    let rows = (0..<plan.count).map { usable[(plan.start + $0) % usable.count] }
    // The other trace gives the tables and all columns but these three.
    var result = ids.selecting(rows, arrival: Array(trace.arrival.prefix(plan.count)))
    result.promptTokens = Column(trace.promptTokens.prefix(plan.count))
    result.outputTokens = Column(trace.outputTokens.prefix(plan.count))
    if plan.start + plan.count > usable.count {
      // Sessions of a second pass through the other trace are not those of the first.
      result.session = Trace.renumbered(
        rows.enumerated().map { index, row in
          Pass(number: (plan.start + index) / usable.count, session: ids.session[row])
        })
    }
    result.name = trace.name
    for column in [ColumnName.arrival, .promptTokens, .outputTokens] {
      result.origins[column] = trace.origins[column]
    }
    for column in [ColumnName.adapters, .tenant, .session, .priority, .metadata] {
      result.note(column, "grafted from \(ids.name) in its order")
    }
    return result
  }

  private func placement(
    of available: Int, on wanted: Int, _ context: TransformContext
  ) throws -> (start: Int, count: Int) {
    guard available > 0 else {
      if wanted == 0 { return (0, 0) }
      throw PitwallError.data(source, "graft: no request to take an adapter from")
    }
    var start = 0
    switch offset {
    case .fixed(let given): start = given
    case .random:
      var random = context.random(Self.name)
      let places = whenShorter == .cycle ? available : max(1, available - wanted + 1)
      start = random.index(below: places)
    }
    switch whenShorter {
    case .truncate: return (min(start, available), min(wanted, max(0, available - start)))
    case .cycle: return (start % available, wanted)
    }
  }
}

/// A session in one of several passes through a trace.
private struct Pass: Hashable {
  var number: Int
  var session: Int32
}

import Primitives

/// Keeps a stretch of a trace, in time or in requests, and moves its first arrival to 0.
struct SliceTransform: TraceTransform {
  static let name = "slice"
  static let summary = "Keep a stretch of time or a number of requests"
  static let usage = "[from=TIME] [to=TIME] [skip=N] [count=N] [adapters-only=true]"

  private let from: Nanoseconds
  private let to: Nanoseconds
  private let skip: Int
  private let count: Int
  private let adaptersOnly: Bool

  init(_ parameters: inout Parameters) throws {
    from = try parameters.nanoseconds("from") ?? 0
    to = try parameters.nanoseconds("to") ?? .max
    skip = try parameters.int("skip", default: 0, in: 0...Int.max)
    count = try parameters.int("count", default: .max, in: 0...Int.max)
    adaptersOnly = try parameters.bool("adapters-only", default: false)
    if to < from { throw parameters.invalid("to", "is before from") }
  }

  /// The stretch of time first, then `adapters-only`, then `skip` and `count`.
  func apply(to trace: Trace, _ context: TransformContext) -> Trace {
    let isBase = trace.adapterSets.map(\.members.isEmpty)
    let rows = trace.arrival.indices.lazy.filter { row in
      (from..<to).contains(trace.arrival[row])
        && !(adaptersOnly && isBase[Int(trace.adapterSet[row])])
    }
    let kept = Array(rows.dropFirst(skip).prefix(count))
    let start = kept.first.map { trace.arrival[$0] } ?? 0
    var result = trace.selecting(kept, arrival: kept.map { trace.arrival[$0] - start })
    result.note(.arrival, "sliced to \(kept.count) of \(trace.count) requests")
    return result
  }
}

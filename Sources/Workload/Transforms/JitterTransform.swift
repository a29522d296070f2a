import Primitives

/// Gives arrivals that were recorded in coarse steps a place within their step, uniformly and
/// independently; within a session, requests of one step keep their order.
struct JitterTransform: TraceTransform {
  static let name = "jitter"
  static let summary = "Spread arrivals that were recorded in whole seconds within their second"
  static let usage = "[resolution=TIME] [keep-order=session|tenant|none]"

  private let resolution: Nanoseconds
  private let order: OrderKept

  init(_ parameters: inout Parameters) throws {
    resolution = try parameters.nanoseconds("resolution") ?? 1_000_000_000
    if resolution < 1 { throw parameters.invalid("resolution", "expected a time above 0") }
    order = try parameters.choice("keep-order", default: OrderKept.session)
  }

  func apply(to trace: Trace, _ context: TransformContext) throws -> Trace {
    guard trace.arrival.last ?? 0 <= Nanoseconds.max - resolution else {
      throw PitwallError.data(trace.name, "jitter: the last arrival is too late to move")
    }
    var random = context.random(Self.name)
    let times = trace.arrival.map { time in
      time - time % resolution + Nanoseconds(random.index(below: Int(resolution)))
    }
    // Steps do not overlap, so that sorting a session's times permutes them within a step only.
    var result = trace.rearranged(to: order.dealing(times, over: trace))
    result.note(.arrival, "spread within \(resolution.seconds) s by seed \(context.seed)")
    return result
  }
}

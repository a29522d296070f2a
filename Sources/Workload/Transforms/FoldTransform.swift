import Primitives

/// Overlays a long, sparse trace onto a shorter span: a busy server from a quiet recording.
///
/// Arrivals are taken modulo the span. With `keep-order=session` (the default), the folded times
/// of each session are then sorted and dealt to its requests in their recorded order, so that the
/// sequence of adapters inside a session stays as it was. With `none`, a request simply keeps its
/// own folded time. Where the trace has one session only, requests stand alone.
///
/// Folding raises the number of adapters in use at a time with the load: it shows how a server
/// copes with more tenants, and not with the same tenants sending faster (that is `rate-scale`).
struct FoldTransform: TraceTransform {
  static let name = "fold"
  static let summary = "Overlay a long trace onto a shorter span, order kept inside a session"
  static let usage = "span=TIME [keep-order=session|tenant|none]"

  private let span: Nanoseconds
  private let order: OrderKept

  init(_ parameters: inout Parameters) throws {
    guard let span = try parameters.nanoseconds("span"), span > 0 else {
      throw parameters.invalid("span", "expected a time above 0")
    }
    self.span = span
    order = try parameters.choice("keep-order", default: OrderKept.session)
  }

  func apply(to trace: Trace, _ context: TransformContext) -> Trace {
    let folded = trace.arrival.map { $0 % span }
    var result = trace.rearranged(to: order.dealing(folded, over: trace))
    let note = "folded onto \(span.seconds) s, order kept: \(order.rawValue)"
    result.note(.arrival, note, .assigned)
    result.note(.adapters, note)
    return result
  }
}

import Primitives

/// Permutes the requested adapters over the requests: same popularity, no reuse in time. The
/// difference to the trace as recorded is what reuse is worth.
struct ShuffleTransform: TraceTransform {
  static let name = "shuffle"
  static let summary = "Permute adapters over requests: popularity kept, reuse destroyed"
  static let usage = ""

  init(_ parameters: inout Parameters) {}

  func apply(to trace: Trace, _ context: TransformContext) -> Trace {
    var random = context.random(Self.name)
    var result = trace
    result.adapterSet = Column(trace.adapterSet.shuffled(using: &random))
    result.note(.adapters, "order shuffled by seed \(context.seed)", .assigned)
    return result
  }
}

import Foundation
import Primitives

/// Replaces arrivals by a renewal process; the order of requests stays.
struct ArrivalsTransform: TraceTransform {
  static let name = "arrivals"
  static let summary = "Replace arrivals by a Poisson, Gamma or Weibull process"
  static let usage = "rate=R [process=poisson|gamma|weibull] [cv=X]"

  private let process: RenewalProcess

  init(_ parameters: inout Parameters) throws {
    process = try RenewalProcess(&parameters)
  }

  func apply(to trace: Trace, _ context: TransformContext) throws -> Trace {
    var random = context.random(Self.name)
    var result = trace
    result.arrival = Column(
      try process.arrivals(trace.count, &random, name: "\(trace.name): arrivals"))
    result.note(
      .arrival, "replaced: \(process.description), seed \(context.seed)", .assigned)
    return result
  }
}

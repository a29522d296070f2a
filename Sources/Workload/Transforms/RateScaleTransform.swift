import Primitives

/// Stretches or squeezes time, which keeps order and burstiness and changes the load.
struct RateScaleTransform: TraceTransform {
  static let name = "rate-scale"
  static let summary = "Scale time by a factor, or to a rate"
  static let usage = "factor=X | rate=REQUESTS_PER_SECOND"

  private enum Target {
    case factor(Double)
    case rate(Double)
  }
  private let target: Target

  init(_ parameters: inout Parameters) throws {
    let range = 1e-12...1e12
    let factor = try parameters.optionalDouble("factor", in: range)
    let rate = try parameters.optionalDouble("rate", in: range)
    switch (factor, rate) {
    case (let factor?, nil): target = .factor(factor)
    case (nil, let rate?): target = .rate(rate)
    default: throw parameters.invalid("factor", "give either factor or rate")
    }
  }

  func apply(to trace: Trace, _ context: TransformContext) throws -> Trace {
    guard trace.count > 1 else { return trace }
    let factor: Double
    switch target {
    case .factor(let given): factor = given
    case .rate(let rate):
      guard trace.span > 0 else {
        throw PitwallError.data(trace.name, "rate-scale: all requests arrive at once")
      }
      factor = rate * trace.span.seconds / Double(trace.count - 1)
    }
    let last = Double(trace.arrival[trace.count - 1]) / factor
    guard last < 9.2e18 else {
      throw PitwallError.data(trace.name, "rate-scale: the scaled trace would last 292 years")
    }
    var result = trace
    result.arrival = Column(
      trace.arrival.lazy.map { Nanoseconds((Double($0) / factor).rounded()) })
    result.note(.arrival, "rate scaled by \(factor)")
    return result
  }
}

import Primitives

/// Plays a trace several times over; each pass has sessions of its own.
struct RepeatTransform: TraceTransform {
  static let name = "repeat"
  static let summary = "Play the trace several times, one mean inter-arrival time apart"
  static let usage = "times=N"

  private let times: Int

  init(_ parameters: inout Parameters) throws {
    guard let times = try parameters.optionalInt("times", in: 1...1_000_000) else {
      throw parameters.invalid("times", "is missing")
    }
    self.times = times
  }

  func apply(to trace: Trace, _ context: TransformContext) throws -> Trace {
    guard let last = trace.arrival.last, times > 1 else { return trace }
    let gap = trace.count > 1 ? trace.span / Int64(trace.count - 1) : 0
    let (period, overflow) = last.addingReportingOverflow(gap)
    guard !overflow, !period.multipliedReportingOverflow(by: Int64(times)).overflow,
      trace.count <= Int(Int32.max) / times
    else { throw PitwallError.data(trace.name, "repeat: \(times) times is too long") }
    let passes = (0..<times).lazy
    let rows = Array(passes.flatMap { _ in 0..<trace.count })
    let arrival = passes.flatMap { pass in
      trace.arrival.lazy.map { $0 + period * Int64(pass) }
    }
    var result = trace.selecting(rows, arrival: Array(arrival))
    let sessions = Trace.renumbered(trace.session)
    let perPass = (sessions.max() ?? 0) + 1
    result.session = Column(
      Array(passes.flatMap { pass in sessions.lazy.map { $0 + perPass * Int32(pass) } }))
    result.note(.arrival, "repeated \(times) times", .assigned)
    return result
  }
}

import Primitives

/// Finds arrivals with the rate, the rhythm and the inter-arrival variation of a trace.
struct ArrivalFit {
  private let requests: Int
  private let rate: Double
  private let cv: Double
  private let dayLength: Nanoseconds
  private let day: [Double]
  private let days: [Double]

  /// Nil for a trace without a span.
  init?(_ trace: Trace) {
    let statistics = TraceStatistics(of: trace, slots: [])
    guard let rate = statistics.rate, let cv = statistics.interArrivalCV else { return nil }
    requests = trace.count
    self.rate = rate
    self.cv = cv
    let calendarDay = Nanoseconds(86400) * 1_000_000_000
    let start = trace.arrival[0]
    if trace.span >= 2 * calendarDay {
      dayLength = calendarDay
      day = ArrivalFit.weights(trace, bins: 24, of: calendarDay / 24, cyclic: true, from: start)
      let count = Int((trace.span - 1) / calendarDay) + 1
      days = ArrivalFit.weights(trace, bins: count, of: calendarDay, cyclic: false, from: start)
    } else {
      // No day to be seen: the recording's own curve stands for it.
      let bins = max(1, min(24, trace.count / 30))
      let step = trace.span / Int64(bins) + 1
      dayLength = step * Int64(bins)
      day = ArrivalFit.weights(trace, bins: bins, of: step, cyclic: false, from: start)
      days = [1]
    }
  }

  /// Requests per bin over how long the bin was observed, with mean 1.
  private static func weights(
    _ trace: Trace, bins: Int, of step: Nanoseconds, cyclic: Bool, from start: Nanoseconds
  ) -> [Double] {
    var counts = Array(repeating: 0.0, count: bins)
    for time in trace.arrival { counts[Int((time - start) / step) % bins] += 1 }
    let steps = trace.span / step
    let observed = (0..<bins).map { bin -> Double in
      let whole =
        cyclic ? (steps - Int64(bin) + Int64(bins) - 1) / Int64(bins) : bin < steps ? 1 : 0
      let isLast = Int(steps % Int64(bins)) == bin
      return Double(whole) + (isLast ? Double(trace.span % step) / Double(step) : 0)
    }
    let rates = zip(counts, observed).map { $1 > 0 ? $0 / $1 : 0 }
    let mean = rates.reduce(0, +) / Double(bins)
    return rates.map { SessionFit.rounded($0 / mean) }
  }

  /// The parameters of ``ModulatedArrivals``: the curve as observed, and the CV of the gaps inside
  /// it by bisection, so that generated arrivals vary as much as the trace's over all.
  func parameters(seed: UInt64) throws -> [Parameters.Entry] {
    var low = 0.05
    var high = 30.0
    for _ in 0..<14 {
      let middle = (low * high).squareRoot()
      if try variation(gapCV: middle, seed: seed) < cv { low = middle } else { high = middle }
    }
    return entries(gapCV: SessionFit.rounded((low * high).squareRoot()))
  }

  private func entries(gapCV: Double) -> [Parameters.Entry] {
    func list(_ values: [Double]) -> String { values.map(SessionFit.text).joined(separator: ",") }
    var entries = [
      Parameters.Entry("rate", SessionFit.text(rate)),
      Parameters.Entry("cv", SessionFit.text(gapCV)), Parameters.Entry("burst-cv", "0"),
      Parameters.Entry("day-length", "\(SessionFit.text(dayLength.seconds))s"),
      Parameters.Entry("diurnal", list(day)),
    ]
    if days.count > 1 { entries.append(Parameters.Entry("days", list(days))) }
    return entries
  }

  /// What comes out, as a mean over several seeds: few long gaps weigh heavily in it.
  private func variation(gapCV: Double, seed: UInt64) throws -> Double {
    var parameters = try Parameters("arrivals", entries(gapCV: gapCV))
    let process = try ModulatedArrivals(&parameters)
    let draws = min(max(200_000 / requests, 2), 16)
    let values = try (0..<draws).map { draw in
      let times = try process.arrivals(requests, seed: seed &+ UInt64(draw), name: "fit")
      return TraceStatistics.interArrivalCV(Column(times)) ?? 0
    }
    return values.reduce(0, +) / Double(draws)
  }
}

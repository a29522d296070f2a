import Primitives

/// Arrivals with a daily rhythm and bursts: a renewal process (Gamma gaps) on a clock that runs
/// faster when the rate is higher.
///
/// The rate is the product of a mean, a curve over the day, a factor for each day and a burst
/// factor. The burst factor is redrawn (Gamma, mean 1) at the end of exponential periods, which
/// makes the process doubly stochastic: counts over windows vary more than the gaps alone say.
struct ModulatedArrivals: Sendable {
  private let rate: Double
  private let gaps: RenewalProcess
  private let day: Cycle
  private let days: Cycle
  private let burstCV: Double
  private let burstLength: Double

  /// Reads `rate`, `cv`, `process`, `diurnal`, `day-length`, `days`, `burst-cv`, `burst-length`.
  init(_ parameters: inout Parameters) throws {
    rate = try parameters.double("rate", default: 5, in: 1e-9...1e9)
    let cv = try parameters.double("cv", default: 1.2, in: 0.01...50)
    gaps = RenewalProcess(
      try parameters.choice("process", default: .gamma), rate: 1, cv: cv)
    let dayLength = try parameters.seconds("day-length", default: 86400)
    day = try parameters.cycle("diurnal", over: dayLength, default: ModulatedArrivals.serveGenDay)
    days = try parameters.cycle("days", over: nil, each: dayLength, default: [1])
    burstCV = try parameters.double("burst-cv", default: 0.3, in: 0...10)
    burstLength = try parameters.seconds("burst-length", default: max(60, 1 / rate))
    if burstCV > 0, burstLength * rate < 0.01 {
      throw parameters.invalid(
        "burst-length", "expected at least a hundredth of the mean inter-arrival time")
    }
  }

  /// Mean rate by hour of the day over its own mean: all clients of the 14 days of ServeGen's
  /// `language_m-large` recording (Y. Xiang et al., "ServeGen: Workload Characterization and
  /// Generation of Large Language Model Serving in Production", 2025).
  static let serveGenDay = [
    0.994, 1.002, 0.986, 0.936, 0.908, 0.883, 0.854, 0.817, 0.788, 0.868, 1.046, 1.106, 0.971,
    0.981, 1.047, 1.047, 1.109, 1.078, 1.040, 1.143, 1.133, 1.074, 1.103, 1.086,
  ]

  /// So many arrivals, the first at 0.
  /// - Throws: `PitwallError` (data) if they do not fit a clock of nanoseconds.
  func arrivals(_ count: Int, seed: UInt64, name: String) throws -> [Nanoseconds] {
    var gapStream = RandomStream(seed: seed, purpose: "arrival gaps")
    var burstStream = RandomStream(seed: seed, purpose: "arrival bursts")
    var day = day
    var days = days
    var burst = (factor: 1.0, end: 0.0)
    var now = 0.0
    var times: [Nanoseconds] = []
    times.reserveCapacity(count)
    while times.count < count {
      times.append(Nanoseconds(seconds: now))
      var work = gaps.gap(&gapStream)
      while true {
        day.advance(to: now)
        days.advance(to: now)
        if burst.end <= now { burst = nextBurst(after: now, &burstStream) }
        let current = rate * day.factor * days.factor * burst.factor
        let end = min(day.end, days.end, burst.end)
        let room = (end - now) * current
        if work < room {
          now += work / current
          break
        }
        work -= room
        now = end
        guard now < 9.2e9 else { throw PitwallError.data(name, "would last 292 years") }
      }
    }
    return times
  }

  private func nextBurst(
    after now: Double, _ random: inout RandomStream
  ) -> (factor: Double, end: Double) {
    guard burstCV > 0 else { return (1, .infinity) }
    let variance = burstCV * burstCV
    return (
      variance * random.gamma(shape: 1 / variance), now + burstLength * random.exponential()
    )
  }
}

/// A factor that is constant over steps of equal length and starts again after the last, with
/// mean 1 over a cycle.
private struct Cycle: Sendable {
  private let factors: [Double]
  private let step: Double
  private var index = 0

  init(_ weights: [Double], step: Double) {
    let mean = weights.reduce(0, +) / Double(weights.count)
    factors = weights.map { $0 / mean }
    self.step = step
  }

  var factor: Double { factors[index % factors.count] }
  /// The end of the present step; steps are counted, so that rounding cannot stop the clock.
  var end: Double { factors.count == 1 ? .infinity : Double(index + 1) * step }

  mutating func advance(to now: Double) {
    while end <= now { index += 1 }
  }
}

extension Parameters {
  fileprivate mutating func seconds(_ key: String, default value: Double) throws -> Double {
    guard let time = try nanoseconds(key) else { return value }
    guard time >= 1_000_000 else { throw invalid(key, "expected at least 1ms") }
    return time.seconds
  }

  /// Weights of equal steps, over a whole or each of a length.
  fileprivate mutating func cycle(
    _ key: String, over whole: Double?, each step: Double = 0, default value: [Double]
  ) throws -> Cycle {
    let weights = try doubles(key) ?? value
    guard weights.allSatisfy({ $0 >= 0 }), weights.contains(where: { $0 > 0 }),
      weights.reduce(0, +).isFinite
    else { throw invalid(key, "expected weights, none negative and not all 0") }
    return Cycle(weights, step: whole.map { $0 / Double(weights.count) } ?? step)
  }
}

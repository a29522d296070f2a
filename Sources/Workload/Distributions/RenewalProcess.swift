import Foundation
import Primitives

/// Arrivals whose gaps are independent and alike.
struct RenewalProcess: Sendable, CustomStringConvertible {
  enum Law: String, CaseIterable {
    case poisson
    case gamma
    case weibull
  }

  private let law: Law
  private let rate: Double
  private let cv: Double
  /// Shape of the gaps, and the scale that makes their mean 1.
  private let shape: Double
  private let scale: Double

  /// Reads the keys `process`, `rate` (arrivals per second) and `cv` (of the gaps).
  init(_ parameters: inout Parameters, rate defaultRate: Double? = nil) throws {
    guard let rate = try parameters.optionalDouble("rate", in: 1e-9...1e9) ?? defaultRate else {
      throw parameters.invalid("rate", "is missing")
    }
    let cv = try parameters.optionalDouble("cv", in: 0.01...50)
    let law = try parameters.choice("process", default: cv == nil ? Law.poisson : .gamma)
    if law == .poisson, let cv, cv != 1 {
      throw parameters.invalid("cv", "a Poisson process has cv 1; use process=gamma")
    }
    self.init(law, rate: rate, cv: cv ?? 1)
  }

  /// Makes a process of gaps with mean 1 / rate and a coefficient of variation.
  init(_ law: Law, rate: Double, cv: Double) {
    self.law = law
    self.rate = rate
    self.cv = cv
    switch law {
    case .poisson:
      shape = 1
      scale = 1
    case .gamma:
      shape = 1 / (cv * cv)
      scale = cv * cv
    case .weibull:
      shape = RenewalProcess.weibullShape(cv: cv)
      scale = 1 / tgamma(1 + 1 / shape)
    }
  }

  var description: String { "\(law.rawValue), \(rate)/s, CV \(cv)" }

  /// The next gap, in units of the mean gap.
  func gap(_ random: inout RandomStream) -> Double {
    switch law {
    case .poisson: random.exponential()
    case .gamma: scale * random.gamma(shape: shape)
    case .weibull: scale * random.weibull(shape: shape)
    }
  }

  /// So many arrivals, the first at 0.
  /// - Throws: `PitwallError` (data) if they do not fit a clock of nanoseconds.
  func arrivals(
    _ count: Int, _ random: inout RandomStream, name: String
  ) throws -> [Nanoseconds] {
    var times: [Nanoseconds] = []
    times.reserveCapacity(count)
    var now = 0.0
    for _ in 0..<count {
      times.append(Nanoseconds(seconds: now))
      now += gap(&random) / rate
    }
    guard now < 9.2e9 else { throw PitwallError.data(name, "would last 292 years") }
    return times
  }

  /// The Weibull shape with a given coefficient of variation, by bisection: the CV falls with it.
  private static func weibullShape(cv: Double) -> Double {
    func variation(_ shape: Double) -> Double {
      // CV^2 + 1 = G(1 + 2/k) / G(1 + 1/k)^2, in logarithms against overflow.
      (exp(lgamma(1 + 2 / shape) - 2 * lgamma(1 + 1 / shape)) - 1).squareRoot()
    }
    var low = 0.05
    var high = 200.0
    for _ in 0..<100 {
      let middle = (low * high).squareRoot()
      if variation(middle) > cv { low = middle } else { high = middle }
    }
    return (low * high).squareRoot()
  }
}

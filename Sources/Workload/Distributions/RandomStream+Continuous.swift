import Foundation
import Primitives

extension RandomStream {
  /// A standard normal number, by Marsaglia's polar method.
  public mutating func normal() -> Double {
    while true {
      let x = 2 * uniform() - 1
      let y = 2 * uniform() - 1
      let square = x * x + y * y
      if square > 0, square < 1 { return x * (-2 * log(square) / square).squareRoot() }
    }
  }

  /// An exponential number with mean 1.
  public mutating func exponential() -> Double { -log(uniformAboveZero()) }

  /// A gamma number with a positive shape and scale 1 (mean `shape`).
  ///
  /// G. Marsaglia and W. W. Tsang, "A Simple Method for Generating Gamma Variables", ACM TOMS
  /// 26(3), 2000; shapes below 1 by their boost, with the power taken in logarithms so that tiny
  /// shapes underflow to 0 and not to NaN.
  public mutating func gamma(shape: Double) -> Double {
    guard shape >= 1 else {
      let boosted = gamma(shape: shape + 1)
      return exp(log(boosted) + log(uniformAboveZero()) / shape)
    }
    let d = shape - 1.0 / 3
    let c = 1 / (9 * d).squareRoot()
    while true {
      let x = normal()
      let base = 1 + c * x
      guard base > 0 else { continue }
      let v = base * base * base
      let u = uniformAboveZero()
      if u < 1 - 0.0331 * (x * x) * (x * x) { return d * v }
      if log(u) < 0.5 * x * x + d * (1 - v + log(v)) { return d * v }
    }
  }

  /// A Weibull number with a positive shape and scale 1, by inversion.
  public mutating func weibull(shape: Double) -> Double { pow(exponential(), 1 / shape) }

  /// A lognormal number: `exp(mu + sigma z)` for a standard normal z.
  public mutating func lognormal(mu: Double, sigma: Double) -> Double {
    exp(mu + sigma * normal())
  }

  /// A number in [0, 1) with density `a x^(a-1)`: numpy's `power(a)`. `a` = 1 is uniform.
  public mutating func power(_ a: Double) -> Double { pow(uniform(), 1 / a) }

  /// The number of failures before the first success of trials that succeed with probability
  /// `probability`, in (0, 1]: 0, 1, 2...; mean (1 - p) / p.
  public mutating func failures(beforeSuccessWith probability: Double) -> Int {
    guard probability < 1 else { return 0 }
    let value = log(uniformAboveZero()) / log1p(-probability)
    return value < 1e15 ? Int(value) : Int(1e15)
  }
}

/// Standard normal probabilities.
enum Normal {
  /// The probability of a number below `z`.
  static func cumulative(_ z: Double) -> Double { 0.5 * erfc(-z / 2.0.squareRoot()) }
}

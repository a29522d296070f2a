import Foundation

/// The standard normal distribution.
public enum Normal {
  /// P(Z <= z).
  public static func cdf(_ z: Double) -> Double { 0.5 * erfc(-z / 2.0.squareRoot()) }
}

/// Student's t distribution.
public enum StudentT {
  /// P(T <= t) with `df` > 0 degrees of freedom, by the regularised incomplete beta function.
  public static func cdf(_ t: Double, df: Double) -> Double {
    guard t.isFinite else { return t > 0 ? 1 : 0 }
    let tail = 0.5 * incompleteBeta(df / (df + t * t), df / 2, 0.5)
    return t > 0 ? 1 - tail : tail
  }

  /// P(T > t), exact also where it is tiny.
  public static func upperTail(_ t: Double, df: Double) -> Double { cdf(-t, df: df) }

  /// The t below which lies a share `p` of the distribution, for 0 < p < 1; by bisection, to the
  /// last bit or two.
  public static func quantile(_ p: Double, df: Double) -> Double {
    guard p < 0.5 else { return p == 0.5 ? 0 : -quantile(1 - p, df: df) }
    var low = -1.0
    while cdf(low, df: df) > p { low *= 2 }
    var high = 0.0
    while true {
      let middle = low + (high - low) / 2
      if middle <= low || middle >= high { return middle }
      if cdf(middle, df: df) < p { low = middle } else { high = middle }
    }
  }

  /// The regularised incomplete beta function I_x(a, b).
  ///
  /// Lentz's continued fraction: Press et al., "Numerical Recipes", 3rd ed., section 6.4.
  static func incompleteBeta(_ x: Double, _ a: Double, _ b: Double) -> Double {
    guard x > 0 else { return 0 }
    guard x < 1 else { return 1 }
    let front = exp(
      lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x))
    // The fraction converges fast on this side of the mean; use the symmetry on the other.
    return x < (a + 1) / (a + b + 2)
      ? front * betaFraction(x, a, b) / a : 1 - front * betaFraction(1 - x, b, a) / b
  }

  private static func betaFraction(_ x: Double, _ a: Double, _ b: Double) -> Double {
    let tiny = 1e-300
    func away(_ value: Double) -> Double { abs(value) < tiny ? tiny : value }
    var c = 1.0
    var d = 1 / away(1 - (a + b) * x / (a + 1))
    var result = d
    for step in 1...1000 {
      let m = Double(step)
      let even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
      d = 1 / away(1 + even * d)
      c = away(1 + even / c)
      result *= d * c
      let odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
      d = 1 / away(1 + odd * d)
      c = away(1 + odd / c)
      result *= d * c
      if abs(d * c - 1) < 1e-15 { break }
    }
    return result
  }
}

import Foundation
import Primitives

/// A distribution of non-negative numbers, written as text, such as token counts.
///
/// Values come from a standard normal number, so that two of them can be drawn jointly with a
/// given rank correlation (a Gaussian copula).
public enum Distribution: Sendable, Equatable {
  /// Always the same.
  case constant(Double)
  /// Uniform over [low, high].
  case uniform(Double, Double)
  /// `exp(mu + sigma z)`, with mu the logarithm of the median.
  case lognormal(median: Double, sigma: Double)
  /// Exponential.
  case exponential(mean: Double)
  /// The inverse of an empirical distribution.
  case quantiles(QuantileTable)

  /// The value at a standard normal number: increasing in z.
  public func value(at z: Double) -> Double {
    switch self {
    case .constant(let value): value
    case .uniform(let low, let high): low + (high - low) * Normal.cumulative(z)
    case .lognormal(let median, let sigma): median * exp(sigma * z)
    case .exponential(let mean): -mean * log(max(Normal.cumulative(-z), .leastNormalMagnitude))
    case .quantiles(let table): table.value(at: Normal.cumulative(z))
    }
  }

  /// Draws a value.
  public func draw(_ random: inout RandomStream) -> Double {
    if case .constant(let value) = self { return value }
    return value(at: random.normal())
  }
}

extension Distribution {
  /// Reads `512`, `uniform(8,512)`, `lognormal(MEDIAN,SIGMA)`, `exponential(MEAN)` or
  /// `quantiles(0,1,0.5,120,1,4000)` (pairs of probability and value).
  public init?(parsing text: String) {
    if let value = Double(text.filter { $0 != " " }) {
      guard value.isFinite, value >= 0 else { return nil }
      self = .constant(value)
      return
    }
    guard let call = Call(parsing: text), call.arguments.allSatisfy({ $0 >= 0 }) else {
      return nil
    }
    let a = call.arguments
    switch (call.name, a.count) {
    case ("constant", 1): self = .constant(a[0])
    case ("uniform", 2) where a[0] <= a[1]: self = .uniform(a[0], a[1])
    case ("lognormal", 2) where a[0] > 0: self = .lognormal(median: a[0], sigma: a[1])
    case ("exponential", 1) where a[0] > 0: self = .exponential(mean: a[0])
    case ("quantiles", _):
      let pairs = stride(from: 0, to: a.count - 1, by: 2).map { (a[$0], a[$0 + 1]) }
      guard a.count.isMultiple(of: 2), let table = QuantileTable(pairs) else { return nil }
      self = .quantiles(table)
    default: return nil
    }
  }

  /// What ``init(parsing:)`` understands.
  static let grammar =
    "a number, uniform(LOW,HIGH), lognormal(MEDIAN,SIGMA), exponential(MEAN) or "
    + "quantiles(P,VALUE,P,VALUE...) from P 0 to 1"
}

/// The inverse of a distribution function, linear between known quantiles.
public struct QuantileTable: Sendable, Equatable {
  private let probabilities: [Double]
  private let values: [Double]

  /// Pairs of probability and value: probabilities rise strictly from 0 to 1, values never fall;
  /// nil otherwise.
  public init?(_ pairs: [(probability: Double, value: Double)]) {
    probabilities = pairs.map(\.probability)
    values = pairs.map(\.value)
    let rises = zip(pairs, pairs.dropFirst()).allSatisfy {
      $0.probability < $1.probability && $0.value <= $1.value
    }
    guard pairs.count > 1, rises, probabilities.first == 0, probabilities.last == 1 else {
      return nil
    }
  }

  /// The value at a probability in [0, 1].
  public func value(at probability: Double) -> Double {
    var low = 0
    var high = probabilities.count - 1
    while high - low > 1 {
      let middle = (low + high) / 2
      if probabilities[middle] <= probability { low = middle } else { high = middle }
    }
    let part = (probability - probabilities[low]) / (probabilities[high] - probabilities[low])
    return values[low] + (values[high] - values[low]) * min(max(part, 0), 1)
  }
}

extension Parameters {
  /// A distribution, or nil where the key is missing.
  mutating func distribution(_ key: String) throws -> Distribution? {
    guard let text = string(key) else { return nil }
    guard let value = Distribution(parsing: text) else {
      throw invalid(key, "expected \(Distribution.grammar), found \"\(text)\"")
    }
    return value
  }
}

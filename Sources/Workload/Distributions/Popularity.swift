import Foundation
import Primitives

/// Laws of popularity over n adapters, as weights of the ranks 0 (the most popular) to n - 1.
///
/// The names in the literature mislead: what Punica and SGLang's benchmark call Zipf is
/// ``geometric(ratio:)``, and S-LoRA's "power law with exponent alpha" is ``power(alpha:)``, which
/// is uniform at alpha 1 and skewed below. These names say what the law is.
public enum Popularity: Sendable, Equatable {
  /// All the same.
  case uniform
  /// p(r) proportional to (r + 1)^-s.
  case zipf(exponent: Double)
  /// Each rank has `1 / ratio` of the rank before it.
  case geometric(ratio: Double)
  /// `floor(n X)` with X of density `alpha x^(alpha-1)`.
  case power(alpha: Double)
  /// p(r) proportional to exp(-k (r + 1)^power); Azure Functions follow it with power 0.55.
  case stretchedExponential(k: Double, power: Double)

  /// The weights of n ranks, not normalised.
  public func weights(_ n: Int) -> [Double] {
    (0..<n).map { rank in
      let place = Double(rank + 1)
      switch self {
      case .uniform: return 1
      case .zipf(let exponent): return pow(place, -exponent)
      case .geometric(let ratio): return pow(ratio, -Double(rank))
      case .power(let alpha):
        return pow(place / Double(n), alpha) - pow((place - 1) / Double(n), alpha)
      case .stretchedExponential(let k, let power): return exp(-k * pow(place, power))
      }
    }
  }
}

extension Popularity {
  /// Reads `uniform`, `zipf(1.2)`, `geometric(1.5)`, `power(0.3)`, `stretched(0.6,0.55)`.
  init?(parsing text: String) {
    guard let call = Call(parsing: text) else { return nil }
    switch (call.name, call.arguments.count) {
    case ("uniform", 0): self = .uniform
    case ("zipf", 1) where call.arguments[0] >= 0: self = .zipf(exponent: call.arguments[0])
    case ("geometric", 1) where call.arguments[0] >= 1:
      self = .geometric(ratio: call.arguments[0])
    case ("power", 1) where call.arguments[0] > 0: self = .power(alpha: call.arguments[0])
    case ("stretched", 2) where call.arguments.allSatisfy { $0 > 0 }:
      self = .stretchedExponential(k: call.arguments[0], power: call.arguments[1])
    default: return nil
    }
  }

  /// What ``init(parsing:)`` understands.
  static let grammar = "uniform, zipf(S), geometric(RATIO), power(ALPHA) or stretched(K,POWER)"
}

/// A distribution written as a function call, such as `uniform(8,512)`; arguments are finite
/// numbers. The parentheses may be left out where there is no argument.
struct Call: Equatable {
  var name: String
  var arguments: [Double]

  init?(parsing text: String) {
    let text = text.filter { !$0.isWhitespace }
    guard let open = text.firstIndex(of: "(") else {
      name = text
      arguments = []
      return
    }
    guard text.last == ")" else { return nil }
    let inside = text[text.index(after: open)...].dropLast()
    let parts = inside.split(separator: ",", omittingEmptySubsequences: false).map { Double($0) }
    let numbers = parts.compactMap { $0 }.filter(\.isFinite)
    guard numbers.count == parts.count else { return nil }
    name = String(text[..<open])
    arguments = numbers
  }
}

extension Parameters {
  /// A law of popularity.
  mutating func popularity(_ key: String, default value: Popularity) throws -> Popularity {
    guard let text = string(key) else { return value }
    guard let law = Popularity(parsing: text) else {
      throw invalid(key, "expected \(Popularity.grammar), found \"\(text)\"")
    }
    return law
  }
}

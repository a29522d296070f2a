import Primitives

/// Prompt and output lengths of a request, drawn jointly.
public struct LengthModel: Sendable {
  /// Prompt tokens.
  public var prompt: Distribution
  /// Output tokens.
  public var output: Distribution
  /// Correlation of the normal numbers behind both (a Gaussian copula); Spearman's rank
  /// correlation is (6 / pi) asin(correlation / 2), a little less.
  public var correlation: Double

  /// Reads the keys `prompt`, `output` and `correlation`.
  init(
    _ parameters: inout Parameters, prompt: Distribution? = nil, output: Distribution? = nil
  ) throws {
    func read(_ key: String, _ fallback: Distribution?) throws -> Distribution {
      guard let value = try parameters.distribution(key) ?? fallback else {
        throw parameters.invalid(key, "is missing")
      }
      return value
    }
    self.prompt = try read("prompt", prompt)
    self.output = try read("output", output)
    correlation = try parameters.double("correlation", default: 0, in: -1...1)
  }

  /// Draws one request's lengths, rounded, at least 1 token each.
  func draw(_ random: inout RandomStream) -> (prompt: Int32, output: Int32) {
    let first = random.normal()
    let own = (1 - correlation * correlation).squareRoot()
    let second = correlation * first + own * random.normal()
    return (tokens(prompt.value(at: first)), tokens(output.value(at: second)))
  }

  private func tokens(_ value: Double) -> Int32 {
    Int32(min(max(value.rounded(), 1), Double(Int32.max)))
  }
}

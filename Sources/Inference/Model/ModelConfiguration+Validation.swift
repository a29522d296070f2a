import Primitives

extension ModelConfiguration {
  /// Within these no product of sizes can overflow.
  public enum Limits {
    public static let hiddenSize = 1...1 << 18
    public static let layers = 1...1 << 12
    public static let heads = 1...1 << 12
    public static let headSize = 1...1 << 12
    public static let feedForwardSize = 1...1 << 20
    public static let vocabularySize = 1...1 << 22
    public static let maxContext = 1...1 << 24
  }

  /// Proves that the sizes fit together and that no product of them can overflow.
  /// - Throws: `PitwallError` (data) at `path`.
  func validate(_ path: String) throws {
    func check(_ holds: Bool, _ message: @autoclosure () -> String) throws {
      guard holds else { throw PitwallError.data(path, message()) }
    }
    func range(_ value: Int, _ range: ClosedRange<Int>, _ what: String) throws {
      try check(range.contains(value), "\(what) is \(value), not within \(range)")
    }
    try range(hiddenSize, Limits.hiddenSize, "hidden size")
    try range(layers, Limits.layers, "number of layers")
    try range(heads, Limits.heads, "number of heads")
    try range(keyValueHeads, 1...heads, "number of key and value heads")
    try range(headSize, Limits.headSize, "head size")
    try range(feedForwardSize, Limits.feedForwardSize, "feed-forward size")
    try range(vocabularySize, Limits.vocabularySize, "vocabulary size")
    try range(maxContext, Limits.maxContext, "context length")
    try check(
      heads.isMultiple(of: keyValueHeads),
      "\(heads) heads cannot share \(keyValueHeads) key and value heads evenly")
    try check(
      headSize.isMultiple(of: 2), "the head size \(headSize) is odd: it has no rotary pairs")
    try check(
      ropeTheta.isFinite && ropeTheta >= 1, "rope theta is \(ropeTheta), not a number from 1 on")
    try check(
      normEpsilon >= 0 && normEpsilon <= 1, "norm epsilon is \(normEpsilon), not within 0...1")
    for token in endTokens + [beginToken].compactMap({ $0 }) {
      try check(
        (0..<Int32(vocabularySize)).contains(token),
        "token \(token) is not one of the \(vocabularySize) of the vocabulary")
    }
    try validateScaling(check)
  }

  private func validateScaling(
    _ check: (Bool, @autoclosure () -> String) throws -> Void
  ) throws {
    switch ropeScaling {
    case .none: break
    case .linear(let factor):
      try check(factor.isFinite && factor >= 1, "rope scaling by \(factor), not a number from 1 on")
    case .llama3(let factor, let low, let high, let context):
      try check(factor.isFinite && factor >= 1, "rope scaling by \(factor), not a number from 1 on")
      try check(
        low.isFinite && high.isFinite && low > 0 && high > low && context > 0,
        "rope scaling needs 0 < low_freq_factor < high_freq_factor and a context, found \(low), "
          + "\(high) and \(context)")
    }
  }
}

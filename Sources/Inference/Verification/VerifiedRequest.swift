import Primitives

/// A request of a verification: what a sequence is given, and what it gave.
struct VerifiedRequest {
  /// An adapter and which of its versions.
  struct Use: Equatable {
    var adapter: Int
    var version: Int
    var weight: Float
  }

  private static let mostPrompt = 24
  private static let mostDrawn = 12
  /// The longest request.
  static let mostTokens = mostPrompt + mostDrawn

  var prompt: [Int32]
  var uses: [Use]
  var sampling: Sampling
  /// Tokens to draw.
  var count: Int
  /// Whether its adapter was merged into the weights meanwhile.
  var isMerged = false
  var tokens: [Int32] = []

  /// Draws a request. Versions are known when it is admitted.
  init(adapters: Int, vocabulary: Int, random: inout RandomStream) {
    prompt = (0..<1 + random.index(below: VerifiedRequest.mostPrompt)).map { _ in
      Int32(truncatingIfNeeded: random.index(below: vocabulary))
    }
    let first = Use(adapter: random.index(below: adapters), version: 0, weight: 1)
    switch random.index(below: 10) {
    case 0: uses = []
    case 1 where adapters > 1:
      let second = (first.adapter + 1 + random.index(below: adapters - 1)) % adapters
      uses = [first, Use(adapter: second, version: 0, weight: 0.5)]
    default: uses = [first]
    }
    sampling =
      random.index(below: 4) == 0
      ? Sampling(temperature: 0.8, topK: 40, topP: 0.95, seed: random.next()) : .greedy
    count = 1 + random.index(below: VerifiedRequest.mostDrawn)
  }
}

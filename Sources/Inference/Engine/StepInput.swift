/// The work of one step: pieces of prompts, and decodes.
///
/// Its memory is kept over ``removeAll()``, so that one that is used again allocates nothing.
public struct StepInput: Sendable {
  struct Item: Sendable {
    var sequence: SequenceID
    /// Of ``tokens``; empty for a decode.
    var tokens: Range<Int>
    var samples: Bool
  }

  private(set) var items: [Item] = []
  private(set) var tokens: [Int32] = []

  public init() {}

  /// Tokens that the step will compute.
  public var tokenCount: Int { items.reduce(0) { $0 + max(1, $1.tokens.count) } }

  /// Appends tokens of a prompt to a sequence.
  /// - Parameter samples: whether this is the end of the prompt and a token is drawn after it.
  public mutating func prefill(
    _ sequence: SequenceID, _ prompt: some Sequence<Int32>, samples: Bool
  ) {
    let first = tokens.count
    tokens.append(contentsOf: prompt)
    guard tokens.count > first else { return }
    items.append(Item(sequence: sequence, tokens: first..<tokens.count, samples: samples))
  }

  /// Continues a sequence by the token that was drawn last, and draws the next.
  public mutating func decode(_ sequence: SequenceID) {
    items.append(Item(sequence: sequence, tokens: 0..<0, samples: true))
  }

  public mutating func removeAll() {
    items.removeAll(keepingCapacity: true)
    tokens.removeAll(keepingCapacity: true)
  }
}

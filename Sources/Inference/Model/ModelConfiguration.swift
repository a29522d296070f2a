/// The shape of a Llama-family decoder.
///
/// Matrices are stored as `[out][in]`, query and key rows in Hugging Face's half-split rotary order,
/// whatever order the checkpoint had.
public struct ModelConfiguration: Sendable, Equatable {
  /// Scaling of rotary frequencies.
  public enum RopeScaling: Sendable, Equatable {
    case none
    /// Positions divided by a factor.
    case linear(factor: Double)
    /// Llama 3's: long wavelengths divided by a factor, short ones kept, smooth between.
    case llama3(factor: Double, lowFrequency: Double, highFrequency: Double, originalContext: Int)
  }

  /// Width of the residual stream.
  public var hiddenSize: Int
  public var layers: Int
  public var heads: Int
  /// Key and value heads; each serves `heads / keyValueHeads` query heads.
  public var keyValueHeads: Int
  public var headSize: Int
  /// Width of the feed-forward network.
  public var feedForwardSize: Int
  public var vocabularySize: Int
  /// Longest sequence, in tokens.
  public var maxContext: Int
  /// Base of the rotary frequencies.
  public var ropeTheta: Double
  public var ropeScaling: RopeScaling
  /// Added to the mean square in RMS normalisation.
  public var normEpsilon: Double
  /// Whether the output matrix is the embedding.
  public var tiesEmbeddings: Bool
  /// Tokens after which generation stops.
  public var endTokens: [Int32]
  /// The token that begins a text, where the tokenizer adds one.
  public var beginToken: Int32?

  public init(
    hiddenSize: Int, layers: Int, heads: Int, keyValueHeads: Int, headSize: Int,
    feedForwardSize: Int, vocabularySize: Int, maxContext: Int, ropeTheta: Double,
    ropeScaling: RopeScaling = .none, normEpsilon: Double, tiesEmbeddings: Bool,
    endTokens: [Int32] = [], beginToken: Int32? = nil
  ) {
    self.hiddenSize = hiddenSize
    self.layers = layers
    self.heads = heads
    self.keyValueHeads = keyValueHeads
    self.headSize = headSize
    self.feedForwardSize = feedForwardSize
    self.vocabularySize = vocabularySize
    self.maxContext = maxContext
    self.ropeTheta = ropeTheta
    self.ropeScaling = ropeScaling
    self.normEpsilon = normEpsilon
    self.tiesEmbeddings = tiesEmbeddings
    self.endTokens = endTokens
    self.beginToken = beginToken
  }
}

import Primitives

/// The dimensions of a Llama-family model, from which sizes and work follow.
public struct ModelShape: Sendable, Equatable {
  /// The name in experiment files.
  public var name: String
  /// Transformer layers.
  public var layers: Int
  /// Width of the residual stream.
  public var hidden: Int
  /// Width of the feed-forward network.
  public var intermediate: Int
  /// Query heads.
  public var heads: Int
  /// Key and value heads.
  public var kvHeads: Int
  /// Width of a head.
  public var headDimension: Int
  /// Tokens in the vocabulary.
  public var vocabulary: Int
  /// Whether input and output embeddings are one matrix.
  public var tiedEmbeddings: Bool
  /// Bytes of a weight and of a cached number.
  public var bytesPerValue: Int
  /// Longest context that the model was made for.
  public var maxContext: Int

  /// Makes a shape.
  public init(
    name: String, layers: Int, hidden: Int, intermediate: Int, heads: Int, kvHeads: Int,
    headDimension: Int, vocabulary: Int, tiedEmbeddings: Bool, bytesPerValue: Int = 2,
    maxContext: Int
  ) {
    self.name = name
    self.layers = layers
    self.hidden = hidden
    self.intermediate = intermediate
    self.heads = heads
    self.kvHeads = kvHeads
    self.headDimension = headDimension
    self.vocabulary = vocabulary
    self.tiedEmbeddings = tiedEmbeddings
    self.bytesPerValue = bytesPerValue
    self.maxContext = maxContext
  }

  /// Every linear projection of a layer that LoRA can change: input and output width.
  public var projections: [(name: String, input: Int, output: Int)] {
    let q = heads * headDimension
    let kv = kvHeads * headDimension
    return [
      ("q_proj", hidden, q), ("k_proj", hidden, kv), ("v_proj", hidden, kv),
      ("o_proj", q, hidden), ("gate_proj", hidden, intermediate),
      ("up_proj", hidden, intermediate), ("down_proj", intermediate, hidden),
    ]
  }

  /// Parameters that take part in the matrix products of one token.
  public var matrixParameters: Double {
    let layer = projections.reduce(0) { $0 + $1.input * $1.output }
    return Double(layers * layer + vocabulary * hidden)
  }

  /// Bytes of all weights. Norms and biases, below 0.01 % of them, are left out.
  public var weightBytes: Bytes {
    let embeddings = tiedEmbeddings ? 0 : vocabulary * hidden
    return Bytes((matrixParameters + Double(embeddings)) * Double(bytesPerValue))
  }

  /// Bytes of keys and values for one token.
  public var kvBytesPerToken: Bytes {
    Bytes(2 * layers * kvHeads * headDimension * bytesPerValue)
  }

  /// Parameters of a LoRA adapter per unit of rank: the sum of input and output widths.
  /// - Parameter targets: names of projections; unknown ones do not count.
  public func loraParametersPerRank(targets: [String]) -> Double {
    let widths = projections.filter { targets.contains($0.name) }.reduce(0) {
      $0 + $1.input + $1.output
    }
    return Double(layers * widths)
  }

  /// Bytes of an adapter, without padding: 2 B x rank x sum of (d_in + d_out) in 16 bits.
  public func adapterBytes(rank: Int, targets: [String]) -> Bytes {
    Bytes(loraParametersPerRank(targets: targets) * Double(rank * bytesPerValue))
  }

  /// The names of all projections.
  public static let allTargets = [
    "q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj",
  ]

  /// The models that ship; dimensions from each model's published `config.json`.
  public static let catalogue: [ModelShape] = [
    // huggyllama/llama-7b
    ModelShape(
      name: "llama-7b", layers: 32, hidden: 4096, intermediate: 11008, heads: 32, kvHeads: 32,
      headDimension: 128, vocabulary: 32000, tiedEmbeddings: false, maxContext: 2048),
    // huggyllama/llama-13b
    ModelShape(
      name: "llama-13b", layers: 40, hidden: 5120, intermediate: 13824, heads: 40, kvHeads: 40,
      headDimension: 128, vocabulary: 32000, tiedEmbeddings: false, maxContext: 2048),
    // huggyllama/llama-30b
    ModelShape(
      name: "llama-30b", layers: 60, hidden: 6656, intermediate: 17920, heads: 52, kvHeads: 52,
      headDimension: 128, vocabulary: 32000, tiedEmbeddings: false, maxContext: 2048),
    // meta-llama/Llama-2-7b-hf
    ModelShape(
      name: "llama-2-7b", layers: 32, hidden: 4096, intermediate: 11008, heads: 32, kvHeads: 32,
      headDimension: 128, vocabulary: 32000, tiedEmbeddings: false, maxContext: 4096),
    // meta-llama/Llama-2-13b-hf
    ModelShape(
      name: "llama-2-13b", layers: 40, hidden: 5120, intermediate: 13824, heads: 40, kvHeads: 40,
      headDimension: 128, vocabulary: 32000, tiedEmbeddings: false, maxContext: 4096),
    // meta-llama/Llama-2-70b-hf
    ModelShape(
      name: "llama-2-70b", layers: 80, hidden: 8192, intermediate: 28672, heads: 64, kvHeads: 8,
      headDimension: 128, vocabulary: 32000, tiedEmbeddings: false, maxContext: 4096),
    // meta-llama/Llama-3.1-8B
    ModelShape(
      name: "llama-3.1-8b", layers: 32, hidden: 4096, intermediate: 14336, heads: 32, kvHeads: 8,
      headDimension: 128, vocabulary: 128256, tiedEmbeddings: false, maxContext: 131_072),
    // Qwen/Qwen2.5-7B
    ModelShape(
      name: "qwen2.5-7b", layers: 28, hidden: 3584, intermediate: 18944, heads: 28, kvHeads: 4,
      headDimension: 128, vocabulary: 152064, tiedEmbeddings: false, maxContext: 32768),
    // HuggingFaceTB/SmolLM2-135M-Instruct; 4 bytes a value: the CPU engine computes in f32.
    ModelShape(
      name: "smollm2-135m", layers: 30, hidden: 576, intermediate: 1536, heads: 9, kvHeads: 3,
      headDimension: 64, vocabulary: 49152, tiedEmbeddings: true, bytesPerValue: 4,
      maxContext: 8192),
  ]

  /// The shipped model that a server's name for it means: `meta-llama/Llama-3.1-8B-Instruct` and
  /// `llama-3.1-8b-instruct` are both `llama-3.1-8b`. An organisation, case, separators and the
  /// suffix `-instruct`, after which the dimensions are the same, make no difference.
  public static func known(as name: String) -> ModelShape? {
    let wanted = essence(of: name)
    return catalogue.first { essence(of: $0.name) == wanted }
  }

  private static func essence(of name: String) -> String {
    let last = name.split(separator: "/").last ?? ""
    var letters = last.lowercased().filter { $0.isLetter || $0.isNumber }
    if letters.hasSuffix("instruct") { letters.removeLast("instruct".count) }
    return letters
  }
}

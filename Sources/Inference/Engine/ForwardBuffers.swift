import Primitives

/// The activations of one step, for as many rows as an engine may have.
@safe struct ForwardBuffers {
  private let memory: AlignedMemory
  /// The residual stream, `[row][hidden]`.
  let stream: Rows
  /// It normalised.
  let normed: Rows
  /// Queries, keys and values, `[row][q | k | v]`.
  let attentionInput: Rows
  /// What attention mixed, `[row][heads * headSize]`.
  let attentionOutput: Rows
  /// `[row][gate | up]`.
  let feedForward: Rows
  /// The small sides of adapters, `[row][projection][rank]`.
  let ranks: Rows
  /// Weights of the adapters of each round, `[round][row]`.
  let weights: Rows
  /// The last rows, normalised, of the sequences that draw a token.
  let final: Rows
  let logits: Rows
  /// Scratch of each worker for attention.
  let scores: Rows
  /// Columns of ``ranks`` of one projection.
  let rankStride: Int

  /// Where each region begins, in floats.
  private struct Layout {
    var floats = 0

    mutating func rows(_ count: Int, width: Int) -> (offset: Int, stride: Int) {
      // Rows do not all begin at the same place of a cache set.
      let stride = (width + 31) / 32 * 32 + 16
      defer { floats += count * stride }
      return (floats, stride)
    }
  }

  /// - Throws: `PitwallError` (unavailable) where there is no memory for them.
  init(_ weights: ModelWeights, _ configuration: EngineConfiguration, context: Int) throws {
    let model = weights.model
    let count = configuration.maxBatchTokens
    let groups = weights.layers[0].groups
    rankStride = (configuration.maxRank + 15) / 16 * 16
    var layout = Layout()
    let stream = layout.rows(count, width: model.hiddenSize)
    let normed = layout.rows(count, width: model.hiddenSize)
    let input = layout.rows(count, width: groups[GroupSite.attentionInput.rawValue].width)
    let output = layout.rows(count, width: model.heads * model.headSize)
    let feedForward = layout.rows(
      count, width: groups[GroupSite.feedForwardInput.rawValue].width)
    let ranks = layout.rows(count, width: 3 * rankStride)
    let rowWeights = layout.rows(AdapterList.limit, width: count)
    let final = layout.rows(configuration.maxSequences, width: model.hiddenSize)
    let logits = layout.rows(configuration.maxSequences, width: weights.head.width)
    let scores = layout.rows(
      configuration.workers, width: 12 * (model.headSize + (context + 15) / 16 * 16))
    memory = try AlignedMemory(byteCount: layout.floats * 4, for: "activations")
    let base = unsafe memory.floats
    func rows(_ region: (offset: Int, stride: Int)) -> Rows {
      unsafe Rows(start: base + region.offset, stride: region.stride)
    }
    self.stream = rows(stream)
    self.normed = rows(normed)
    attentionInput = rows(input)
    attentionOutput = rows(output)
    self.feedForward = rows(feedForward)
    self.ranks = rows(ranks)
    self.weights = rows(rowWeights)
    self.final = rows(final)
    self.logits = rows(logits)
    self.scores = rows(scores)
  }
}

import Primitives

extension Engine {
  /// Computes one batch, and tells the token that each sequence drew.
  ///
  /// - Parameter betweenLayers: called before each layer; may load and unload adapters that no
  ///   sequence uses, so that they need not wait for the step's end.
  /// - Throws: `PitwallError` (usage) for work that the engine cannot take, (unavailable) where the
  ///   pool has not enough free pages: the engine is then as it was before. (data) where what comes
  ///   out is not finite, as with broken weights: the step's sequences are then of no more use.
  public func step(
    _ input: StepInput, betweenLayers: () -> Void = {}, onToken: (SequenceID, Int32) -> Void
  ) throws {
    steps += 1
    try check(input)
    plan(input)
    forward.run(betweenLayers: betweenLayers)
    try checkLogits()
    for (output, chunk) in forward.plan.outputs.enumerated() {
      let slot = forward.plan.chunks[chunk].sequence
      outputs[slot] = output
      sequences[slot].lastToken = forward.drawn[output]
    }
    for (output, chunk) in forward.plan.outputs.enumerated() {
      let slot = forward.plan.chunks[chunk].sequence
      onToken(
        SequenceID(slot: slot, generation: sequences[slot].generation), forward.drawn[output])
    }
  }

  /// The numbers from which a sequence drew its last token, `[vocabularySize]`; nil where it drew
  /// none in the last step.
  public func logits(of id: SequenceID) throws -> [Float]? {
    let slot = try slot(of: id)
    guard sequences[slot].step == steps, outputs[slot] >= 0 else { return nil }
    let row = unsafe forward.buffers.logits[outputs[slot]]
    return unsafe [Float](UnsafeBufferPointer(start: row, count: model.vocabularySize))
  }

  /// A token of a number that is none would look like any other.
  private func checkLogits() throws {
    for output in forward.plan.outputs.indices {
      let drawn = Int(forward.drawn[output])
      guard unsafe forward.buffers.logits[output][drawn].isFinite else {
        throw PitwallError(
          .data, "the logits are not finite: numbers of the model or of an adapter are broken")
      }
    }
  }

  private func check(_ input: StepInput) throws {
    guard input.tokenCount <= configuration.maxBatchTokens else {
      throw PitwallError(
        .usage,
        "a step of \(input.tokenCount) tokens; the engine takes \(configuration.maxBatchTokens)")
    }
    var pages = 0
    for item in input.items {
      let slot = try slot(of: item.sequence)
      let state = sequences[slot]
      guard state.step != steps else {
        throw PitwallError(.usage, "a sequence is twice in one step")
      }
      guard !item.tokens.isEmpty || state.lastToken != nil else {
        throw PitwallError(.usage, "a sequence without a prompt cannot decode")
      }
      let length = state.length + max(1, item.tokens.count)
      guard length <= maxContext else {
        throw PitwallError(.usage, "a sequence of \(length) tokens; the engine takes \(maxContext)")
      }
      let known = 0..<Int32(model.vocabularySize)
      for token in input.tokens[item.tokens] where !known.contains(token) {
        throw PitwallError(.usage, "there is no token \(token)")
      }
      try checkMerge(state.adapters)
      pages += pool.pages(forTokens: length) - state.pages
      sequences[slot].step = steps
    }
    guard pages <= pool.freePages else {
      throw PitwallError(
        .unavailable, "the step takes \(pages) pages, the pool has \(pool.freePages) free")
    }
  }

  private func plan(_ input: StepInput) {
    forward.plan.removeAll()
    for (index, item) in input.items.enumerated() {
      let slot = item.sequence.slot
      let count = max(1, item.tokens.count)
      forward.plan.insert(
        StepPlan.Chunk(
          firstRow: index, count: count, sequence: slot, position: sequences[slot].length,
          samples: item.samples, adapters: sequences[slot].adapters))
      grow(slot, by: count)
      outputs[slot] = -1
    }
    forward.plan.layOut(withAdapters: merged == nil) { item, offset in
      let item = input.items[item]
      return item.tokens.isEmpty
        ? sequences[item.sequence.slot].lastToken ?? 0
        : input.tokens[item.tokens.lowerBound + offset]
    }
    for chunk in forward.plan.chunks {
      for round in 0..<chunk.adapters.count {
        let weights = unsafe forward.buffers.weights[round]
        for row in chunk.firstRow..<chunk.firstRow + chunk.count {
          unsafe weights[row] = chunk.adapters.weights[round]
        }
      }
    }
    for (output, chunk) in forward.plan.outputs.enumerated() {
      let state = sequences[forward.plan.chunks[chunk].sequence]
      var random = state.random.entity(UInt64(state.length))
      forward.samplings[output] = (state.sampling, random.uniform())
    }
  }

  private func grow(_ slot: Int, by count: Int) {
    sequences[slot].length += count
    let pages = pool.pages(forTokens: sequences[slot].length)
    while sequences[slot].pages < pages, let page = pool.take() {
      tables[slot, sequences[slot].pages] = page
      sequences[slot].pages += 1
    }
  }
}

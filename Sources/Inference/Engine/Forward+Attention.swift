import CKernels

/// The pages of every sequence, in one table that the kernels read.
@safe final class PageTables {
  private let pages: UnsafeMutablePointer<Int32>
  let pagesPerSequence: Int
  /// Whether neighbours read each other's pages: a planted fault.
  var mixes = false

  init(sequences: Int, pagesPerSequence: Int) {
    self.pagesPerSequence = pagesPerSequence
    unsafe pages = .allocate(capacity: sequences * pagesPerSequence)
    unsafe pages.initialize(repeating: 0, count: sequences * pagesPerSequence)
  }

  deinit { unsafe pages.deallocate() }

  /// The pages of a sequence, as attention reads them.
  func table(_ sequence: Int) -> UnsafeMutablePointer<Int32> {
    unsafe pages + (mixes ? sequence & ~1 : sequence) * pagesPerSequence
  }

  subscript(sequence: Int, block: Int) -> Int32 {
    get { unsafe pages[sequence * pagesPerSequence + block] }
    set { unsafe pages[sequence * pagesPerSequence + block] = newValue }
  }
}

extension Forward {
  /// Cuts chunks into as many tokens as the kernel takes query heads for at a time.
  func planAttention() {
    let group = weights.model.heads / weights.model.keyValueHeads
    let most = max(1, Int(pw_attention_rows) / group)
    attentionTasks.removeAll(keepingCapacity: true)
    for chunk in plan.chunks {
      var done = 0
      while done < chunk.count {
        let count = min(most, chunk.count - done)
        attentionTasks.append(
          AttentionTask(
            firstRow: chunk.firstRow + done, count: count, sequence: chunk.sequence,
            position: chunk.position + done))
        done += count
      }
    }
  }

  /// Turns queries and keys by their positions, and stores keys and values in their pages.
  func rotate(_ rows: Range<Int>) {
    let model = weights.model
    let parts = weights.layers[layer].groups[GroupSite.attentionInput.rawValue].parts
    let size = Int32(truncatingIfNeeded: model.headSize)
    let keyHeads = Int32(truncatingIfNeeded: model.keyValueHeads)
    for row in rows {
      let place = plan.rows[row]
      let position = Int(place.position)
      let query = unsafe buffers.attentionInput[row]
      let key = unsafe query + parts[1].column
      let value = unsafe query + parts[2].column
      let cosines = unsafe rotary.cosines(at: position)
      let sines = unsafe rotary.sines(at: position)
      unsafe pw_rotate(
        set.code, query, Int32(truncatingIfNeeded: model.heads), size, cosines, sines)
      unsafe pw_rotate(set.code, key, keyHeads, size, cosines, sines)
      let page = tables[Int(place.sequence), position / pool.blockTokens]
      let floats = unsafe pool.page(page).assumingMemoryBound(to: Float.self)
      unsafe pw_store_token(
        key, value, keyHeads, size, Int32(truncatingIfNeeded: position % pool.blockTokens),
        Int32(truncatingIfNeeded: pool.blockTokens),
        floats + pool.keyOffset(layer: layer, head: 0),
        floats + pool.valueOffset(layer: layer, head: 0))
    }
  }

  /// Attention of one task's rows over one key-value head.
  func attend(_ unit: Int, _ worker: Int) {
    let model = weights.model
    let task = attentionTasks[unit / model.keyValueHeads]
    let head = unit % model.keyValueHeads
    let group = model.heads / model.keyValueHeads
    let column = head * group * model.headSize
    var job = unsafe pw_attention(
      query: buffers.attentionInput[task.firstRow] + column,
      query_stride: buffers.attentionInput.stride,
      output: buffers.attentionOutput[task.firstRow] + column,
      output_stride: buffers.attentionOutput.stride,
      rows: Int32(truncatingIfNeeded: task.count * group), group: Int32(truncatingIfNeeded: group),
      head_size: Int32(truncatingIfNeeded: model.headSize),
      first_position: Int32(truncatingIfNeeded: task.position),
      scale: 1 / Float(model.headSize).squareRoot(), pool: pool.floats,
      pages: tables.table(task.sequence), page_floats: pool.pageFloats,
      key_offset: pool.keyOffset(layer: layer, head: head),
      value_offset: pool.valueOffset(layer: layer, head: head),
      block: Int32(truncatingIfNeeded: pool.blockTokens), scratch: buffers.scores[worker])
    unsafe pw_attend(set.code, &job)
  }
}

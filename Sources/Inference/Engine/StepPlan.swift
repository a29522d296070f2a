/// The rows of one step in the order in which they are computed: base rows first, then by adapters,
/// so that each adapter has one stretch of rows.
struct StepPlan {
  /// One token of one sequence.
  struct Row {
    var token: Int32
    var position: Int32
    var sequence: Int32
  }

  /// Neighbouring rows of one sequence.
  struct Chunk {
    var firstRow: Int
    var count: Int
    var sequence: Int
    var position: Int
    var samples: Bool
    var adapters: AdapterList
  }

  /// Neighbouring rows with one adapter.
  struct Segment {
    var rows: Range<Int>
    var adapter: Int
  }

  private(set) var rows: [Row] = []
  private(set) var chunks: [Chunk] = []
  /// First, second … adapter of each row: rounds whose updates are added one after the other.
  private(set) var rounds: [[Segment]] = Array(repeating: [], count: AdapterList.limit)
  /// Rounds that have segments.
  private(set) var roundCount = 0
  /// The chunks that draw a token.
  private(set) var outputs: [Int] = []

  init(maxRows: Int, maxSequences: Int) {
    rows.reserveCapacity(maxRows)
    chunks.reserveCapacity(maxSequences)
    outputs.reserveCapacity(maxSequences)
    for round in rounds.indices { rounds[round].reserveCapacity(maxSequences) }
  }

  mutating func removeAll() {
    rows.removeAll(keepingCapacity: true)
    chunks.removeAll(keepingCapacity: true)
    outputs.removeAll(keepingCapacity: true)
    for round in rounds.indices { rounds[round].removeAll(keepingCapacity: true) }
    roundCount = 0
  }

  /// Puts a chunk behind those whose adapters do not come after its own. Its `firstRow` is, until
  /// ``layOut(_:)``, the index of its item.
  mutating func insert(_ chunk: Chunk) {
    var place = chunks.count
    while place > 0, chunk.adapters.precedes(chunks[place - 1].adapters) { place -= 1 }
    chunks.insert(chunk, at: place)
  }

  /// Gives all chunks their rows.
  /// - Parameter token: the token of a chunk's item at an offset.
  mutating func layOut(withAdapters: Bool, token: (_ item: Int, _ offset: Int) -> Int32) {
    for index in chunks.indices {
      let item = chunks[index].firstRow
      let chunk = chunks[index]
      chunks[index].firstRow = rows.count
      for offset in 0..<chunk.count {
        rows.append(
          Row(
            token: token(item, offset),
            position: Int32(truncatingIfNeeded: chunk.position + offset),
            sequence: Int32(truncatingIfNeeded: chunk.sequence)))
      }
      if chunk.samples { outputs.append(index) }
      if withAdapters { extendSegments(by: chunks[index]) }
    }
  }

  private mutating func extendSegments(by chunk: Chunk) {
    roundCount = max(roundCount, chunk.adapters.count)
    let rows = chunk.firstRow..<chunk.firstRow + chunk.count
    for round in 0..<chunk.adapters.count {
      let adapter = Int(chunk.adapters.places[round])
      if let last = rounds[round].last, last.adapter == adapter,
        last.rows.upperBound == rows.lowerBound
      {
        rounds[round][rounds[round].count - 1].rows = last.rows.lowerBound..<rows.upperBound
      } else {
        rounds[round].append(Segment(rows: rows, adapter: adapter))
      }
    }
  }
}

import Primitives

/// Assigns LoRA ranks to adapters; sizes in bytes follow from the model unless given here.
struct RanksTransform: TraceTransform {
  static let name = "ranks"
  static let summary = "Assign adapter ranks (and sizes), in turn or by weighted draws"
  static let usage =
    "ranks=8,16,... [weights=1,2,...] [by=round-robin|seed] [bytes=SIZE | bytes-per-rank=SIZE]"

  private enum Assignment: String, CaseIterable {
    case roundRobin = "round-robin"
    case seed
  }

  private let ranks: [Int32]
  private let weights: AliasTable?
  private let bytes: Bytes?
  private let bytesPerRank: Bytes?

  init(_ parameters: inout Parameters) throws {
    ranks = try parameters.ranks("ranks", default: [])
    if ranks.isEmpty { throw parameters.invalid("ranks", "is missing") }
    let given = try parameters.doubles("weights")
    let by = try parameters.choice("by", default: given == nil ? Assignment.roundRobin : .seed)
    switch by {
    case .roundRobin:
      if given != nil { throw parameters.invalid("weights", "are for by=seed only") }
      weights = nil
    case .seed:
      let written = given ?? Array(repeating: 1, count: ranks.count)
      weights = AliasTable(weights: written)
      if weights == nil || written.count != ranks.count {
        throw parameters.invalid("weights", "expected a weight for each rank, none negative")
      }
    }
    bytes = try parameters.bytes("bytes")
    bytesPerRank = try parameters.bytes("bytes-per-rank")
    if bytes == 0 { throw parameters.invalid("bytes", "expected a size above 0") }
    if let bytesPerRank, bytes != nil || !(1...1 << 40).contains(bytesPerRank) {
      throw parameters.invalid("bytes-per-rank", "expected 1 B to 1 TiB, and not with bytes")
    }
  }

  func apply(to trace: Trace, _ context: TransformContext) -> Trace {
    var random = context.random(Self.name)
    var result = trace
    for index in trace.adapters.indices {
      let choice = weights.map { $0.draw(&random) } ?? index % ranks.count
      let rank = ranks[choice]
      result.adapters[index].rank = rank
      if let size = bytes ?? bytesPerRank.map({ $0 * Bytes(rank) }) {
        result.adapters[index].bytes = size
      }
    }
    let list = ranks.map { String($0) }.joined(separator: ",")
    let how = weights == nil ? "round-robin" : "by seed \(context.seed)"
    result.note(.adapters, "ranks \(list) assigned \(how)")
    return result
  }
}

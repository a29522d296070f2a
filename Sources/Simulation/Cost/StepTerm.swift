/// The adapter slots of a server, on which the cost of its LoRA kernels depends.
public struct SlotLayout: Sendable, Equatable {
  /// Slots; 0 where the server has none.
  public var count: Int
  /// The largest rank that fits into one.
  public var rank: Int

  /// Makes a layout.
  public init(count: Int, rank: Int) {
    self.count = count
    self.rank = rank
  }

  /// Slots times the tiles of 16 ranks that each has.
  var rankTiles: Int { count * SlotLayout.tiles(ofRank: rank) }

  /// Tiles of 16 that hold a rank.
  static func tiles(ofRank rank: Int) -> Int { (rank + 15) / 16 }
}

/// A quantity that a step's time grows with, each with a coefficient that measurements give.
///
/// This is the whole table: a term is a case with its physics, the unit that its coefficient is
/// counted by, and its value. Nothing else lists them.
public enum StepTerm: String, CaseIterable, Sendable {
  /// Every step: scheduling, launching the kernels, and reading the weights, which below the batch
  /// where arithmetic takes longer is most of it (Williams et al., "Roofline", CACM 2009).
  case step
  /// Thread blocks of the kernel that projects tokens down to the rank. vLLM 0.8.5 launches them
  /// for *every* slot, used or not, and the empty ones leave early: `lora_shrink` in
  /// `vllm/lora/ops/triton_ops`, with tiles of 32 tokens and 16 ranks, the hidden dimension split 64
  /// ways below 128 tokens and 8 ways from there. In units of the 64 ways.
  case shrinkGrid = "shrink-grid"
  /// Thread blocks of the kernel that projects back up, `lora_expand`: for every slot, tiles of 64
  /// tokens. The tiles of the output's width are the same in every step.
  case expandGrid = "expand-grid"
  /// Sequences that decode: sampling, and the arithmetic of one token each.
  case decode
  /// Prompt tokens: the arithmetic of one token each.
  case promptToken = "prompt-token"
  /// Tokens in the KV cache that decoding sequences read: memory traffic of attention.
  case contextToken = "context-token"
  /// Pairs of a prompt token and a token that it attends to: arithmetic of attention.
  case promptPair = "prompt-pair"
  /// Distinct adapters: each one's weights are read once, and its tokens fill tiles of their own.
  case adapter
  /// Distinct adapters times the tiles of 16 ranks in a slot: the part of the same that grows with
  /// the rank that slots are made for.
  case adapterRank = "adapter-rank"
  /// A step of more tokens than there are CUDA graphs for (512): each kernel is launched by itself.
  case eager
  /// Tokens of such a step.
  case eagerToken = "eager-token"
  /// Waiting requests that the scheduler looks at, most of them in vain where all slots are taken:
  /// it walks the whole queue in every step.
  case waitingScanned = "waiting-scanned"
  /// Sequences in the step: bookkeeping for each on the host.
  case running

  /// What the coefficient is counted by: `us per` this.
  public var unit: String {
    switch self {
    case .step: "step"
    case .shrinkGrid: "slot, 16 ranks and 32 tokens"
    case .expandGrid: "slot and 64 tokens"
    case .decode: "decoding sequence"
    case .promptToken: "prompt token"
    case .contextToken: "token in the KV cache"
    case .promptPair: "pair of attended tokens"
    case .adapter: "adapter"
    case .adapterRank: "adapter and 16 ranks of its slot"
    case .eager: "step above 512 tokens"
    case .eagerToken: "token of a step above 512"
    case .waitingScanned: "waiting request looked at"
    case .running: "sequence"
    }
  }

  /// The term's value for a step.
  @inline(__always)
  public func value(of step: StepWork, on slots: SlotLayout) -> Double {
    switch self {
    case .step: 1
    case .shrinkGrid:
      Double(slots.rankTiles * (step.paddedTokens < 128 ? 64 : 8) * ((step.paddedTokens + 31) / 32))
        / 64
    case .expandGrid: Double(slots.count * ((step.paddedTokens + 63) / 64))
    case .decode: Double(step.decodes)
    case .promptToken: Double(step.promptTokens)
    case .contextToken: Double(step.contextTokens)
    case .promptPair: Double(step.promptPairs)
    case .adapter: Double(step.adapters)
    case .adapterRank: Double(step.adapters * SlotLayout.tiles(ofRank: slots.rank))
    case .eager: step.isEager ? 1 : 0
    case .eagerToken: step.isEager ? Double(step.tokens) : 0
    case .waitingScanned: Double(step.scanned)
    case .running: Double(step.sequences)
    }
  }
}

extension StepWork {
  /// Tokens up to which vLLM captures CUDA graphs, one for each multiple of 8 (and 1, 2, 4).
  private static let graphTokens = 512

  /// Whether the step has too many tokens for a CUDA graph.
  fileprivate var isEager: Bool { tokens > StepWork.graphTokens }

  /// The tokens that kernels are launched for: those of the smallest graph that has room.
  fileprivate var paddedTokens: Int { isEager ? tokens : (tokens + 7) / 8 * 8 }
}

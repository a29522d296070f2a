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
  /// Steps that compute prompts: attention over them has kernels and metadata of its own.
  case prefill
  /// Distinct adapters: each one's weights are read once, and its tokens fill tiles of their own.
  case adapter
  /// Distinct adapters times the tiles of 16 ranks in a slot beyond the first: the part of the same
  /// that grows with the rank that slots are made for.
  case adapterRank = "adapter-rank"
  /// Distinct adapters of a step below 128 tokens, where the shrink kernel splits the hidden
  /// dimension 64 ways instead of 8: every adapter has eight times as many thread blocks, which add
  /// up their results.
  case adapterSplit = "adapter-split"
  /// A step of more tokens than there are CUDA graphs for (512): each kernel is launched by itself.
  case eager
  /// Tokens above 512 of such a step.
  case eagerToken = "eager-token"
  /// Waiting requests that the scheduler looks at, most of them in vain where all slots are taken:
  /// it walks the whole queue in every step.
  case waitingScanned = "waiting-scanned"
  /// Waiting requests, looked at or not: Python's garbage collector passes over them, and so do the
  /// server's own statistics.
  case waiting

  /// What the coefficient is counted by: `us per` this.
  public var unit: String {
    switch self {
    case .step: "step"
    case .shrinkGrid: "slot, 16 ranks and 32 tokens"
    case .expandGrid: "slot and 64 tokens"
    case .decode: "decoding sequence"
    case .promptToken: "prompt token"
    case .contextToken: "token in the KV cache"
    case .prefill: "step with prompt tokens"
    case .adapter: "adapter"
    case .adapterRank: "adapter and 16 more ranks"
    case .adapterSplit: "adapter, below 128 tokens"
    case .eager: "step above 512 tokens"
    case .eagerToken: "token above 512"
    case .waitingScanned: "waiting request looked at"
    case .waiting: "waiting request"
    }
  }

  /// The term's value for a step.
  @inline(__always)
  public func value(of step: StepWork, on slots: SlotLayout) -> Double {
    switch self {
    case .step: 1
    case .shrinkGrid:
      Double(slots.rankTiles * (step.splitsWidely ? 64 : 8) * ((step.paddedTokens + 31) / 32)) / 64
    case .expandGrid: Double(slots.count * ((step.paddedTokens + 63) / 64))
    case .decode: Double(step.decodes)
    case .promptToken: Double(step.promptTokens)
    case .contextToken: Double(step.contextTokens)
    case .prefill: step.promptTokens > 0 ? 1 : 0
    case .adapter: Double(step.adapters)
    case .adapterRank: Double(step.adapters * max(0, SlotLayout.tiles(ofRank: slots.rank) - 1))
    case .adapterSplit: step.splitsWidely ? Double(step.adapters) : 0
    case .eager: step.isEager ? 1 : 0
    case .eagerToken: Double(max(0, step.tokens - StepWork.graphTokens))
    case .waitingScanned: Double(step.scanned)
    case .waiting: Double(step.waiting)
    }
  }
}

extension StepWork {
  /// Tokens up to which vLLM captures CUDA graphs, one for each multiple of 8 (and 1, 2, 4).
  fileprivate static let graphTokens = 512

  /// Whether the step has too many tokens for a CUDA graph.
  fileprivate var isEager: Bool { tokens > StepWork.graphTokens }

  /// The tokens that kernels are launched for: those of the smallest graph that has room.
  fileprivate var paddedTokens: Int { isEager ? tokens : (tokens + 7) / 8 * 8 }

  /// Whether `lora_shrink` splits the hidden dimension 64 ways.
  fileprivate var splitsWidely: Bool { paddedTokens < 128 }
}

import Primitives

/// How a replica serves: its memory, its limits, the links between its tiers.
public struct ReplicaConfiguration: Sendable, Equatable {
  /// Whether computation goes on while an adapter is copied to the device.
  public enum Loading: String, Sendable, CaseIterable {
    /// Steps go on; a request joins when its adapters are there (SGLang's overlap loading, S-LoRA).
    case overlapped
    /// No step begins while a demanded adapter is on its way.
    case blocking
    /// A request starts whether or not its adapters are there; the step that it starts in copies
    /// them, one after the other, before it computes (vLLM). There is no prefetch. Where adapters
    /// share a pool with the KV cache, ``Activation/protected`` is needed.
    case inStep = "in-step"
  }

  /// Who may make way while the adapters of a step are copied one after the other.
  public enum Activation: String, Sendable, CaseIterable {
    /// Whoever the eviction policy names among those whose turn has not come, adapters of the same
    /// step included; these are copied again when their turn comes. vLLM goes through a step's
    /// adapters in the order of a Python set, which is arbitrary, and hardly changes from a step to the
    /// next (`LRUCacheWorkerLoRAManager._apply_adapters`, versions 0.5.0 to 0.33.0).
    case setOrder = "set-order"
    /// No adapter of the step (SGLang's `LoRAMemoryPool.prepare_lora_batch`).
    case protected
  }

  /// What a step computes.
  public enum Batching: String, Sendable, CaseIterable {
    /// Prompts and decoding sequences together (vLLM V1, Sarathi).
    case mixed
    /// Prompts if a request can start, and otherwise decoding sequences, which pause meanwhile
    /// (vLLM V0, SGLang, S-LoRA).
    case separate
  }

  /// What memory a request must find free in order to start.
  public enum Admission: String, Sendable, CaseIterable {
    /// KV blocks for what it computes in its first step; for the whole prompt with
    /// ``Batching/separate``. Growing sequences may preempt others later.
    case blocks
    /// So much that nobody has to be preempted if each request produces as many tokens as its
    /// ``Request/outputLimit`` allows: with the requests ordered by the tokens left to them, falling,
    /// the largest over i of i times the tokens left to the i-th plus the tokens that the first i hold
    /// (S-LoRA's `ReqQueue._can_add_new_req`, from LightLLM).
    case peak
    /// KV blocks for its prompt and all the tokens that its ``Request/outputLimit`` allows, beside as
    /// many for each that runs (TGI's and LoRAX's block allocator).
    case whole
  }

  /// Which running sequence makes way when another finds no KV block.
  public enum Preemption: String, Sendable, CaseIterable {
    /// The one that started last (vLLM V1).
    case newest
    /// The one that arrived last, whenever it started (vLLM V0, whose policy sorts by arrival).
    case latestArrival = "latest-arrival"
  }

  /// Adapter slots on the device; nil where adapters and KV cache share one pool.
  public var slots: Int?
  /// Device bytes for adapters: that of the slots, or the whole pool.
  public var adapterBytes: Bytes
  /// KV-cache blocks: those beside the slots, or as many as the whole pool holds.
  public var kvBlocks: Int
  /// Bytes of a block.
  public var kvBlockBytes: Bytes
  /// Tokens in a block.
  public var kvBlockTokens: Int
  /// Most sequences that run at once.
  public var maxSequences: Int
  /// Most tokens computed in a step; at least `maxSequences`, so that every decoding sequence gets
  /// its token in every step.
  public var tokenBudget: Int
  /// Whether a prompt may be computed in pieces, beside decoding.
  public var chunkedPrefill: Bool
  /// Whether a step that computes prompts lets decoding sequences go on.
  public var batching = Batching.mixed
  /// With ``Batching/separate``: decoding steps between two that compute prompts, while anything
  /// decodes (S-LoRA's `max_wait_tokens`).
  public var decodeStreak = 0
  /// What memory a request must find.
  public var admission = Admission.blocks
  /// Whether adapters stay on the device when no running sequence uses them, until room is needed;
  /// otherwise they are dropped whenever decoding sequences end (S-LoRA's `offload_adapters`).
  public var keepsIdleAdapters = true
  /// KV blocks that must be free beside those of a request that starts (vLLM V0's watermark).
  public var reservedBlocks = 0
  /// Whether a decoding sequence may go on only while a block is free, even if it needs none (vLLM
  /// V0's `can_append_slots`).
  public var needsSpareBlock = false
  /// Whether a waiting request whose adapters may not join holds up those behind it if there are no
  /// blocks for its prompt either (vLLM V0's `_schedule_prefills`, which looks for blocks first).
  public var blocksFirst = false
  /// Which running sequence makes way.
  public var preemption = Preemption.newest
  /// Whether loads hold up the steps.
  public var loading: Loading
  /// Who makes way where adapters are copied inside steps.
  public var activation: Activation
  /// Host memory for adapters.
  public var hostBytes: Bytes
  /// Disk space for adapters.
  public var diskBytes: Bytes
  /// The nearest tier that holds adapters when the run begins. With ``Tier/device`` every adapter has
  /// been activated in turn, and the last are still there (vLLM V1, which does so with the adapters that
  /// it is given at its start).
  public var start: Tier
  /// Transfers at once on the links to disk, host and device.
  public var lanes: [Int]
  /// Whether to record when which adapter was on the device.
  public var recordsResidency: Bool

  /// Makes a configuration.
  public init(
    slots: Int?, adapterBytes: Bytes, kvBlocks: Int, kvBlockBytes: Bytes, kvBlockTokens: Int = 16,
    maxSequences: Int = 256, tokenBudget: Int = 2048, chunkedPrefill: Bool = true,
    loading: Loading = .overlapped, activation: Activation = .setOrder,
    hostBytes: Bytes = .max, diskBytes: Bytes = .max,
    start: Tier = .host, lanes: [Int] = [4, 2, 1], recordsResidency: Bool = true
  ) {
    self.slots = slots
    self.adapterBytes = adapterBytes
    self.kvBlocks = kvBlocks
    self.kvBlockBytes = kvBlockBytes
    self.kvBlockTokens = kvBlockTokens
    self.maxSequences = maxSequences
    self.tokenBudget = max(tokenBudget, maxSequences)
    self.chunkedPrefill = chunkedPrefill
    precondition(
      loading != .inStep || slots != nil || activation == .protected,
      "the adapters of a pool have to be protected while a step copies some")
    self.loading = loading
    self.activation = activation
    self.hostBytes = hostBytes
    self.diskBytes = diskBytes
    self.start = start
    self.lanes = lanes
    self.recordsResidency = recordsResidency
  }

  /// Bytes for adapters in a tier.
  public func capacity(of tier: Tier) -> Bytes {
    switch tier {
    case .remote: .max
    case .disk: diskBytes
    case .host: hostBytes
    case .device: adapterBytes
    }
  }
}

/// The eviction policy of each tier.
public struct EvictionPolicies: ~Copyable {
  /// Of the device.
  public var device: any EvictionPolicy & ~Copyable
  /// Of host memory.
  public var host: any EvictionPolicy & ~Copyable
  /// Of the disk.
  public var disk: any EvictionPolicy & ~Copyable

  /// Makes the three.
  public init(
    device: consuming any EvictionPolicy & ~Copyable,
    host: consuming any EvictionPolicy & ~Copyable, disk: consuming any EvictionPolicy & ~Copyable
  ) {
    self.device = device
    self.host = host
    self.disk = disk
  }
}

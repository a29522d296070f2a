import Primitives

/// How a replica serves: its memory, its limits, the links between its tiers.
public struct ReplicaConfiguration: Sendable, Equatable {
  /// Whether computation goes on while an adapter is copied to the device.
  public enum Loading: String, Sendable, CaseIterable {
    /// Steps go on; a request joins when its adapters are there (SGLang's overlap loading, S-LoRA).
    case overlapped
    /// No step begins while a demanded adapter is on its way (vLLM).
    case blocking
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
  /// Whether loads hold up the steps.
  public var loading: Loading
  /// Host memory for adapters.
  public var hostBytes: Bytes
  /// Disk space for adapters.
  public var diskBytes: Bytes
  /// The nearest tier that holds adapters when the run begins.
  public var start: Tier
  /// Transfers at once on the links to disk, host and device.
  public var lanes: [Int]
  /// Whether to record when which adapter was on the device.
  public var recordsResidency: Bool

  /// Makes a configuration.
  public init(
    slots: Int?, adapterBytes: Bytes, kvBlocks: Int, kvBlockBytes: Bytes, kvBlockTokens: Int = 16,
    maxSequences: Int = 256, tokenBudget: Int = 2048, chunkedPrefill: Bool = true,
    loading: Loading = .overlapped, hostBytes: Bytes = .max, diskBytes: Bytes = .max,
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
    self.loading = loading
    self.hostBytes = hostBytes
    self.diskBytes = diskBytes
    self.start = start
    self.lanes = lanes
    self.recordsResidency = recordsResidency
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

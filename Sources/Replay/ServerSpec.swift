import Orchestration
import Primitives
import Simulation

/// A server as an experiment describes it: model, accelerator, limits, memory for adapters.
public struct ServerSpec: Sendable, Equatable {
  /// How device memory is given to adapters.
  public enum AdapterMemory: Sendable, Equatable {
    /// So many slots, each large enough for an adapter of the largest rank (vLLM, SGLang).
    case slots(Int)
    /// A share of the device's memory, for as many adapters as fit there (LoRAX).
    case share(Double)
    /// One pool with the KV cache (S-LoRA's unified paging, Chameleon).
    case pool
  }

  /// How step times are computed.
  public enum Cost: Sendable, Equatable {
    /// ``Roofline`` of the model on the accelerator.
    case roofline
    /// ``LinearCost`` with these rates.
    case linear(LinearCost)
    /// ``TableCost``: what somebody measured.
    case table(TableCost)
    /// What a profile says about the model: step times, and in place of this description's own also
    /// the room in the KV cache, whether the server starts, and load times into the device.
    case profile(Profile.Model)

    public static func == (a: Cost, b: Cost) -> Bool {
      switch (a, b) {
      case (.roofline, .roofline): true
      case (.linear(let x), .linear(let y)):
        x.base == y.base && x.perDecode == y.perDecode && x.perPromptToken == y.perPromptToken
          && x.perAdapter == y.perAdapter && x.perContextToken == y.perContextToken
      case (.table(let x), .table(let y)): x == y
      case (.profile(let x), .profile(let y)): x == y
      default: false
      }
    }
  }

  /// The base model.
  public var model: ModelShape
  /// What it runs on.
  public var accelerator: Accelerator
  /// Device memory in place of the accelerator's: that of an engine in this process.
  public var room: DeviceRoom?
  /// Number of equal servers.
  public var replicas = 1
  /// Share of device memory that the server takes.
  public var memoryUtilization = 0.9
  /// Of this, working space for activations.
  public var workspace: Bytes = 1 << 30
  /// How adapters get their part.
  public var adapterMemory = AdapterMemory.slots(16)
  /// The rank that slots are made for; nil for the largest in the trace.
  public var maxRank: Int?
  /// Rank of adapters whose trace does not say.
  public var defaultRank = 16
  /// Projections that adapters change.
  public var targets = ModelShape.allTargets
  /// Tokens in a KV block.
  public var kvBlockTokens = 16
  /// Most sequences at once.
  public var maxSequences = 256
  /// Most tokens in a step.
  public var tokenBudget = 2048
  /// Whether prompts may be computed in pieces.
  public var chunkedPrefill = true
  /// Whether loads hold up the steps.
  public var loading = ReplicaConfiguration.Loading.overlapped
  /// Who makes way where adapters are copied inside steps.
  public var activation = ReplicaConfiguration.Activation.setOrder
  /// Whether idle adapters stay on the device.
  public var keepsIdleAdapters = true
  /// Whether a step that computes prompts lets decoding sequences go on.
  public var batching = ReplicaConfiguration.Batching.mixed
  /// Decoding steps between two that compute prompts, where these are separate.
  public var decodeStreak = 0
  /// What memory a request must find.
  public var admission = ReplicaConfiguration.Admission.blocks
  /// Whether clients say how much output they want, and want what they get.
  public var declaresOutput = false
  /// Share of the KV blocks that must stay free when a request starts.
  public var watermark = 0.0
  /// Whether a waiting request whose adapters may not join holds up others for want of blocks.
  public var blocksFirst = false
  /// Which running sequence makes way when another finds no KV block.
  public var preemption = ReplicaConfiguration.Preemption.newest
  /// Whether a decoding sequence may go on only while a block is free.
  public var needsSpareBlock = false
  /// Whether LoRA kernels read an adapter once for each decoding token, not once a step.
  public var gathersAdapters = false
  /// Host memory for adapters.
  public var hostBytes: Bytes = 64 << 30
  /// Disk space for adapters.
  public var diskBytes: Bytes = 1 << 40
  /// The nearest tier that holds adapters at the start; with ``Tier/device``, which only slots can
  /// begin with, the last that fit.
  public var start = Tier.host
  /// Link from the object store to disk.
  public var remoteToDisk = Link.remoteToDisk
  /// Link from disk to host memory.
  public var diskToHost = Link.diskToHost
  /// Link from host memory to the device; nil for the accelerator's.
  public var hostToDevice: Link?
  /// Step times.
  public var cost = Cost.roofline
  /// The scheduling policy of strategies that name none.
  public var scheduling = "fcfs"
  /// What happens to a request that could never fit: an error before the run, or its rejection.
  public var rejectsOversized = false

  /// A server with usual limits.
  public init(model: ModelShape, accelerator: Accelerator) {
    self.model = model
    self.accelerator = accelerator
  }

  /// A server of an engine, as it is unless told otherwise.
  public init(model: ModelShape, accelerator: Accelerator, engine: Engine) {
    self.init(model: model, accelerator: accelerator)
    engine.configure(&self)
  }

  /// Adapter slots; nil where adapters are held together by their bytes alone.
  private var slots: Int? { if case .slots(let count) = adapterMemory { count } else { nil } }

  /// How many adapters may be on the device, whatever their size; nil where they share a pool with the
  /// KV cache.
  private func places(for catalogue: AdapterCatalogue) -> Int? {
    switch adapterMemory {
    case .slots(let count): count
    case .share: max(1, catalogue.count)
    case .pool: nil
    }
  }

  /// Device memory set aside for adapters.
  private func reservedBytes(slotBytes: Bytes) -> Bytes {
    switch adapterMemory {
    case .slots(let count): Bytes(count) * slotBytes
    case .share(let share): Bytes(Double(accelerator.memory) * share)
    case .pool: 0
    }
  }

  /// The rank that slots are made for.
  private func slotRank(for catalogue: AdapterCatalogue) -> Int {
    maxRank ?? catalogue.adapters.map(\.rank).max() ?? defaultRank
  }

  /// Bytes of a slot for adapters of a rank.
  private func slotBytes(rank: Int) -> Bytes {
    room.map { Bytes($0.slotPages) * $0.pageBytes }
      ?? model.adapterBytes(rank: rank, targets: targets)
  }

  /// Bytes of a KV block.
  private var blockBytes: Bytes {
    room?.pageBytes ?? Bytes(kvBlockTokens) * model.kvBytesPerToken
  }

  /// The world's side of the server.
  func serverModel(for catalogue: AdapterCatalogue) -> ServerModel {
    let layout = SlotLayout(count: slots ?? 0, rank: slotRank(for: catalogue))
    var loads: LoadTimes?
    var hostLoad: Nanoseconds?
    var frontend: FrontendModel?
    let cost: any CostModel
    switch self.cost {
    case .roofline:
      cost = Roofline(
        model: model, accelerator: accelerator, targets: targets, gathersAdapters: gathersAdapters)
    case .linear(let linear): cost = linear
    case .table(let table): cost = table
    case .profile(let profiled):
      cost = profiled.cost(slots: layout)
      // A link that the experiment describes goes before what was measured elsewhere.
      if hostToDevice == nil { loads = profiled.loadTimes(slotRank: layout.rank) }
      if diskToHost == .diskToHost {
        hostLoad = profiled.diskMilliseconds.map { Nanoseconds(seconds: $0 / 1000) }
      }
      frontend = profiled.frontend
    }
    var server = ServerModel(cost: cost, links: links, deviceLoads: loads, frontend: frontend)
    server.hostLoad = hostLoad
    return server
  }

  private var links: [Link] {
    [remoteToDisk, diskToHost, hostToDevice ?? .hostToDevice(bandwidth: accelerator.hostLink)]
  }

  /// Why the server would not start, with slots made for a rank; nil if it starts, or if no profile
  /// says when it does not.
  public func refusal(slotRank: Int) -> StartRefusal? {
    guard case .profile(let profiled) = cost, let slots else { return nil }
    return profiled.refusal(slots: slots, rank: slotRank, blockTokens: kvBlockTokens)
  }

  /// Divides the device's memory and makes the replicas' configuration.
  /// - Throws: `PitwallError` (data) if the model, its slots and one KV block do not fit, or if the
  ///   server would not start (``refusal(slotRank:)``).
  func configuration(
    catalogue: AdapterCatalogue
  ) throws -> (replica: ReplicaConfiguration, memory: DeviceMemory) {
    let slotRank = slotRank(for: catalogue)
    let (memory, rest) = try divideMemory(slotRank: slotRank)
    try checkAdapters(catalogue, slotRank: slotRank, memory, rest: rest)
    try checkLoading()
    let blockBytes = blockBytes
    var replica = ReplicaConfiguration(
      slots: places(for: catalogue),
      adapterBytes: adapterMemory == .pool ? rest : memory.adapterSlots,
      kvBlocks: Int(rest / blockBytes), kvBlockBytes: blockBytes, kvBlockTokens: kvBlockTokens,
      maxSequences: maxSequences, tokenBudget: tokenBudget, chunkedPrefill: chunkedPrefill,
      loading: loading, activation: activation, hostBytes: hostBytes, diskBytes: diskBytes,
      start: start, lanes: links.map(\.lanes))
    replica.batching = batching
    replica.decodeStreak = decodeStreak
    replica.admission = admission
    replica.keepsIdleAdapters = keepsIdleAdapters
    replica.reservedBlocks = Int(watermark * Double(replica.kvBlocks))
    replica.needsSpareBlock = needsSpareBlock
    replica.preemption = preemption
    replica.blocksFirst = blocksFirst
    return (replica, memory)
  }

  /// What weights and slots take, and what is left for the KV cache (and, in a pool, adapters).
  private func divideMemory(slotRank: Int) throws -> (DeviceMemory, rest: Bytes) {
    let fixed = room?.weightBytes ?? model.weightBytes + workspace
    let capacity =
      room.map { $0.weightBytes + Bytes($0.pages) * $0.pageBytes }
      ?? Bytes(Double(accelerator.memory) * memoryUtilization)
    let reserved = reservedBytes(slotBytes: slotBytes(rank: slotRank))
    if case .profile(let profiled) = cost, let slots {
      if let refusal = refusal(slotRank: slotRank) {
        throw PitwallError(.data, at: "server", refusal.description)
      }
      let tokens = profiled.kv.tokens(slots: slots, rank: slotRank, blockTokens: kvBlockTokens)
      let rest = Bytes(tokens / kvBlockTokens) * blockBytes
      // What was measured fitted, whatever the sizes of the parts add up to.
      let memory = DeviceMemory(
        capacity: max(capacity, fixed + reserved + rest), weights: fixed, adapterSlots: reserved)
      return (memory, rest)
    }
    let rest = capacity - fixed - reserved
    guard rest >= blockBytes else {
      throw PitwallError(
        .data, at: "server",
        "\(model.name) does not fit on \(accelerator.name): \(gibibytes(capacity)) usable, "
          + "\(gibibytes(fixed)) for weights and workspace, \(gibibytes(reserved)) for "
          + "\(slots == nil ? "adapters" : "adapter slots"), and a KV block is needed")
    }
    return (DeviceMemory(capacity: capacity, weights: fixed, adapterSlots: reserved), rest)
  }

  /// Tokens that the KV cache has room for, in whole blocks, beside slots made for a rank; 0 where the
  /// model and its slots alone do not fit.
  public func kvTokens(slotRank: Int) -> Int {
    guard let rest = try? divideMemory(slotRank: slotRank).rest else { return 0 }
    return Int(rest / blockBytes) * kvBlockTokens
  }

  private func checkAdapters(
    _ catalogue: AdapterCatalogue, slotRank: Int, _ memory: DeviceMemory, rest: Bytes
  ) throws {
    let slotBytes = slotBytes(rank: slotRank)
    if let slots {
      for adapter in catalogue.adapters where adapter.bytes > slotBytes || slots == 0 {
        throw PitwallError(
          .data, at: "server",
          "adapter \"\(adapter.name)\" of \(adapter.bytes) B does not fit into "
            + (slots == 0 ? "0 slots" : "a slot of \(slotBytes) B (rank \(slotRank))"))
      }
    } else {
      let isPool = adapterMemory == .pool
      let limit = isPool ? rest - blockBytes : memory.adapterSlots
      guard let giant = catalogue.adapters.first(where: { $0.bytes > limit }) else { return }
      throw PitwallError(
        .data, at: "server",
        "adapter \"\(giant.name)\" of \(giant.bytes) B does not fit into "
          + (isPool ? "a pool of \(rest) B" : "the adapters' share of memory, \(limit) B"))
    }
  }
}

extension ServerSpec {
  private func checkLoading() throws {
    if adapterMemory == .pool, start == .device {
      throw PitwallError(.data, at: "server", "a pool has no adapters in it at the start")
    }
    if adapterMemory == .pool, loading == .inStep, activation != .protected {
      throw PitwallError(
        .data, at: "server",
        "adapters in a pool that are copied inside steps need `activation: protected`")
    }
    if admission != .blocks, !declaresOutput {
      throw PitwallError(
        .data, at: "server",
        "`admission: \(admission.rawValue)` needs clients that say how much output they want "
          + "(`declared-output: true`)")
    }
  }
}

/// `79.2 GiB`.
private func gibibytes(_ size: Bytes) -> String {
  "\((Double(size) / Double(1 << 30) * 10).rounded() / 10) GiB"
}

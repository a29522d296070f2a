import Orchestration
import Primitives
import Simulation

extension ServerSpec {
  /// What numbers of a server may be; the event queue addresses 256 replicas.
  enum Limits {
    static let slots = 1...1_000_000
    static let replicas = 1...256
    static let perStep = 1...1_000_000
    static let rank = 1...65_536
    static let memoryUtilization = 0.01...1.0
    static let memoryShare = 0.0001...0.9
  }

  /// Reads the `server` of an experiment.
  /// - Throws: `PitwallError` (data) that names file, line, column and key.
  init(_ value: YAMLValue) throws {
    var map = try value.mapping()
    let model: ModelShape = try named(
      map.required("model"), "model", in: ModelShape.catalogue, \.name)
    let accelerator: Accelerator = try named(
      map.required("accelerator"), "accelerator", in: Accelerator.catalogue, \.name)
    self.init(model: model, accelerator: accelerator)
    if let value = map.value("engine") {
      try named(value, "engine", in: Engine.catalogue, \.name).configure(&self)
    }
    if let value = map.value("replicas") { replicas = try value.int(in: Limits.replicas) }
    if let value = map.value("adapters") { try readAdapters(value) }
    if let value = map.value("limits") { try readLimits(value) }
    if let value = map.value("links") { try readLinks(value) }
    if let value = map.value("cost") { cost = try Cost(value, of: model) }
    try map.finish()
    if case .profile = cost {
      guard case .slots = adapterMemory else {
        throw value.failure("a profile is of a server with slots, and with neither pool nor share")
      }
    }
  }

  private mutating func readAdapters(_ value: YAMLValue) throws {
    var map = try value.mapping()
    if let slots = map.value("slots") { adapterMemory = .slots(try slots.int(in: Limits.slots)) }
    if let share = map.value("memory-share") {
      if map.value("slots") != nil { throw share.failure("slots or a share, not both") }
      adapterMemory = .share(try share.double(in: Limits.memoryShare))
    }
    if let pool = map.value("pool"), try pool.bool() {
      if map.value("slots") != nil { throw pool.failure("slots or a pool, not both") }
      if map.value("memory-share") != nil { throw pool.failure("a share or a pool, not both") }
      adapterMemory = .pool
    }
    if let rank = map.value("default-rank") { defaultRank = try rank.int(in: Limits.rank) }
    if let rank = map.value("max-rank") { maxRank = try rank.int(in: Limits.rank) }
    if let value = map.value("targets") {
      targets = try value.listOrScalar().map {
        try named($0, "projection", in: model.projections, \.name).name
      }
      if Set(targets).count < targets.count { throw value.failure("a projection is named twice") }
      if targets.isEmpty { throw value.failure("expected at least one projection") }
    }
    if let value = map.value("start") { start = try readStart(value) }
    if let value = map.value("host-memory") { hostBytes = try value.size() }
    if let value = map.value("disk") { diskBytes = try value.size() }
    if let value = map.value("loading") { loading = try value.choice() }
    if let value = map.value("activation") { activation = try value.choice() }
    if let value = map.value("keep-idle") { keepsIdleAdapters = try value.bool() }
    if let value = map.value("gather") { gathersAdapters = try value.bool() }
    try map.finish()
  }

  private func readStart(_ value: YAMLValue) throws -> Tier {
    try named(value, "tier", in: Tier.allCases, \.description)
  }

  private mutating func readLimits(_ value: YAMLValue) throws {
    var map = try value.mapping()
    if let value = map.value("max-sequences") { maxSequences = try value.int(in: Limits.perStep) }
    if let value = map.value("token-budget") { tokenBudget = try value.int(in: Limits.perStep) }
    if let value = map.value("chunked-prefill") { chunkedPrefill = try value.bool() }
    if let value = map.value("batching") { batching = try value.choice() }
    if let value = map.value("decode-streak") { decodeStreak = try value.int(in: 0...1_000_000) }
    if let value = map.value("admission") { admission = try value.choice() }
    if let value = map.value("declared-output") { declaresOutput = try value.bool() }
    if let value = map.value("watermark") { watermark = try value.double(in: 0...0.5) }
    if let value = map.value("blocks-first") { blocksFirst = try value.bool() }
    if let value = map.value("preemption") { preemption = try value.choice() }
    if let value = map.value("spare-block") { needsSpareBlock = try value.bool() }
    if let value = map.value("kv-block") { kvBlockTokens = try value.int(in: 1...4096) }
    if let value = map.value("memory-utilization") {
      memoryUtilization = try value.double(in: Limits.memoryUtilization)
    }
    if let value = map.value("workspace") { workspace = try value.size() }
    if let value = map.value("oversized") {
      rejectsOversized = try value.choice(Oversized.self) == .reject
    }
    try map.finish()
  }

  private enum Oversized: String, CaseIterable { case error, reject }

  private mutating func readLinks(_ value: YAMLValue) throws {
    var map = try value.mapping()
    if let value = map.value("remote-to-disk") { try remoteToDisk.read(value) }
    if let value = map.value("disk-to-host") { try diskToHost.read(value) }
    if let value = map.value("host-to-device") {
      var link = Link.hostToDevice(bandwidth: accelerator.hostLink)
      try link.read(value)
      hostToDevice = link
    }
    try map.finish()
  }
}

extension Link {
  /// Reads the keys that are there; the others keep their values.
  fileprivate mutating func read(_ value: YAMLValue) throws {
    var map = try value.mapping()
    if let value = map.value("bandwidth") {
      bandwidth = Double(try value.bytes())
      if bandwidth < 1 { throw value.failure("expected at least 1 B/s") }
    }
    if let value = map.value("latency") { latency = try value.shortTime() }
    if let value = map.value("per-tensor") { perTensor = try value.shortTime() }
    if let value = map.value("lanes") { lanes = try value.int(in: 1...1024) }
    try map.finish()
  }
}

extension ServerSpec.Cost {
  /// Reads `roofline`, `{linear: {base: 10ms, per-decode: 20us, ...}}`, `{table: steps.csv}` or
  /// `{profile: server.yaml}`; paths are relative to the experiment's folder.
  fileprivate init(_ value: YAMLValue, of model: ModelShape) throws {
    if value.isScalar {
      _ = try named(value, "cost model", in: ["roofline"], \.self)
      self = .roofline
      return
    }
    var map = try value.mapping()
    let written = ["linear", "table", "profile"].filter { map.value($0) != nil }
    guard written.count == 1 else {
      try map.finish()
      throw value.failure("expected one of roofline, linear, table and profile")
    }
    if let file = map.value("table") {
      self = .table(try TableCost.read(file.resolvedPath()))
    } else if let file = map.value("profile") {
      self = .profile(try Self.readProfile(file, of: model))
    } else {
      self = .linear(try LinearCost(map.required("linear")))
    }
    try map.finish()
  }

  private static func readProfile(
    _ file: YAMLValue, of model: ModelShape
  ) throws -> Profile.Model {
    let profile = try Profile.read(file.resolvedPath())
    guard let profiled = profile.model(model.name) else {
      let names = profile.models.map(\.name).joined(separator: ", ")
      throw file.failure("the profile has no model \"\(model.name)\", only \(names)")
    }
    return profiled
  }
}

extension LinearCost {
  fileprivate init(_ value: YAMLValue) throws {
    var map = try value.mapping()
    func rate(_ key: String) throws -> Double {
      try map.value(key).map { Double(try $0.shortTime()) } ?? 0
    }
    self.init(
      base: try map.required("base").shortTime(), perDecode: try rate("per-decode"),
      perPromptToken: try rate("per-prompt-token"), perAdapter: try rate("per-adapter"),
      perContextToken: try rate("per-context-token"))
    try map.finish()
  }
}

extension YAMLValue {
  /// A path as seen from the folder of the file that names it.
  fileprivate func resolvedPath() throws -> String {
    RecipeFolders.resolve(try string(), in: RecipeFolders.folder(of: file))
  }
}

extension YAMLValue {
  /// A size of at most a pebibyte: one that others are added to.
  func size() throws -> Bytes {
    let size = try bytes()
    if size > 1 << 50 { throw failure("larger than 1 PiB") }
    return size
  }

  /// A time of at most an hour: one that many of are added up.
  func shortTime() throws -> Nanoseconds {
    let time = try nanoseconds()
    if time > 3600 * 1_000_000_000 { throw failure("longer than an hour") }
    return time
  }
}

/// The entry whose name a value gives.
/// - Throws: `PitwallError` (data) with the nearest name.
func named<T>(
  _ value: YAMLValue, _ kind: String, in entries: [T], _ name: (T) -> String
) throws -> T {
  let text = try value.string()
  guard let entry = entries.first(where: { name($0) == text }) else {
    throw value.failure(
      "unknown \(kind) \"\(text)\"" + Suggestion.hint(for: text, in: entries.map(name)))
  }
  return entry
}

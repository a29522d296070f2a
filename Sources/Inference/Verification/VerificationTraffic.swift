import Primitives

/// The traffic of a verification on the engine under test.
final class VerificationTraffic {
  let engine: Engine
  /// Tokens of the longest request.
  let longest = VerifiedRequest.mostTokens
  private let adapters: [[LoRAAdapter]]
  private var random: RandomStream
  /// Versions of the adapters that are loaded or on their way.
  private var resident: [Int: Int] = [:]
  private var pending: [AdapterLoad] = []
  /// The version of each id that was loaded last.
  private var lastVersion: [Int: Int] = [:]
  private var running: [Running] = []
  private var waiting: [VerifiedRequest] = []
  private var served: [VerifiedRequest] = []

  private struct Running {
    var request: VerifiedRequest
    var sequence: SequenceID
    var prefilled = 0
  }

  private static let mostRunning = 12

  init(
    _ checkpoint: Checkpoint, adapters: [[LoRAAdapter]], configuration: EngineConfiguration,
    seed: UInt64, fault: EngineFault?
  ) throws {
    self.adapters = adapters
    random = RandomStream(seed: seed, purpose: "verification")
    var configuration = configuration
    configuration.maxSequences = VerificationTraffic.mostRunning
    configuration.maxBatchTokens = VerificationTraffic.mostRunning * longest
    configuration.maxContext = longest
    configuration.poolPages = try VerificationTraffic.poolPages(
      checkpoint.configuration, adapters: adapters, configuration: configuration, longest: longest)
    engine = try Engine(checkpoint, configuration)
    engine.fault = fault
  }

  /// Room for all sequences, and for the largest adapters of a third of the ids or of what one
  /// batch can need, whichever is less.
  private static func poolPages(
    _ model: ModelConfiguration, adapters: [[LoRAAdapter]], configuration: EngineConfiguration,
    longest: Int
  ) throws -> Int {
    let pageBytes = DevicePool.pageBytes(model, blockTokens: configuration.kvBlockTokens)
    let sizes = try adapters.map { versions in
      try versions.map { try AdapterLayout($0, pageBytes: pageBytes).pageCount }.max() ?? 0
    }.sorted(by: >)
    let block = configuration.kvBlockTokens
    let sequences = mostRunning * ((longest + block - 1) / block)
    return sequences + sizes.prefix(max(3, min(mostRunning, adapters.count / 3))).reduce(0, +)
  }

  /// Serves that many requests.
  func serve(_ count: Int, counting result: inout Verification.Result) throws
    -> [VerifiedRequest]
  {
    for _ in 0..<count {
      waiting.append(
        VerifiedRequest(
          adapters: adapters.count, vocabulary: engine.model.vocabularySize, random: &random))
    }
    var untilMerge = 40
    while served.count < count {
      if untilMerge <= 0 && running.isEmpty {
        try serveMerged(counting: &result)
        untilMerge = 40
      }
      if untilMerge > 0 { try admit(counting: &result) }
      try advanceLoads()
      try step(counting: &result)
      untilMerge -= 1
    }
    return served
  }

  // MARK: - Admission

  /// Takes in some of the requests that wait, in no order, or begins loads for them.
  private func admit(counting result: inout Verification.Result) throws {
    for _ in 0..<1 + random.index(below: 3) where running.count < VerificationTraffic.mostRunning {
      guard !waiting.isEmpty else { return }
      let place = random.index(below: min(8, waiting.count))
      if try makeResident(waiting[place].uses.map(\.adapter), counting: &result) {
        try begin(waiting.remove(at: place))
      }
    }
  }

  private func begin(_ waiting: VerifiedRequest) throws {
    var request = waiting
    for index in request.uses.indices {
      request.uses[index].version = resident[request.uses[index].adapter] ?? 0
    }
    let sequence = try engine.begin(
      adapters: request.uses.map { AdapterUse($0.adapter, weight: $0.weight) },
      sampling: request.sampling)
    running.append(Running(request: request, sequence: sequence))
  }

  /// Whether all are loaded; begins the loads that are missing.
  private func makeResident(_ ids: [Int], counting result: inout Verification.Result) throws
    -> Bool
  {
    for id in ids where resident[id] == nil {
      let version = random.index(below: adapters[id].count)
      let pages = try engine.pages(for: adapters[id][version])
      guard try evict(for: pages, keeping: ids, counting: &result) else { return false }
      pending.append(try engine.beginLoad(adapters[id][version], as: id))
      resident[id] = version
      result.loads += 1
      if let last = lastVersion[id], last != version { result.changes += 1 }
      lastVersion[id] = version
    }
    return ids.allSatisfy(engine.isLoaded)
  }

  /// Pages that the running sequences may still need.
  private var promised: Int {
    let each = engine.pool.pages(forTokens: longest)
    return VerificationTraffic.mostRunning * each
      - running.reduce(0) { $0 + ((try? engine.pages(of: $1.sequence)) ?? 0) }
  }

  /// Removes adapters that nobody uses, in no order, until that many pages are free.
  private func evict(
    for pages: Int, keeping ids: [Int], counting result: inout Verification.Result
  ) throws -> Bool {
    while engine.pool.freePages - promised < pages {
      let used = Set(running.flatMap { $0.request.uses.map(\.adapter) })
      let idle = resident.keys.sorted().filter {
        engine.isLoaded($0) && !used.contains($0) && !ids.contains($0)
      }
      guard !idle.isEmpty else { return false }
      let victim = idle[random.index(below: idle.count)]
      try engine.unload(victim)
      resident[victim] = nil
      result.evictions += 1
    }
    return true
  }

  /// A few pieces of each load, as a thread beside the steps would copy.
  private func advanceLoads() throws {
    for load in pending {
      for _ in 0..<1 + random.index(below: 40) { load.copyPiece() }
      if load.isComplete { try engine.finish(load) }
    }
    pending.removeAll { engine.isLoaded($0.id) }
  }

  // MARK: - Steps

  /// One batch: pieces of prompts and decodes of most sequences, in no order.
  private func step(counting result: inout Verification.Result) throws {
    var input = StepInput()
    for index in shuffledIndices() where random.index(below: 5) > 0 {
      let request = running[index].request
      let left = request.prompt.count - running[index].prefilled
      if left > 0 {
        let first = running[index].prefilled
        let count = 1 + random.index(below: left)
        input.prefill(
          running[index].sequence, request.prompt[first..<first + count], samples: count == left)
        running[index].prefilled += count
      } else {
        input.decode(running[index].sequence)
      }
    }
    guard input.tokenCount > 0 else { return }
    try engine.step(input) { sequence, token in
      guard let index = running.firstIndex(where: { $0.sequence == sequence }) else { return }
      running[index].request.tokens.append(token)
    }
    result.steps += 1
    for index in running.indices.reversed()
    where running[index].request.tokens.count == running[index].request.count {
      try engine.end(running[index].sequence)
      served.append(running.remove(at: index).request)
    }
  }

  private func shuffledIndices() -> [Int] {
    var indices = Array(running.indices)
    for index in indices.indices.reversed() {
      indices.swapAt(index, random.index(below: index + 1))
    }
    return indices
  }

  /// With nothing else running, serves some requests of one adapter with it merged.
  private func serveMerged(counting result: inout Verification.Result) throws {
    while !pending.isEmpty { try advanceLoads() }
    guard engine.configuration.storage == .widened,
      let id = resident.keys.sorted().first(where: engine.isLoaded)
    else { return }
    try engine.merge(id)
    result.merges += 1
    for _ in 0..<min(2, waiting.count) {
      var request = waiting.removeLast()
      request.uses = [VerifiedRequest.Use(adapter: id, version: 0, weight: 1)]
      request.isMerged = true
      try begin(request)
    }
    while !running.isEmpty { try step(counting: &result) }
    engine.unmerge()
  }
}

import Primitives

/// What one step did, in a form that two schedulers can be compared by.
struct StepRecord: Equatable, CustomStringConvertible {
  var began: Nanoseconds
  var decodes: Int
  /// Prompt pieces, in order: which request, how many tokens.
  var chunks: [[Int]] = []
  var waiting = 0
  var scanned = 0
  /// Adapters copied, in order, with the tier's raw value.
  var copies: [[Int]] = []
  var preemptions = 0

  var description: String {
    "\(began): \(decodes) decode, chunks \(chunks), \(scanned)/\(waiting) scanned, "
      + "copies \(copies), \(preemptions) preempted"
  }
}

/// A small world for both schedulers. All adapters have the same size.
struct VLLMWorld {
  struct Job {
    var arrival: Nanoseconds
    /// -1 for the base model.
    var adapter: Int
    var prompt: Int
    var output: Int
  }

  var adapters = 1
  var slots = 1
  var hostSlots = 1
  /// Whether host memory holds as many as fit when the run begins, by rising index.
  var startsInHost = true
  var protects = false
  /// Prompts before decoding, and this many blocks left free by a request that starts.
  var isV0 = false
  var watermark = 0
  var budget = 16
  var maxSequences = 4
  var blocks = 10
  var blockTokens = 4
  /// The hash of each adapter's name.
  var hashes: [UInt64] = []
  var jobs: [Job] = []

  /// How long a step takes: anything that depends on all that is compared will do.
  func duration(_ step: StepRecord, adapters: Int) -> Nanoseconds {
    let tokens = step.chunks.reduce(0) { $0 + $1[1] }
    let copying = step.copies.reduce(0) { $0 + 40 * (4 - $1[1]) }
    return Nanoseconds(
      100 + 3 * step.decodes + 2 * tokens + 7 * adapters + step.scanned + copying)
  }
}

/// The scheduler of vLLM V1 0.8.5 and its adapter manager, word for word: lists, one request after the
/// other, one step after the other (`vllm/v1/core/sched/scheduler.py` and
/// `vllm/lora/worker_manager.py`; `LRUCache` is a list from oldest to newest).
struct LiteralVLLM {
  let world: VLLMWorld
  var steps: [StepRecord] = []
  var admitted: [Nanoseconds]
  var firstToken: [Nanoseconds]
  var finished: [Nanoseconds]
  var waiting: [Int] = []
  var running: [Int] = []
  var computed: [Int]
  var generated: [Int]
  /// Whether its last step gave it a token: only for the record.
  var decodes: [Bool]
  var blocks: [Int]
  /// From least to most recently used.
  private var device: [Int] = []
  private var host: [Int]
  /// The requests of V1's persistent batch.
  private var batch: [Int] = []
  /// `InputBatch.lora_id_to_lora_request`, a dictionary in the order of insertion.
  private var batchAdapters: [Int] = []

  init(_ world: VLLMWorld) {
    self.world = world
    let zeros = world.jobs.map { _ in 0 }
    computed = zeros
    generated = zeros
    blocks = zeros
    decodes = world.jobs.map { _ in false }
    admitted = world.jobs.map { _ in -1 }
    firstToken = admitted
    finished = admitted
    host = world.startsInHost ? Array(0..<min(world.adapters, world.hostSlots)) : []
  }

  mutating func run() {
    var now: Nanoseconds = 0
    var next = 0
    while next < world.jobs.count || !waiting.isEmpty || !running.isEmpty {
      if waiting.isEmpty, running.isEmpty { now = max(now, world.jobs[next].arrival) }
      while next < world.jobs.count, world.jobs[next].arrival <= now {
        waiting.append(next)
        next += 1
      }
      now = world.isV0 ? stepV0(at: now) : stepV1(at: now)
    }
  }

  var freeBlocks: Int { world.blocks - blocks.reduce(0, +) }

  mutating func allocate(_ request: Int, _ tokens: Int) -> Bool {
    let needed = (computed[request] + tokens + world.blockTokens - 1) / world.blockTokens
    let new = max(0, needed - blocks[request])
    guard new <= freeBlocks else { return false }
    blocks[request] += new
    return true
  }

  func tokens(of request: Int) -> Int { world.jobs[request].prompt + generated[request] }

  private mutating func stepV1(at now: Nanoseconds) -> Nanoseconds {
    var record = StepRecord(began: now, decodes: 0)
    record.waiting = waiting.count
    var budget = world.budget
    var scheduled: [(request: Int, tokens: Int)] = []
    var preempted = false
    var index = 0
    running: while index < running.count, budget > 0 {
      let request = running[index]
      let new = min(tokens(of: request) - computed[request], budget)
      while !allocate(request, new) {
        let victim = running.removeLast()
        blocks[victim] = 0
        computed[victim] = 0
        decodes[victim] = false
        waiting.insert(victim, at: 0)
        preempted = true
        record.preemptions += 1
        if victim == request { break running }
      }
      scheduled.append((request, new))
      budget -= new
      index += 1
    }
    if !preempted { admit(&scheduled, &budget, &record, at: now) }
    return carryOut(scheduled, &record, at: now)
  }

  /// Copies adapters, lets the time pass, and gives out tokens.
  mutating func carryOut(
    _ scheduled: [(request: Int, tokens: Int)], _ record: inout StepRecord, at now: Nanoseconds
  ) -> Nanoseconds {
    let used = adapters(of: scheduled.map(\.request))
    activate(PythonSet(used, hashes: world.hashes).elements, &record)
    for (request, new) in scheduled {
      if decodes[request] {
        record.decodes += 1
      } else {
        record.chunks.append([request, new])
      }
    }
    let end = now + world.duration(record, adapters: used.count)
    if !scheduled.isEmpty { steps.append(record) }
    for (request, new) in scheduled { produce(request, new, at: end) }
    return scheduled.isEmpty ? now : end
  }

  /// The adapters of a step in the order in which they are put into its set: V0 sorts requests by
  /// adapter (`SchedulerOutputs._sort_by_lora_ids`), V1 keeps them as they came into its batch
  /// (`GPUModelRunner._update_states`, `InputBatch.add_request` and `remove_request`).
  private mutating func adapters(of scheduled: [Int]) -> [Int] {
    if world.isV0 {
      return Set(scheduled.map { world.jobs[$0].adapter }).filter { $0 >= 0 }.sorted()
    }
    for request in batch where !scheduled.contains(request) {
      batch.removeAll { $0 == request }
      let adapter = world.jobs[request].adapter
      if !batch.contains(where: { world.jobs[$0].adapter == adapter }) {
        batchAdapters.removeAll { $0 == adapter }
      }
    }
    for request in scheduled where !batch.contains(request) {
      batch.append(request)
      let adapter = world.jobs[request].adapter
      if adapter >= 0, !batchAdapters.contains(adapter) { batchAdapters.append(adapter) }
    }
    return batchAdapters
  }

  private mutating func admit(
    _ scheduled: inout [(request: Int, tokens: Int)], _ budget: inout Int,
    _ record: inout StepRecord, at now: Nanoseconds
  ) {
    var loras = Set(scheduled.map { world.jobs[$0.request].adapter }.filter { $0 >= 0 })
    var skipped: [Int] = []
    while let request = waiting.first, budget > 0 {
      if running.count == world.maxSequences { break }
      record.scanned += 1
      let adapter = world.jobs[request].adapter
      if adapter >= 0, loras.count == world.slots, !loras.contains(adapter) {
        skipped.append(waiting.removeFirst())
        continue
      }
      let new = min(tokens(of: request) - computed[request], budget)
      guard allocate(request, new) else { break }
      waiting.removeFirst()
      running.append(request)
      if adapter >= 0 { loras.insert(adapter) }
      scheduled.append((request, new))
      budget -= new
      if admitted[request] < 0 { admitted[request] = now }
    }
    waiting = skipped + waiting
  }

  private mutating func produce(_ request: Int, _ new: Int, at end: Nanoseconds) {
    let target = tokens(of: request)
    computed[request] += new
    guard computed[request] == target else { return }
    generated[request] += 1
    decodes[request] = true
    if firstToken[request] < 0 { firstToken[request] = end }
    if generated[request] == world.jobs[request].output {
      finished[request] = end
      blocks[request] = 0
      running.removeAll { $0 == request }
    }
  }

  private mutating func activate(_ adapters: [Int], _ record: inout StepRecord) {
    let spared = world.protects ? adapters : []
    for adapter in adapters {
      if !host.contains(adapter) {
        if host.count == world.hostSlots, let oldest = host.first(where: { !spared.contains($0) }) {
          host.removeAll { $0 == oldest }
          device.removeAll { $0 == oldest }
        }
        record.copies.append([adapter, 2])
      }
      host.removeAll { $0 == adapter }
      host.append(adapter)
      if !device.contains(adapter) {
        if device.count == world.slots, let oldest = device.first(where: { !spared.contains($0) }) {
          device.removeAll { $0 == oldest }
        }
        record.copies.append([adapter, 3])
      }
      device.removeAll { $0 == adapter }
      device.append(adapter)
    }
  }
}

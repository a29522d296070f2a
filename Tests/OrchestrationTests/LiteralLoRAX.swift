import Primitives

/// A LoRAX server and its load: small, with everything that tells.
struct LoRAXWorld {
  struct Job {
    var arrival: Nanoseconds
    /// 0 is the base model, which LoRAX treats as any adapter.
    var adapter: Int
    var prompt: Int
    var output: Int
  }

  /// By adapter; the base model's is 0.
  var costs: [Bytes] = [0]
  /// Device memory for adapters.
  var memory: Bytes = 0
  var maxActive = 1
  var cycleTime: Nanoseconds = 0
  /// Whether adapters have to be downloaded first.
  var startsRemote = false
  /// Time from one tier to the next: to disk, host memory, device.
  var hopTimes: [Nanoseconds] = [0, 0, 0]
  var prefillBudget = 0
  var blocks = 0
  var blockTokens = 1
  var jobs: [Job] = []

  func duration(decodes: Int, promptTokens: Int) -> Nanoseconds {
    Nanoseconds(101 + 7 * decodes + 3 * promptTokens)
  }
}

/// What one step did.
struct LoRAXStep: Equatable {
  var began: Nanoseconds
  var decodes: Int
  /// Requests whose prompts it computes, in order.
  var prompts: [Int]
}

/// An adapter began its way to the device, or left the device.
struct LoRAXMove: Equatable {
  var at: Nanoseconds
  var adapter: Int
  var isLoad: Bool
}

/// LoRAX's router, written out plainly: deques, maps, and a look at everything in every step.
///
/// Where Pitwall's server is another by design, so is this: blocks and downloads wait for a step, and
/// nobody is sent away where nothing runs.
struct LiteralLoRAX {
  enum Tier: Int, Comparable {
    case remote, disk, host, device
    static func < (a: Tier, b: Tier) -> Bool { a.rawValue < b.rawValue }
  }

  let world: LoRAXWorld
  var steps: [LoRAXStep] = []
  var moves: [LoRAXMove] = []
  var firstToken: [Nanoseconds]
  var finished: [Nanoseconds]
  /// Times that an adapter was sent away with requests waiting.
  var cycled = 0

  private var now: Nanoseconds = 0
  private var queues: [[Int]]
  private var pending: [Int] = []
  private var active: [Int] = []
  private var tracked: Set<Int> = []
  private var budget: Bytes
  private var activation: [Nanoseconds]
  private var tiers: [Tier]
  private var landing: [Nanoseconds?]
  /// Sent away while they were coming.
  private var unwanted: Set<Int> = []
  private var running: [(job: Int, produced: Int)] = []
  private var stepEnd: Nanoseconds?
  private var prefilling: [Int] = []
  /// Whether a step of decoding came after the last prompts.
  private var hasDecoded = false

  init(_ world: LoRAXWorld) {
    self.world = world
    let adapters = world.costs.count
    firstToken = Array(repeating: -1, count: world.jobs.count)
    finished = firstToken
    queues = Array(repeating: [], count: adapters)
    budget = world.memory
    activation = Array(repeating: 0, count: adapters)
    tiers = Array(repeating: world.startsRemote ? .remote : .host, count: adapters)
    tiers[0] = .device
    landing = Array(repeating: nil, count: adapters)
  }

  mutating func run() {
    var arrivals = world.jobs.indices.map { $0 }[...]
    while true {
      let arrival = arrivals.first.map { world.jobs[$0].arrival } ?? .max
      let transfer = landing.compactMap { $0 }.min() ?? .max
      now = min(arrival, transfer, stepEnd ?? .max)
      if now == .max { return }
      if arrival == now, let job = arrivals.popFirst() {
        append(job)
      } else if let adapter = landing.firstIndex(of: now) {
        landing[adapter] = nil
        tiers[adapter] = Tier(rawValue: tiers[adapter].rawValue + 1) ?? .device
      } else {
        endStep()
      }
      if stepEnd == nil { step() }
    }
  }

  private mutating func append(_ job: Int) {
    let adapter = world.jobs[job].adapter
    if tracked.insert(adapter).inserted { pending.append(adapter) }
    queues[adapter].append(job)
  }

  private mutating func endStep() {
    stepEnd = nil
    let decodes = prefilling.isEmpty
    for index in running.indices where decodes || prefilling.contains(running[index].job) {
      running[index].produced += 1
      let job = running[index].job
      if running[index].produced == 1 { firstToken[job] = now }
      if running[index].produced == world.jobs[job].output { finished[job] = now }
    }
    running.removeAll { finished[$0.job] >= 0 }
    hasDecoded = decodes
    prefilling = []
  }

  private mutating func step() {
    if running.isEmpty || hasDecoded {
      while let changed = nextBatch(), changed, prefilling.isEmpty, running.isEmpty {}
    }
    guard !running.isEmpty else { return }
    let decodes = prefilling.isEmpty ? running.count : 0
    let tokens = prefilling.reduce(0) { $0 + world.jobs[$1].prompt }
    steps.append(LoRAXStep(began: now, decodes: decodes, prompts: prefilling))
    stepEnd = now + world.duration(decodes: decodes, promptTokens: tokens)
  }

  /// Whether adapters were sent away; nil if nobody waits.
  private mutating func nextBatch() -> Bool? {
    if queues.allSatisfy(\.isEmpty) { return nil }
    let changed = updateAdapters()
    var tokens = 0
    while let adapter = nextAdapter(), let job = queues[adapter].first {
      tokens += world.jobs[job].prompt
      let used = (running.map(\.job) + [job]).reduce(0) { $0 + blocks(of: $1) }
      if tokens > world.prefillBudget || used > world.blocks { break }
      queues[adapter].removeFirst()
      prefilling.append(job)
      running.append((job, 0))
    }
    return changed
  }

  private func blocks(of job: Int) -> Int {
    let tokens = world.jobs[job].prompt + world.jobs[job].output - 1
    return (tokens + world.blockTokens - 1) / world.blockTokens
  }

  private mutating func updateAdapters() -> Bool {
    let inUse = Set(running.map { world.jobs[$0.job].adapter })
    var offloads: [Int] = []
    for adapter in unwanted.sorted() where landing[adapter] == nil {
      unwanted.remove(adapter)
      offload(adapter)
    }
    // 1.
    for adapter in active where !inUse.contains(adapter) && queues[adapter].isEmpty {
      if pending.count > offloads.count { offloads.append(adapter) }
    }
    active.removeAll { offloads.contains($0) }
    tracked.subtract(offloads)
    // 2.
    if let front = active.first, !running.isEmpty, !inUse.contains(front),
      now - activation[front] > world.cycleTime, pending.count >= 1
    {
      active.removeFirst()
      pending.append(front)
      offloads.append(front)
      cycled += 1
    }
    for adapter in offloads {
      budget += world.costs[adapter]
      if landing[adapter] == nil { offload(adapter) } else { unwanted.insert(adapter) }
    }
    // 3.
    while active.count < world.maxActive, let front = pending.first, tiers[front] > .remote,
      world.costs[front] <= budget
    {
      pending.removeFirst()
      activation[front] = now
      budget -= world.costs[front]
      active.append(front)
      unwanted.remove(front)
    }
    // Loader tasks.
    for adapter in pending where tiers[adapter] == .remote { move(adapter) }
    for adapter in active where tiers[adapter] < .device { move(adapter) }
    return !offloads.isEmpty
  }

  private mutating func offload(_ adapter: Int) {
    guard adapter > 0, tiers[adapter] == .device else { return }
    tiers[adapter] = .host
    moves.append(LoRAXMove(at: now, adapter: adapter, isLoad: false))
  }

  private mutating func move(_ adapter: Int) {
    guard landing[adapter] == nil else { return }
    landing[adapter] = now + world.hopTimes[tiers[adapter].rawValue] + Nanoseconds(adapter)
    if tiers[adapter] == .host { moves.append(LoRAXMove(at: now, adapter: adapter, isLoad: true)) }
  }

  /// `next_entry`.
  private func nextAdapter() -> Int? {
    var oldest: Int?
    var oldestWithin: Int?
    for adapter in active where tiers[adapter] == .device && !queues[adapter].isEmpty {
      if oldest.map({ queues[adapter][0] < queues[$0][0] }) ?? true { oldest = adapter }
      guard now - activation[adapter] < world.cycleTime else { continue }
      if oldestWithin.map({ queues[adapter][0] < queues[$0][0] }) ?? true { oldestWithin = adapter }
    }
    return oldestWithin ?? oldest
  }
}

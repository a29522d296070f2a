import Orchestration
import Policies
import Primitives

/// A replica in a ``LoRAXWorld``, driven step by step.
struct LoRAXReplay: ~Copyable {
  let world: LoRAXWorld
  var steps: [LoRAXStep] = []
  var moves: [LoRAXMove] = []
  var records: [RequestRecord] = []
  private var replica: Replica
  private var now: Nanoseconds = 0
  private var end: Nanoseconds?
  private var landing: [(due: Nanoseconds, transfer: Transfer)] = []
  private var wakes: [Nanoseconds] = []

  init(_ world: LoRAXWorld) {
    self.world = world
    let count = world.costs.count - 1
    let catalogue = AdapterCatalogue(
      (0..<count).map {
        Adapter(
          name: "a\($0)", baseModel: "m", rank: 8, targetModules: ["q_proj"],
          bytes: world.costs[$0 + 1], tensors: 1)
      })
    // What the policy may use is the world's memory. Adapters that leave late take more for a while.
    var configuration = ReplicaConfiguration(
      slots: count, adapterBytes: 1 << 40, kvBlocks: world.blocks, kvBlockBytes: 1,
      kvBlockTokens: world.blockTokens, maxSequences: world.prefillBudget,
      tokenBudget: world.prefillBudget, chunkedPrefill: false, loading: .overlapped,
      start: world.startsRemote ? .remote : .host, lanes: [100, 100, 100])
    configuration.batching = .separate
    configuration.decodeStreak = 1
    configuration.admission = .whole
    let context = SchedulingContext(
      slots: nil, adapterBytes: world.memory, setBytes: world.costs,
      setSizes: world.costs.map { $0 > 0 ? 1 : 0 })
    replica = Replica(
      index: 0, configuration: configuration, catalogue: catalogue,
      sets: AdapterSets([[]] + (0..<Int32(count)).map { [$0] }),
      eviction: EvictionPolicies(
        device: LRU(count: count), host: LRU(count: count), disk: LRU(count: count)),
      prefetch: NoPrefetch(),
      scheduling: ActiveSet(context, limit: world.maxActive, cycleTime: world.cycleTime))
  }

  mutating func run() {
    var arrivals = world.jobs.indices.map { $0 }[...]
    while true {
      let arrival = arrivals.first.map { world.jobs[$0].arrival } ?? .max
      let next = landing.map(\.due).min() ?? .max
      let wake = wakes.min() ?? .max
      now = min(arrival, next, end ?? .max, wake)
      if now == .max { break }
      if arrival == now, let job = arrivals.popFirst() {
        arrive(job)
      } else if next == now {
        let index = landing.indices.filter { landing[$0].due == now }
          .min { landing[$0].transfer.adapter < landing[$1].transfer.adapter }
        if let index {
          replica.transferEnded(landing.remove(at: index).transfer, at: now)
        }
      } else if end == now {
        endStep()
      } else {
        wakes.removeAll { $0 <= now }
        replica.woken(at: now)
      }
      carryOut()
    }
    records.sort { $0.request < $1.request }
  }

  private mutating func arrive(_ index: Int) {
    let job = world.jobs[index]
    replica.arrived(
      Request(
        id: Int32(index), arrival: job.arrival, adapterSet: Int32(job.adapter),
        promptTokens: Int32(job.prompt), outputLimit: Int32(job.output)), at: now)
  }

  private mutating func endStep() {
    end = nil
    let completing = replica.plan.chunks.filter(\.completes).map(\.slot)
    var finished: [Int32] = []
    for slot in replica.runningSlots {
      let decodes = replica.plan.decodes > 0 && replica.joined(slot) >= 0
      guard completing.contains(slot) || decodes else { continue }
      let output = world.jobs[Int(replica.request(of: slot))].output
      if Int(replica.produced(by: slot)) + 1 >= output { finished.append(slot) }
    }
    replica.stepEnded(at: now, finished: finished)
  }

  private mutating func carryOut() {
    var runs = false
    var decisions: [Decision] = []
    replica.takeDecisions { decisions.append($0) }
    for decision in decisions {
      switch decision {
      case .run: runs = true
      case .wake(let time): wakes.append(time)
      case .begin(let transfer): begin(transfer)
      case .drop(let adapter, .device):
        moves.append(LoRAXMove(at: now, adapter: Int(adapter) + 1, isLoad: false))
      case .drop, .cancel, .copy: break
      }
    }
    replica.takeEnded { records.append($0) }
    guard runs else { return }
    let plan = replica.plan
    steps.append(
      LoRAXStep(
        began: now, decodes: plan.decodes,
        prompts: plan.chunks.map { Int(replica.request(of: $0.slot)) }))
    end = now + world.duration(decodes: plan.decodes, promptTokens: plan.promptTokens)
  }

  private mutating func begin(_ transfer: Transfer) {
    let adapter = Int(transfer.adapter) + 1
    let hop = Int(transfer.destination.rawValue) - 1
    landing.append((now + world.hopTimes[hop] + Nanoseconds(adapter), transfer))
    if transfer.destination == .device {
      moves.append(LoRAXMove(at: now, adapter: adapter, isLoad: true))
    }
  }
}

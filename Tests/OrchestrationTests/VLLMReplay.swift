import Orchestration
import Policies
import Primitives

/// A replica in a ``VLLMWorld``, driven step by step.
struct VLLMReplay: ~Copyable {
  let world: VLLMWorld
  var steps: [StepRecord] = []
  var records: [RequestRecord] = []
  var counters: Counters { replica.totals }
  /// Gaps between tokens that were recorded.
  var gapCount: Int { replica.tokenGaps.reduce(0) { $0 + Int($1.count) } }
  private var replica: Replica
  private var now: Nanoseconds = 0
  private var end: Nanoseconds?
  private var preemptions: Int64 = 0

  init(_ world: VLLMWorld, seed: UInt64) {
    self.world = world
    let catalogue = AdapterCatalogue(
      (0..<world.adapters).map {
        Adapter(
          name: "a\($0)", baseModel: "m", rank: 8, targetModules: ["q_proj"], bytes: 10, tensors: 1)
      })
    var configuration = ReplicaConfiguration(
      slots: world.slots, adapterBytes: Bytes(10 * world.slots), kvBlocks: world.blocks,
      kvBlockBytes: 1, kvBlockTokens: world.blockTokens, maxSequences: world.maxSequences,
      tokenBudget: world.budget, chunkedPrefill: !world.isV0, loading: .inStep,
      activation: world.protects ? .protected : .setOrder, hostBytes: Bytes(10 * world.hostSlots),
      start: world.startsInHost ? .host : .disk)
    configuration.batching = world.isV0 ? .separate : .mixed
    configuration.reservedBlocks = world.watermark
    configuration.needsSpareBlock = world.isV0
    configuration.blocksFirst = world.isV0
    configuration.preemption = world.isV0 ? .latestArrival : .newest
    replica = Replica(
      index: 0, configuration: configuration, catalogue: catalogue,
      sets: AdapterSets([[]] + (0..<Int32(world.adapters)).map { [$0] }),
      eviction: EvictionPolicies(
        device: LRU(count: world.adapters), host: LRU(count: world.adapters),
        disk: LRU(count: world.adapters)),
      prefetch: NoPrefetch(), scheduling: FCFS(cap: world.slots), seed: seed)
  }

  mutating func run() {
    for (index, job) in world.jobs.enumerated() {
      while let due = end, due < job.arrival { endStep(at: due) }
      now = job.arrival
      replica.arrived(
        Request(
          id: Int32(index), arrival: job.arrival, adapterSet: Int32(job.adapter + 1),
          promptTokens: Int32(job.prompt)), at: now)
      carryOut()
    }
    while let due = end { endStep(at: due) }
    records.sort { $0.request < $1.request }
  }

  private mutating func endStep(at time: Nanoseconds) {
    now = time
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
    carryOut()
  }

  private mutating func carryOut() {
    var copies: [[Int]] = []
    var runs = false
    replica.takeDecisions { decision in
      if case .copy(let transfer) = decision {
        copies.append([Int(transfer.adapter), Int(transfer.destination.rawValue)])
      }
      if case .run = decision { runs = true }
    }
    replica.takeEnded { records.append($0) }
    guard runs else { return }
    let plan = replica.plan
    let total = replica.totals.preemptions
    let step = StepRecord(
      began: now, decodes: plan.decodes,
      chunks: plan.chunks.map { [Int(replica.request(of: $0.slot)), Int($0.tokens)] },
      waiting: plan.waiting, scanned: plan.scanned, copies: copies,
      preemptions: Int(total - preemptions))
    preemptions = total
    steps.append(step)
    end = now + world.duration(step, adapters: plan.adapters)
  }
}

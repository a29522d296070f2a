import LockstepWorld
import Policies
import Primitives
import Testing

@testable import Orchestration

@Suite struct PrefetchTests {
  private let sets = AdapterSets([[], [0], [1], [2], [3], [0, 1]])
  private let context = PrefetchContext(
    bytes: [1000, 1000, 1000, 1000],
    loadCost: [0, 30_000_000, 20_000_000, 10_000_000].map { Array(repeating: $0, count: 4) },
    seed: 1)

  private func make(_ text: String) throws -> any PrefetchPolicy & ~Copyable {
    try PolicyRegistry.make(
      Parameters(parsing: text), kind: "prefetch", from: PolicyRegistry.builtIn.prefetch, context)
  }

  private func residency(slots: Int = 2) -> Residency {
    Residency(
      catalogue: AdapterCatalogue(
        (0..<4).map {
          Adapter(
            name: "a\($0)", baseModel: "m", rank: 8, targetModules: [], bytes: 1000, tensors: 1)
        }),
      sets: sets,
      configuration: ReplicaConfiguration(
        slots: slots, adapterBytes: 4000, kvBlocks: 1, kvBlockBytes: 1, lanes: [1, 1, 1]),
      replica: 0,
      policies: EvictionPolicies(
        device: LRU(count: 4), host: LRU(count: 4), disk: LRU(count: 4)))
  }

  private func bring(_ set: AdapterSetID, _ residency: inout Residency) {
    _ = residency.claim(set, at: 0)
    residency.feedLinks(at: 0)
    for decision in residency.outbox {
      if case .begin(let transfer) = decision { residency.transferEnded(transfer, at: 0) }
    }
    residency.outbox.removeAll()
    residency.release(claimOf: set, at: 0)
  }

  private func arrive(
    _ policy: inout any PrefetchPolicy & ~Copyable, _ set: AdapterSetID, at time: Nanoseconds,
    session: Int32 = 0
  ) {
    policy.arrived(
      Request(
        id: 0, arrival: time, adapterSet: set, promptTokens: 1, tenant: session, session: session),
      members: sets.members(set))
  }

  @Test(arguments: ["lookahead", "predictive"]) func theFirstThatIsWantedGoesFirst(
    _ name: String
  ) throws {
    var policy = try make(name)
    var residency = residency(slots: 3)
    var queue = WaitingQueue(sets: sets, adapters: 4)
    #expect(policy.proposal(at: 0, residency: residency, queue: queue)?.adapter == nil)
    queue.append(0, set: 3, key: 0)
    queue.append(1, set: 2, key: 0)
    queue.append(2, set: 5, key: 0)
    #expect(policy.proposal(at: 1, residency: residency, queue: queue)?.adapter == 2)
    bring(3, &residency)
    #expect(policy.proposal(at: 2, residency: residency, queue: queue)?.adapter == 1)
    bring(2, &residency)
    // The pair lacks only its first member now.
    #expect(policy.proposal(at: 3, residency: residency, queue: queue)?.adapter == 0)
    residency.prefetch(0, at: 4)
    #expect(policy.proposal(at: 5, residency: residency, queue: queue)?.adapter == nil)
    // What somebody waits for is worth more than anything that could be proposed.
    let worth = policy.worth(keeping: 1, at: 5, queue: queue)
    let idle = policy.worth(keeping: 3, at: 5, queue: queue)
    #expect(worth > idle)
  }

  @Test func noneProposesNothing() throws {
    var policy = try make("none")
    var queue = WaitingQueue(sets: sets, adapters: 4)
    queue.append(0, set: 1, key: 0)
    #expect(policy.proposal(at: 0, residency: residency(), queue: queue) == nil)
  }

  /// A session that goes from A to B and back: after A comes B.
  @Test func predictionLearnsAnAlternation() throws {
    var policy = try make("predictive")
    let residency = residency()
    let queue = WaitingQueue(sets: sets, adapters: 4)
    var time: Nanoseconds = 0
    for turn in 0..<24 {
      let set: AdapterSetID = turn % 2 == 0 ? 1 : 2
      time += 5_000_000_000
      arrive(&policy, set, at: time)
      let proposal = policy.proposal(at: time + 100_000_000, residency: residency, queue: queue)
      if turn >= 6 { #expect(proposal?.adapter == (set == 1 ? 1 : 0), "turn \(turn)") }
    }
  }

  /// What followed in one session is expected in another, of a tenant that nobody has seen.
  @Test func whatFollowedForOthersIsExpected() throws {
    var policy = try make("predictive min-probability=0.1 scales=1")
    let queue = WaitingQueue(sets: sets, adapters: 4)
    var time: Nanoseconds = 0
    for session in 0..<10 as Range<Int32> {
      arrive(&policy, 3, at: time, session: session)
      arrive(&policy, 4, at: time + 2_000_000_000, session: session)
      time += 60_000_000_000
    }
    arrive(&policy, 3, at: time, session: 77)
    // The adapter that was just asked for is on the device.
    var residency = residency()
    bring(3, &residency)
    let next = policy.proposal(at: time + 100_000_000, residency: residency, queue: queue)
    #expect(next?.adapter == 3)
  }

  @Test func predictionWaitsBetweenLooks() throws {
    var policy = try make("predictive interval=1s")
    let residency = residency()
    let queue = WaitingQueue(sets: sets, adapters: 4)
    for turn in 0..<20 as Range<Nanoseconds> {
      arrive(&policy, turn % 2 == 0 ? 1 : 2, at: turn * 1_000_000_000)
    }
    let first = policy.proposal(at: 19_500_000_000, residency: residency, queue: queue)
    let second = policy.proposal(at: 19_600_000_000, residency: residency, queue: queue)
    #expect(first != nil && second == nil)
    #expect(policy.nextLook(after: 19_600_000_000) == 20_500_000_000)
    let third = policy.proposal(at: 20_500_000_000, residency: residency, queue: queue)
    #expect(third != nil && policy.nextLook(after: 20_500_000_000) == nil)
  }

  /// Two sessions that alternate, on two slots, with transfers so slow that the next request often
  /// finds a prefetch under way: whatever was prefetched, a demand load begins when it is wanted.
  @Test(arguments: ["none", "predictive margin=0.1 min-probability=0.1 interval=100ms"])
  func noDemandLoadIsLate(_ prefetch: String) throws {
    var server = LockstepServer(
      bytes: [1000, 1000, 1000, 1000],
      configuration: ReplicaConfiguration(
        slots: 2, adapterBytes: 4000, kvBlocks: 100, kvBlockBytes: 1),
      registry: .builtIn)
    server.prefetch = prefetch
    let turn: Nanoseconds = 100_000_000
    let jobs = (0..<60).map { number in
      let session = number % 2
      return LockstepWorld.Job(
        number, at: Nanoseconds(number * 25) * turn,
        set: AdapterSetID(1 + 2 * session + number / 2 % 2), session: Int32(session))
    }
    let log = try LockstepWorld(server, jobs: jobs, transferTurns: 12...12, turnLength: turn).run()
    #expect(log.violations == [])
    let begun = Dictionary(grouping: log.begun, by: \.at)
    for record in log.records where record.foundIn == .host {
      let wanted = sets.members(record.adapterSet)
      let atArrival = begun[record.arrival, default: []].map(\.transfer.adapter)
      // Or its prefetch was under way already, and ends sooner.
      let underWay = log.begun.contains {
        $0.at < record.arrival && $0.at > record.arrival - 12 * turn
          && wanted.contains($0.transfer.adapter)
      }
      #expect(underWay || atArrival.contains { wanted.contains($0) })
      #expect(record.admitted - record.arrival <= 12 * turn)
    }
    if prefetch != "none" {
      #expect(log.counters.prefetchesUsed > 5)
      #expect(log.counters.prefetchesCancelled > 0)
      // Without prefetching two slots are too few for any hit.
      #expect(log.counters.found[3] > 0)
    }
  }
}

import Foundation
import LockstepWorld
import Orchestration
import Policies
import Primitives
import Testing

/// The seam: an orchestrator serves a world that its author never saw, through public calls alone.
@Suite struct LockstepTests {
  /// The last four once stood still, or went round in circles.
  @Test(arguments: Array(0..<30) + [104, 141, 172, 177]) func everyRequestEndsOnce(
    _ seed: UInt64
  ) throws {
    try serve(seed)
  }

  @Test(.enabled(if: ProcessInfo.processInfo.environment["PITWALL_SLOW"] == "1"))
  func everyRequestEndsOnceInManyWorlds() throws {
    for seed in 1000..<3000 as Range<UInt64> { try serve(seed) }
  }

  private func serve(_ seed: UInt64) throws {
    var random = RandomStream(seed: seed, purpose: "lockstep.test")
    let (server, jobs) = randomLockstep(&random)
    let world = try LockstepWorld(server, jobs: jobs, seed: seed)
    let log = try world.run()
    #expect(log.violations == [], "seed \(seed): \(server)")
    #expect(log.records.map(\.request).sorted() == jobs.map(\.request.id))
    for record in log.records where record.outcome == .finished {
      #expect(record.outputTokens == jobs[Int(record.request)].outputTokens)
      #expect(record.arrival <= record.admitted)
      #expect(record.admitted < record.firstToken)
      #expect(record.firstToken <= record.finished)
    }
    for record in log.records where record.outcome == .rejected {
      #expect(record.admitted == RequestRecord.never)
    }
    #expect(log.counters.bytesMoved == log.bytesLanded)
  }

  /// The random worlds are no use if they never get into trouble.
  @Test func theRandomWorldsAreBusy() throws {
    var sum = Counters()
    var outcomes: [Outcome: Int] = [:]
    for seed in 0..<30 as Range<UInt64> {
      var random = RandomStream(seed: seed, purpose: "lockstep.test")
      let (server, jobs) = randomLockstep(&random)
      let log = try LockstepWorld(server, jobs: jobs, seed: seed).run()
      sum.add(log.counters)
      for record in log.records { outcomes[record.outcome, default: 0] += 1 }
    }
    #expect(sum.preemptions > 20)
    #expect(sum.evictions[1...3].allSatisfy { $0 > 20 })
    #expect(sum.prefetches > 20)
    #expect(sum.prefetchesLate > 5)
    #expect(sum.prefetchesCancelled > 0)
    #expect(outcomes[.finished, default: 0] > 1000)
    #expect(outcomes[.rejected, default: 0] > 5)
    #expect(outcomes[.aborted, default: 0] > 0)
  }
}

/// A small server with everything drawn, and jobs for it.
func randomLockstep(_ random: inout RandomStream) -> (LockstepServer, [LockstepWorld.Job]) {
  let count = 2 + random.index(below: 8)
  let bytes = (0..<count).map { _ in Bytes(500 + random.index(below: 1500)) }
  let pairs = (0..<2).map { _ -> [AdapterID] in
    let first = random.index(below: count)
    return [AdapterID(first), AdapterID((first + 1) % count)]
  }
  let pooled = random.index(below: 2) == 0
  let blocks = 20 + random.index(below: 30)
  let pool = Bytes(blocks) * 100 + 3000
  var server = LockstepServer(
    bytes: bytes, sets: pairs,
    configuration: ReplicaConfiguration(
      slots: pooled ? nil : 1 + random.index(below: 4), adapterBytes: pooled ? pool : 8000,
      kvBlocks: pooled ? Int(pool / 100) : blocks, kvBlockBytes: 100,
      kvBlockTokens: [1, 4, 16][random.index(below: 3)], maxSequences: 1 + random.index(below: 8),
      tokenBudget: 8 + random.index(below: 30), chunkedPrefill: random.index(below: 3) > 0,
      loading: random.index(below: 2) == 0 ? .overlapped : .blocking,
      hostBytes: [.max, 2000, 4000, 8000][random.index(below: 4)],
      diskBytes: [.max, 2000, 8000][random.index(below: 3)],
      start: Tier(rawValue: UInt8(random.index(below: 3))) ?? .host,
      lanes: (0..<3).map { _ in 1 + random.index(below: 2) }),
    registry: .builtIn)
  server.replicas = 1 + random.index(below: 2)
  server.eviction = ["lru", "lfu", "fifo", "gdsf"][random.index(below: 4)]
  server.prefetch = ["none", "lookahead", "predictive"][random.index(below: 3)]
  server.scheduling = ["fcfs", "fcfs skip=false", "priority", "fcfs cap=1"][random.index(below: 4)]
  server.routing = ["round-robin", "least-loaded", "affinity"][random.index(below: 3)]
  let gap = 1 + random.index(below: 12)
  var turn: Nanoseconds = 0
  let jobs = (0..<50).map { number in
    turn += Nanoseconds(random.index(below: gap + 1))
    return LockstepWorld.Job(
      number, at: turn, set: AdapterSetID(random.index(below: server.sets.count)),
      prompt: Int32(1 + random.index(below: 30)), output: Int32(1 + random.index(below: 30)),
      session: Int32(random.index(below: 5)), priority: Int32(random.index(below: 3)))
  }
  return (server, jobs)
}

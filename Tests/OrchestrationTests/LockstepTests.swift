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
    for variant in 0..<8 { try serve(seed, variant) }
  }

  @Test(.enabled(if: ProcessInfo.processInfo.environment["PITWALL_SLOW"] == "1"))
  func everyRequestEndsOnceInManyWorlds() throws {
    for seed in 1000..<3000 as Range<UInt64> {
      for variant in 0..<8 { try serve(seed, variant) }
    }
  }

  /// Serves a random world as it is, with adapters copied inside steps (bit 0), with prompts first
  /// (bit 1), with adapters that take turns (bit 2).
  private func serve(_ seed: UInt64, _ variant: Int) throws {
    var random = RandomStream(seed: seed, purpose: "lockstep.test")
    var (server, jobs) = randomLockstep(&random, registry: .builtIn)
    if variant & 1 != 0 { server = copyingInSteps(server, seed: seed) }
    if variant & 2 != 0 { server = promptsFirst(server, seed: seed) }
    if variant & 4 != 0 {
      server.scheduling = "active-set limit=\(1 + seed % 4) cycle=\([0, 3, 20][Int(seed % 3)])ns"
    }
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
      let (server, jobs) = randomLockstep(&random, registry: .builtIn)
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

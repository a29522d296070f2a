import Orchestration
import Policies
import Primitives
import Testing

/// The replica against vLLM's own scheduler, written out plainly: every step of every world.
@Suite struct VLLMTests {
  @Test(arguments: [false, true]) func everyStepIsThatOfVLLM(_ isV0: Bool) {
    var sum = StepRecord(began: 0, decodes: 0)
    var cascades = 0
    for seed in 0..<400 as Range<UInt64> {
      var random = RandomStream(seed: seed, purpose: "vllm.test")
      let world = randomWorld(&random, seed: seed, isV0: isV0)
      var oracle = LiteralVLLM(world)
      oracle.run()
      var replay = VLLMReplay(world, seed: seed)
      replay.run()
      let wrong = zip(replay.steps, oracle.steps).first { $0 != $1 }
      if let (ours, theirs) = wrong {
        Issue.record("seed \(seed): \(ours)\n\(theirs)\n\(world)")
        return
      }
      #expect(replay.steps.count == oracle.steps.count)
      for (request, record) in replay.records.enumerated() {
        #expect(record.outcome == .finished)
        #expect(record.admitted == oracle.admitted[request])
        #expect(record.firstToken == oracle.firstToken[request])
        #expect(record.finished == oracle.finished[request])
      }
      #expect(replay.gapCount == world.jobs.reduce(0) { $0 + $1.output - 1 })
      cascades += Int(replay.counters.reloads)
      if world.protects { #expect(replay.counters.reloads == 0) }
      for step in oracle.steps {
        sum.preemptions += step.preemptions
        sum.scanned += step.scanned > step.chunks.count ? 1 : 0
        sum.copies += step.copies
      }
    }
    // The random worlds are no use if they never get into trouble.
    #expect(sum.preemptions > 1000)
    #expect(sum.scanned > 1000)
    #expect(cascades > 300)
    #expect(sum.copies.count { $0[1] == 2 } > 500)
  }

  private func randomWorld(
    _ random: inout RandomStream, seed: UInt64, isV0: Bool
  ) -> VLLMWorld {
    var world = VLLMWorld()
    world.adapters = 1 + random.index(below: 12)
    world.slots = 1 + random.index(below: 6)
    world.hostSlots = world.slots + random.index(below: 8)
    world.startsInHost = random.index(below: 2) == 0
    world.protects = random.index(below: 4) == 0
    world.maxSequences = 1 + random.index(below: 12)
    world.budget = world.maxSequences + random.index(below: 30)
    world.blockTokens = [1, 4, 16][random.index(below: 3)]
    world.blocks = (40 + random.index(below: 200)) / world.blockTokens + 4
    var hashes = RandomStream(seed: seed, purpose: "activation")
    world.hashes = (0..<world.adapters).map { _ in hashes.next() }
    world.isV0 = isV0
    if isV0 {
      world.protects = false
      world.budget = 40 + random.index(below: 30)
      world.watermark = random.index(below: 3)
    }
    let gap = [20, 150, 800][random.index(below: 3)]
    var time: Nanoseconds = 0
    for _ in 0..<60 {
      time += Nanoseconds(1 + random.index(below: gap))
      world.jobs.append(
        VLLMWorld.Job(
          arrival: time, adapter: random.index(below: world.adapters + 1) - 1,
          prompt: 1 + random.index(below: 20), output: 1 + random.index(below: 20)))
    }
    return world
  }
}

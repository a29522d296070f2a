import Orchestration
import Policies
import Primitives
import Testing

/// The replica with ``ActiveSet`` against LoRAX's own router, written out plainly.
@Suite struct LoRAXTests {
  @Test func everyStepIsThatOfLoRAX() {
    var moves = 0
    var cycled = 0
    var held = 0
    for seed in 0..<300 as Range<UInt64> {
      var random = RandomStream(seed: seed, purpose: "lorax.test")
      let world = randomWorld(&random)
      var oracle = LiteralLoRAX(world)
      oracle.run()
      var replay = LoRAXReplay(world)
      replay.run()
      let wrong = zip(replay.steps, oracle.steps).first { $0 != $1 }
      if let (ours, theirs) = wrong {
        Issue.record("seed \(seed): \(ours)\n\(theirs)\n\(world)")
        return
      }
      #expect(replay.steps.count == oracle.steps.count, "seed \(seed)")
      #expect(sorted(replay.moves) == sorted(oracle.moves), "seed \(seed)")
      for (request, record) in replay.records.enumerated() {
        #expect(record.outcome == .finished && record.preemptions == 0)
        #expect(record.firstToken == oracle.firstToken[request])
        #expect(record.finished == oracle.finished[request])
      }
      #expect(replay.records.count == world.jobs.count)
      moves += oracle.moves.count
      cycled += oracle.cycled
      held += oracle.steps.count { $0.prompts.count == 1 }
    }
    // The random worlds are no use if nobody ever takes turns.
    #expect(moves > 5000)
    #expect(cycled > 500)
    #expect(held > 500)
  }

  private func sorted(_ moves: [LoRAXMove]) -> [LoRAXMove] {
    moves.sorted { ($0.at, $0.adapter, $0.isLoad ? 1 : 0) < ($1.at, $1.adapter, $1.isLoad ? 1 : 0) }
  }

  private func randomWorld(_ random: inout RandomStream) -> LoRAXWorld {
    var world = LoRAXWorld()
    let adapters = 1 + random.index(below: 10)
    for _ in 0..<adapters { world.costs.append(Bytes(10 + random.index(below: 90))) }
    // From room for one to room for all.
    let largest = world.costs.max() ?? 0
    world.memory = largest + Bytes(random.index(below: Int(world.costs.reduce(0, +))))
    world.maxActive = 1 + random.index(below: 8)
    world.cycleTime = [0, 500, 3000, 100_000][random.index(below: 4)]
    world.startsRemote = random.index(below: 3) == 0
    let scale = [1, 100, 2000][random.index(below: 3)]
    world.hopTimes = (0..<3).map { _ in Nanoseconds(1 + random.index(below: scale)) }
    world.prefillBudget = 60 + random.index(below: 40)
    world.blockTokens = [1, 4, 16][random.index(below: 3)]
    world.blocks = (70 + random.index(below: 200)) / world.blockTokens + 1
    let gap = [20, 200, 1000][random.index(below: 3)]
    var time: Nanoseconds = 0
    for _ in 0..<60 {
      time += Nanoseconds(1 + random.index(below: gap))
      world.jobs.append(
        LoRAXWorld.Job(
          arrival: time, adapter: random.index(below: adapters + 1),
          prompt: 5 + random.index(below: 36), output: 2 + random.index(below: 28)))
    }
    return world
  }
}

import Primitives

/// The scheduler of vLLM V0 0.5.0 (`vllm/core/scheduler.py`, `_schedule_default`), without swapping.
///
/// Two liberties, both of no consequence where prompts are equally long: an adapter too many is found
/// before missing blocks are, and nobody is looked at once the limits are reached.
extension LiteralVLLM {
  mutating func stepV0(at now: Nanoseconds) -> Nanoseconds {
    var record = StepRecord(began: now, decodes: 0)
    record.waiting = waiting.count
    var scheduled = prefills(&record, at: now)
    if scheduled.isEmpty { scheduled = decodesV0(&record).map { ($0, 1) } }
    return carryOut(scheduled, &record, at: now)
  }

  private mutating func prefills(
    _ record: inout StepRecord, at now: Nanoseconds
  ) -> [(request: Int, tokens: Int)] {
    var scheduled: [(request: Int, tokens: Int)] = []
    var loras = Set(running.map { world.jobs[$0].adapter }.filter { $0 >= 0 })
    var budget = world.budget
    var skipped: [Int] = []
    while let request = waiting.first, budget > 0, running.count < world.maxSequences {
      record.scanned += 1
      let new = tokens(of: request)
      let needed = (new + world.blockTokens - 1) / world.blockTokens
      if freeBlocks - needed < world.watermark { break }
      let adapter = world.jobs[request].adapter
      if adapter >= 0, !loras.contains(adapter), loras.count >= world.slots {
        skipped.append(waiting.removeFirst())
        continue
      }
      if new > budget { break }
      _ = allocate(request, new)
      waiting.removeFirst()
      running.append(request)
      if adapter >= 0 { loras.insert(adapter) }
      scheduled.append((request, new))
      budget -= new
      if admitted[request] < 0 { admitted[request] = now }
    }
    waiting = skipped + waiting
    return scheduled
  }

  private mutating func decodesV0(_ record: inout StepRecord) -> [Int] {
    // `policy.sort_by_priority`: jobs are numbered as they arrive.
    var queue = running.sorted()
    running = []
    next: while !queue.isEmpty {
      let request = queue.removeFirst()
      while freeBlocks < 1 {
        let victim = queue.popLast() ?? request
        blocks[victim] = 0
        computed[victim] = 0
        decodes[victim] = false
        waiting.insert(victim, at: 0)
        record.preemptions += 1
        if victim == request { continue next }
      }
      _ = allocate(request, 1)
      running.append(request)
    }
    return running
  }
}

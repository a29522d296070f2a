import Orchestration
import Primitives

/// The same server with prompts computed before decoding.
public func promptsFirst(_ server: LockstepServer, seed: UInt64) -> LockstepServer {
  var server = server
  server.configuration.batching = .separate
  server.configuration.admission = [.peak, .peak, .whole, .blocks][Int(seed % 4)]
  server.configuration.keepsIdleAdapters = seed % 3 < 2
  server.configuration.decodeStreak = [0, 0, 4][Int(seed % 3)]
  server.configuration.reservedBlocks = Int(seed % 2)
  server.configuration.needsSpareBlock = seed % 5 < 2 && server.configuration.slots != nil
  return server
}

/// The same server with slots, and adapters copied inside the steps that need them.
public func copyingInSteps(_ server: LockstepServer, seed: UInt64) -> LockstepServer {
  var server = server
  server.configuration.activation = seed % 3 == 0 ? .protected : .setOrder
  if server.configuration.slots == nil, seed % 3 != 0 {
    server.configuration.slots = 1 + Int(seed % 4)
    server.configuration.adapterBytes = 8000
    server.configuration.kvBlocks = server.configuration.kvBlocks * 2 / 3
  }
  server.configuration.loading = .inStep
  server.prefetch = "none"
  return server
}

/// A small server with everything drawn, and jobs for it.
public func randomLockstep(
  _ random: inout RandomStream, registry: PolicyRegistry
) -> (LockstepServer, [LockstepWorld.Job]) {
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
    registry: registry)
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

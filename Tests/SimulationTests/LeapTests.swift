import Foundation
import Orchestration
import Primitives
import Testing

@testable import Simulation

/// The plain stepper is the oracle for leaps: same events, same records, same series, to the bit.
@Suite struct LeapTests {
  /// The last one cancels prefetches while it admits requests.
  @Test(arguments: Array(0..<30) + [1298]) func leapingEqualsStepping(_ seed: Int) throws {
    for variant in Variant.allCases { try compare(seed, variant) }
  }

  @Test(.enabled(if: ProcessInfo.processInfo.environment["PITWALL_SLOW"] == "1"))
  func leapingEqualsSteppingInManyWorlds() throws {
    for seed in 1000..<2000 {
      for variant in Variant.allCases { try compare(seed, variant) }
    }
  }

  /// How the worlds serve, beside what is drawn.
  private enum Variant: CaseIterable { case plain, copiesInStep, promptsFirst, both, takesTurns }

  /// The random worlds are no use if they never get into trouble.
  @Test func theWorldsThatCopyInStepsAreBusy() throws {
    var sum = Counters()
    for seed in 0..<30 {
      var random = RandomStream(seed: UInt64(seed), purpose: "leap.test")
      let (bench, source) = randomWorld(&random)
      sum.add(try run(change(bench, .copiesInStep, seed), source).counters)
    }
    #expect(sum.reloads > 10)
    #expect(sum.copying > 0)
    #expect(sum.preemptions > 20)
  }

  /// While one adapter's request decodes, another's time is up, and a third comes in its place: in the
  /// middle of what would else be one leap.
  @Test func aPolicyMayChangeItsMindInsideALeap() throws {
    var bench = Bench(adapters: 3)
    bench.configuration.maxSequences = 1
    bench.scheduling = "active-set limit=2 cycle=50ms"
    var source = ListSource()
    for (set, output) in [(1, 2), (2, 500), (1, 2), (3, 2)] {
      source.add(at: 0, set: AdapterSetID(set), output: Int32(output))
    }
    let leaping = try run(bench, source)
    bench.options.leaps = false
    let stepping = try run(bench, source)
    #expect(leaping.requests == stepping.requests)
    #expect(leaping.residency == stepping.residency)
    let third = leaping.residency.first { $0.adapter == 2 }
    // A step takes a millisecond and more, a load 1.1 ms.
    #expect(third.map { $0.from > 50_000_000 && $0.from < 55_000_000 } == true)
    #expect(leaping.requests[1].finished > 500_000_000)
  }

  private func change(_ bench: Bench, _ variant: Variant, _ seed: Int) -> Bench {
    var bench = bench
    if variant == .copiesInStep || variant == .both {
      bench.configuration.activation = seed % 4 == 0 ? .protected : .setOrder
      if bench.configuration.slots == nil, seed % 4 != 0 {
        bench.configuration.slots = 2 + seed % 4
        bench.configuration.adapterBytes = 8000
        bench.configuration.kvBlocks -= 25
      }
      bench.configuration.loading = .inStep
      bench.prefetch = "none"
    }
    if variant == .promptsFirst || variant == .both {
      bench.configuration.batching = .separate
      bench.configuration.admission = [.peak, .peak, .whole, .blocks][seed % 4]
      bench.configuration.keepsIdleAdapters = seed % 3 < 2
      bench.configuration.decodeStreak = [0, 0, 4][seed % 3]
      bench.configuration.reservedBlocks = seed % 2
      bench.configuration.needsSpareBlock = seed % 5 < 2 && bench.configuration.slots != nil
    }
    if variant == .takesTurns {
      bench.scheduling = "active-set limit=\(1 + seed % 3) cycle=\([0, 5, 40, 200][seed % 4])ms"
      bench.configuration.batching = seed % 2 == 0 ? .separate : .mixed
      bench.configuration.admission = seed % 3 == 0 ? .whole : .blocks
      bench.configuration.decodeStreak = [0, 1, 4][seed % 3]
    }
    return bench
  }

  private func compare(_ seed: Int, _ variant: Variant) throws {
    var random = RandomStream(seed: UInt64(seed), purpose: "leap.test")
    let (drawn, source) = randomWorld(&random)
    let bench = change(drawn, variant, seed)
    var stepping = bench
    stepping.options.leaps = false
    let a = try run(bench, source)
    let b = try run(stepping, source)
    #expect(a.requests == b.requests, "seed \(seed)")
    #expect(a.samples == b.samples)
    #expect(a.residency == b.residency)
    #expect(a.counters == b.counters)
    #expect(a.occupancy == b.occupancy)
    #expect(a.tokenGaps == b.tokenGaps)
    #expect(a.end == b.end)
    #expect(a.requests.count == source.count)
  }

  private func run(_ bench: Bench, _ source: ListSource) throws -> RunOutcome {
    do { return try bench.run(source) } catch {
      Issue.record(
        "\(error) \(bench.configuration) \(bench.eviction) \(bench.prefetch) \(bench.scheduling) bytes \(bench.catalogue.adapters.map(\.bytes))"
      )
      throw error
    }
  }
}

/// A small server with everything drawn: memory, limits, policies, load.
func randomWorld(_ random: inout RandomStream) -> (Bench, ListSource) {
  let adapters = 1 + random.index(below: 10)
  var sizes: [Bytes] = []
  for _ in 0..<adapters { sizes.append(Bytes(500 + random.index(below: 1500))) }
  var bench = Bench(adapters: adapters) { sizes[$0] }
  bench.sets.append(
    [0, AdapterID(adapters - 1)].count > 1 && adapters > 1 ? [0, AdapterID(adapters - 1)] : [0])
  let pooled = random.index(below: 2) == 0
  let blocks = 20 + random.index(below: 60)
  bench.configuration = ReplicaConfiguration(
    slots: pooled ? nil : 2 + random.index(below: 4),
    adapterBytes: pooled ? Bytes(blocks) * 160 + 4000 : 8000,
    kvBlocks: pooled ? (blocks * 160 + 4000) / 160 : blocks, kvBlockBytes: 160,
    kvBlockTokens: [1, 8, 16][random.index(below: 3)],
    maxSequences: 1 + random.index(below: 12), tokenBudget: 8 + random.index(below: 60),
    chunkedPrefill: random.index(below: 3) > 0,
    loading: random.index(below: 2) == 0 ? .overlapped : .blocking,
    hostBytes: random.index(below: 2) == 0 ? .max : 12000,
    diskBytes: random.index(below: 3) > 0 ? .max : 16000,
    start: Tier(rawValue: UInt8(random.index(below: 3))) ?? .host,
    lanes: [1 + random.index(below: 2), 1 + random.index(below: 2), 1 + random.index(below: 2)])
  bench.eviction = ["lru", "lfu", "fifo", "gdsf"][random.index(below: 4)]
  bench.prefetch = ["none", "lookahead", "predictive"][random.index(below: 3)]
  bench.scheduling = ["fcfs", "fcfs skip=false", "priority"][random.index(below: 3)]
  bench.routing = ["round-robin", "least-loaded", "affinity"][random.index(below: 3)]
  bench.replicas = 1 + random.index(below: 2)
  var source = ListSource()
  var time = 0.0
  let gap = [2e6, 2e7, 2e8][random.index(below: 3)]
  for _ in 0..<60 {
    time += random.exponential(mean: gap)
    source.add(
      at: Nanoseconds(time), set: AdapterSetID(random.index(below: bench.sets.count)),
      prompt: Int32(1 + random.index(below: 40)), output: Int32(1 + random.index(below: 60)))
  }
  return (bench, source)
}

import Primitives
import Testing

@testable import Orchestration

/// Random operations on one replica's tiers, checked against books that the test keeps of its own.
@Suite struct ResidencyTests {
  @Test(arguments: 0..<60) func booksHold(_ seed: UInt64) {
    var bed = ResidencyBed(seed: seed)
    for _ in 0..<150 {
      bed.act()
      guard bed.complaints.isEmpty else { break }
    }
    #expect(bed.complaints == [], "\(bed.configuration)")
    #expect(bed.residency.counters.bytesMoved == bed.bytesLanded)
  }

  private func small(
    bytes: [Bytes] = [100, 100, 100], sets: [[AdapterID]] = [], slots: Int? = 2,
    host: Bytes = .max, start: Tier = .host, lanes: [Int] = [1, 1, 1]
  ) -> Residency {
    Residency(
      catalogue: AdapterCatalogue(
        bytes.map {
          Adapter(name: "", baseModel: "", rank: 1, targetModules: [], bytes: $0, tensors: 1)
        }),
      sets: AdapterSets([[]] + bytes.indices.map { [AdapterID($0)] } + sets),
      configuration: ReplicaConfiguration(
        slots: slots, adapterBytes: 1000, kvBlocks: 1, kvBlockBytes: 1, hostBytes: host,
        start: start, lanes: lanes),
      replica: 0,
      policies: EvictionPolicies(device: LowestFirst(), host: LowestFirst(), disk: LowestFirst()))
  }

  private func takeTransfers(_ residency: inout Residency) -> [Transfer] {
    residency.feedLinks(at: 0)
    defer { residency.outbox.removeAll() }
    return residency.outbox.compactMap {
      if case .begin(let transfer) = $0 { transfer } else { nil }
    }
  }

  @Test func climbsTierByTier() throws {
    var residency = small(start: .remote)
    var route: [Tier] = []
    for time in 0..<4 as Range<Nanoseconds> {
      let claim = residency.claim(1, at: time)
      guard claim == .loading, let transfer = takeTransfers(&residency).first else { break }
      route.append(transfer.destination)
      #expect(residency.tier(of: 0).rawValue + 1 == transfer.destination.rawValue)
      residency.transferEnded(transfer, at: time)
      // A demand goes on from disk to host by itself.
      if transfer.destination == .disk, let next = takeTransfers(&residency).first {
        route.append(next.destination)
        residency.transferEnded(next, at: time)
      }
    }
    #expect(route == [.disk, .host, .device])
    let claim = residency.claim(1, at: 9)
    #expect(claim == .ready)
  }

  @Test func aDemandTakesThePrefetchsLane() {
    var residency = small()
    residency.prefetch(0, at: 0)
    #expect(takeTransfers(&residency).map(\.adapter) == [0])
    _ = residency.claim(2, at: 5)
    residency.feedLinks(at: 5)
    let prefetch = residency.outbox.first
    guard case .cancel(let cancelled) = prefetch else {
      Issue.record("not cancelled")
      return
    }
    #expect(cancelled.adapter == 0)
    #expect(takeTransfers(&residency).map(\.adapter) == [1])
    // The copy that was stopped reports its end all the same.
    residency.transferEnded(cancelled, at: 6)
    #expect(residency.isOnDevice(0) == false)
    #expect(residency.counters.loads == [0, 0, 0, 0])
    #expect(residency.counters.prefetchesCancelled == 1)
    #expect(residency.counters.prefetchWastedBytes == 100)
    #expect(residency.fault() == nil)
  }

  @Test func aPrefetchThatIsWantedIsNotCancelled() {
    var residency = small()
    residency.prefetch(0, at: 0)
    _ = takeTransfers(&residency)
    _ = residency.claim(1, at: 1)
    _ = residency.claim(2, at: 1)
    #expect(residency.outbox.isEmpty)
    #expect(residency.counters.prefetchesLate == 1)
    #expect(residency.demandsMoving == 2)
  }

  @Test func aDemandTakesThePrefetchsRoom() {
    var residency = small(slots: 1, lanes: [1, 1, 2])
    residency.prefetch(0, at: 0)
    _ = takeTransfers(&residency)
    _ = residency.claim(2, at: 1)
    #expect(takeTransfers(&residency).map(\.adapter) == [1])
    #expect(residency.counters.prefetchesCancelled == 1)
  }

  /// Below the device too: "demand cancels a prefetch that holds the room it needs".
  @Test func aDemandTakesThePrefetchsRoomInHostMemory() {
    var residency = small(host: 100, start: .disk, lanes: [1, 2, 1])
    residency.prefetch(0, at: 0)
    _ = takeTransfers(&residency)
    _ = residency.claim(2, at: 1)
    #expect(takeTransfers(&residency).map(\.adapter) == [1])
    #expect(residency.counters.prefetchesCancelled == 1)
    #expect(residency.fault() == nil)
  }

  @Test func setsAreHeldAllOrNone() {
    var residency = small(sets: [[0, 1], [1, 2]], slots: 2)
    let first = residency.claim(4, at: 0)
    #expect(first == .loading && residency.inUse == 2)
    let second = residency.claim(5, at: 0)
    #expect(second == .noRoom && residency.inUse == 2)
  }

  /// What waits for the link to the device must still be in host memory when its turn comes.
  @Test func whatIsQueuedKeepsItsSource() {
    var residency = small(host: 200, start: .disk, lanes: [1, 1, 1])
    // Both come to host memory, one after the other.
    for set in [1, 2] as [AdapterSetID] {
      _ = residency.claim(set, at: 0)
      for transfer in takeTransfers(&residency) { residency.transferEnded(transfer, at: 1) }
    }
    #expect(residency.tier(of: 0) == .host && residency.tier(of: 1) == .host)
    // One is copied on to the device, one queues for the lane; a third wants its room.
    _ = residency.claim(1, at: 2)
    _ = residency.claim(2, at: 2)
    _ = residency.claim(3, at: 2)
    #expect(takeTransfers(&residency).map(\.adapter) == [0])
    #expect(residency.tier(of: 1) == .host)
    #expect(residency.fault() == nil)
  }
}

/// A residency, what is in flight, who uses what; complains when a rule is broken.
private struct ResidencyBed: ~Copyable {
  let configuration: ReplicaConfiguration
  let bytes: [Bytes]
  let sets: AdapterSets
  var residency: Residency
  var random: RandomStream
  var inFlight: [Transfer] = []
  var stale: [Transfer] = []
  var running: [AdapterSetID] = []
  var contents: [Set<AdapterID>]
  var bytesLanded: [Bytes] = [0, 0, 0, 0]
  var complaints: [String] = []
  var time: Nanoseconds = 0

  init(seed: UInt64) {
    var random = RandomStream(seed: seed, purpose: "residency")
    bytes = (0..<6).map { 500 + Bytes($0) * 40 }
    sets = AdapterSets([[]] + (0..<6).map { [$0] } + [[0, 1], [1, 2], [3, 0], [2, 4, 5]])
    let pooled = seed % 2 == 0
    configuration = ReplicaConfiguration(
      slots: pooled ? nil : 3, adapterBytes: pooled ? 2200 : 3000, kvBlocks: 10, kvBlockBytes: 1,
      hostBytes: [.max, 2200, 3200][random.index(below: 3)],
      diskBytes: [.max, 2500][random.index(below: 2)],
      start: Tier(rawValue: UInt8(random.index(below: 3))) ?? .host,
      lanes: (0..<3).map { _ in 1 + random.index(below: 2) })
    self.random = random
    residency = Residency(
      catalogue: AdapterCatalogue(
        bytes.map {
          Adapter(name: "", baseModel: "", rank: 1, targetModules: [], bytes: $0, tensors: 1)
        }),
      sets: sets, configuration: configuration, replica: 0,
      policies: EvictionPolicies(device: LowestFirst(), host: LowestFirst(), disk: LowestFirst()))
    contents = [[], [], [], []]
    for tier in [Tier.disk, .host] where tier <= configuration.start {
      let limit = tier == .disk ? configuration.diskBytes : configuration.hostBytes
      var used: Bytes = 0
      for adapter in bytes.indices where used + bytes[adapter] <= limit {
        used += bytes[adapter]
        contents[Int(tier.rawValue)].insert(AdapterID(adapter))
      }
    }
  }

  mutating func act() {
    time += 1
    let adapter = AdapterID(random.index(below: 6))
    switch random.index(below: 10) {
    case 0...2: claim(AdapterSetID(random.index(below: sets.count)))
    case 3...5: endTransfer()
    case 6: stop()
    case 7:
      if !stale.isEmpty {
        let before = residency.counters
        residency.transferEnded(stale.removeFirst(), at: time)
        if residency.counters != before { complaints.append("a stale transfer counted") }
      }
    case 8:
      let may = residency.mayPrefetch(adapter)
      residency.prefetch(adapter, at: time)
      if !may, !residency.outbox.isEmpty { complaints.append("prefetched what may not be") }
    default: rarely(adapter)
    }
    if random.index(below: 2) == 0 { residency.feedLinks(at: time) }
    readOutbox()
    check()
  }

  private mutating func rarely(_ adapter: AdapterID) {
    switch random.index(below: 3) {
    case 0: residency.releaseClaims(at: time)
    case 1:
      if let victim = residency.obstacle(to: adapter, at: time) {
        residency.dropIdle(victim, at: time)
      }
    default:
      let limit = Bytes(random.index(below: 2000))
      let busy = residency.deviceBytes - residency.idleBytes
      let shrunk = residency.shrinkDevice(to: limit, at: time)
      if shrunk != (busy <= limit) || (shrunk && residency.deviceBytes > limit) {
        complaints.append("shrank to \(residency.deviceBytes), not to \(limit)")
      }
    }
  }

  private mutating func claim(_ set: AdapterSetID) {
    let members = sets.members(set)
    let held = (0..<6 as Range<AdapterID>).filter { residency.isInUse($0) }
    let allThere = members.allSatisfy { residency.isOnDevice($0) }
    let claim = residency.claim(set, at: time)
    let now = (0..<6 as Range<AdapterID>).filter { residency.isInUse($0) }
    switch claim {
    case .ready:
      if !allThere { complaints.append("ready without \(members)") }
      residency.start(set, at: time)
      running.append(set)
    case .loading:
      let all = Set(held).union(members).sorted()
      if now != held, now != all { complaints.append("half held: \(held) \(now)") }
    case .noRoom:
      if now != held { complaints.append("held without room: \(held) \(now)") }
    }
  }

  private mutating func stop() {
    guard !running.isEmpty else { return }
    residency.stop(running.remove(at: random.index(below: running.count)), at: time)
  }

  private mutating func endTransfer() {
    guard !inFlight.isEmpty else { return }
    let transfer = inFlight.remove(at: random.index(below: inFlight.count))
    contents[Int(transfer.destination.rawValue)].insert(transfer.adapter)
    bytesLanded[Int(transfer.destination.rawValue)] += transfer.bytes
    residency.transferEnded(transfer, at: time)
  }

  private mutating func readOutbox() {
    for decision in residency.outbox {
      switch decision {
      case .begin(let transfer):
        let source = Int(transfer.destination.rawValue) - 1
        if source > 0, !contents[source].contains(transfer.adapter) {
          complaints.append("\(transfer) has no source")
        }
        inFlight.append(transfer)
      case .copy(let transfer): complaints.append("\(transfer) outside a step")
      case .cancel(let transfer):
        if !inFlight.contains(transfer) { complaints.append("cancelled what is not under way") }
        inFlight.removeAll { $0 == transfer }
        stale.append(transfer)
      case .drop(let adapter, let tier):
        drop(adapter, tier)
      case .run, .wake: complaints.append("\(decision) from a residency")
      }
    }
    residency.outbox.removeAll()
  }

  private mutating func drop(_ adapter: AdapterID, _ tier: Tier) {
    if contents[Int(tier.rawValue)].remove(adapter) == nil {
      complaints.append("dropped \(adapter) from \(tier), where it is not")
    }
    if tier == .device, running.contains(where: { sets.members($0).contains(adapter) }) {
      complaints.append("dropped \(adapter), which is used")
    }
    if inFlight.contains(where: {
      $0.adapter == adapter && $0.destination.rawValue == tier.rawValue + 1
    }) {
      complaints.append("dropped \(adapter) from \(tier) while it is copied")
    }
  }

  private mutating func check() {
    if let fault = residency.fault() { complaints.append(fault) }
    let limits = [
      Bytes.max, configuration.diskBytes, configuration.hostBytes, configuration.adapterBytes,
    ]
    for tier in [Tier.disk, .host, .device] {
      let arriving = inFlight.filter { $0.destination == tier }
      let here = contents[Int(tier.rawValue)].union(arriving.map(\.adapter))
      let size = here.reduce(Bytes(0)) { $0 + bytes[Int($1)] }
      if size > limits[Int(tier.rawValue)] { complaints.append("\(tier) overflows") }
      if tier == .device, here.count > configuration.slots ?? .max {
        complaints.append("too many adapters for the slots")
      }
      if arriving.count > configuration.lanes[Int(tier.rawValue) - 1] {
        complaints.append("too many transfers to \(tier)")
      }
    }
    for adapter in 0..<6 as Range<AdapterID> {
      let nearest = Tier.allCases.last { contents[Int($0.rawValue)].contains(adapter) }
      if residency.tier(of: adapter) != nearest ?? .remote {
        complaints.append("\(adapter) is said to be in \(residency.tier(of: adapter))")
      }
    }
  }
}

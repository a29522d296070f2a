import BasicContainers
import Primitives

/// The adapters of the running sequences, for a server that copies adapters inside its steps.
struct Roster: ~Copyable {
  /// The adapters, in the order in which they came into use.
  private(set) var adapters: [AdapterID] = []
  /// Their bytes.
  private(set) var bytes: Bytes = 0
  /// Whether these are others than when they were last made resident.
  var isStale = false
  /// Those that may not be dropped by the activation under way.
  var spared: PinTable
  private let order: SetOrder
  private let sortsFirst: Bool

  /// An empty roster over `count` adapters.
  /// - Parameter sortsFirst: whether adapters are put into a set by rising index, rather than in the
  ///   order in which they came into use.
  init(count: Int, sortsFirst: Bool, random: consuming RandomStream) {
    order = SetOrder(count: count, random: random)
    self.sortsFirst = sortsFirst
    spared = PinTable(count: count)
  }

  /// Adapters in the order in which the server goes through them.
  func ordered(_ adapters: [AdapterID]) -> [AdapterID] {
    order.order(of: sortsFirst ? adapters.sorted() : adapters)
  }

  mutating func add(_ adapter: AdapterID, bytes size: Bytes) {
    adapters.append(adapter)
    bytes += size
    isStale = true
  }

  mutating func remove(_ adapter: AdapterID, bytes size: Bytes) {
    if let index = adapters.firstIndex(of: adapter) { adapters.remove(at: index) }
    bytes -= size
    isStale = true
  }
}

// Adapters copied inside the step that needs them, as vLLM does it.
extension Residency {
  /// Whether a set's adapters fit into the slots beside those of the running sequences. In a pool it
  /// is a matter of blocks, and what is short of them holds up all behind it.
  func fitsInStep(_ set: AdapterSetID) -> Bool {
    guard caches[Residency.device].slots < .max else { return true }
    var size: Bytes = 0
    var count = 0
    for adapter in sets.members(set) where !isInUse(adapter) {
      size += bytes[Int(adapter)]
      count += 1
    }
    return roster.adapters.count + count <= caches[Residency.device].slots
      && roster.bytes + size <= caches[Residency.device].capacity
  }

  /// Makes adapters resident, one after the other in the server's order: copies each that is not there,
  /// and touches it. They are some of the running sequences', or all where `some` is nil.
  ///
  /// Room is made by dropping whoever the policy names but those that have had their turn. That may be
  /// an adapter of this very step whose turn is yet to come; it is copied again when it comes, and may
  /// in turn push out the next. With ``ReplicaConfiguration/Activation/protected`` none of the step's
  /// is dropped.
  ///
  /// To do it again for the same adapters would move nothing and leave the same order of recency: so
  /// it is done only when they have changed, and a stretch of equal steps may be run as one.
  mutating func activate(
    _ some: [AdapterID]?, _ activation: ReplicaConfiguration.Activation, at time: Nanoseconds
  ) {
    guard roster.isStale || some != nil else { return }
    let adapters = roster.ordered(some ?? roster.adapters)
    roster.isStale = some != nil
    if activation == .protected {
      for adapter in roster.adapters { _ = roster.spared.pin(adapter) }
    }
    for adapter in adapters {
      if isOnDevice(adapter) {
        caches[Residency.device].accessed(adapter, at: time)
        if caches[at(.host)].isResident(adapter) { caches[at(.host)].accessed(adapter, at: time) }
      } else {
        copy(adapter, to: .device, for: adapters, at: time)
      }
      if activation == .setOrder { _ = roster.spared.pin(adapter) }
    }
    for adapter in activation == .protected ? roster.adapters : adapters {
      _ = roster.spared.unpin(adapter)
    }
    shed(from: .device, at: time)
  }

  /// Copies an adapter into a tier at once, and before that into the tiers on its way.
  private mutating func copy(
    _ adapter: AdapterID, to tier: Tier, for step: [AdapterID], at time: Nanoseconds
  ) {
    if tier > .disk {
      let below = at(tier) - 1
      if caches[below].isResident(adapter) {
        caches[below].accessed(adapter, at: time)
      } else if let source = Tier(rawValue: tier.rawValue - 1) {
        copy(adapter, to: source, for: step, at: time)
      }
    }
    let size = bytes[Int(adapter)]
    caches[at(tier)].missed(adapter, at: time)
    while !caches[at(tier)].fitsNow(bytes: size, count: 1),
      let victim = victim(in: tier, for: adapter, at: time)
    {
      displace(victim, from: tier, for: step, at: time)
    }
    caches[at(tier)].reserve(adapter)
    caches[at(tier)].settle(adapter, at: time)
    counters.loads[Int(tier.rawValue)] += 1
    counters.bytesMoved[Int(tier.rawValue)] += size
    if tier == .device {
      counters.demandLoads += 1
      states[Int(adapter)].residentSince = time
    }
    outbox.append(
      .copy(
        Transfer(
          adapter: adapter, destination: tier, bytes: size, epoch: states[Int(adapter)].epoch)))
  }

  /// Who leaves a tier. Host memory may have less room than all of the step's adapters take, and then
  /// gives up one that is on the device already.
  private mutating func victim(
    in tier: Tier, for incoming: AdapterID, at time: Nanoseconds
  ) -> AdapterID? {
    _ = roster.spared.pin(incoming)
    defer { _ = roster.spared.unpin(incoming) }
    let first = caches[at(tier)].nextVictim(for: incoming, sparing: roster.spared, at: time)
    return tier == .device ? first : first ?? caches[at(tier)].nextVictim(for: incoming, at: time)
  }

  /// Drops an adapter from a tier. What leaves host memory leaves the device with it (vLLM's
  /// `LoRALRUCache._on_remove`), unless the step needs it there.
  private mutating func displace(
    _ adapter: AdapterID, from tier: Tier, for step: [AdapterID], at time: Nanoseconds
  ) {
    if tier == .host, isOnDevice(adapter), !roster.spared.isPinned(adapter) {
      displace(adapter, from: .device, for: step, at: time)
    }
    // If it is among those whose turn comes, this step has to bring it back.
    if tier == .device, step.contains(adapter) { counters.reloads += 1 }
    evict(adapter, from: tier, at: time)
  }
}

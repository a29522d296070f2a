import BasicContainers
import Primitives

/// Which adapters are in one tier, how much room they take, and who leaves when room is needed.
struct TierCache: ~Copyable {
  enum Presence: UInt8 { case absent, arriving, resident }

  let tier: Tier
  /// Most adapters that fit, whatever their size.
  let slots: Int
  /// Bytes that adapters may take. Where they share a pool with the KV cache this moves.
  var capacity: Bytes {
    didSet { if slots == .max, capacity != oldValue { policy.capacityChanged(to: capacity) } }
  }
  /// Adapters here or arriving, and their bytes.
  private(set) var count = 0
  private(set) var usedBytes: Bytes = 0
  /// Of these, the ones that could be evicted now.
  private(set) var idleCount = 0
  private(set) var idleBytes: Bytes = 0
  private(set) var pins: PinTable
  private var presence: UniqueArray<Presence>
  private var policy: any EvictionPolicy & ~Copyable
  private let bytes: [Bytes]

  init(
    tier: Tier, slots: Int, capacity: Bytes, bytes: [Bytes],
    policy: consuming any EvictionPolicy & ~Copyable
  ) {
    self.tier = tier
    self.slots = slots
    self.capacity = capacity
    self.bytes = bytes
    self.policy = policy
    pins = PinTable(count: bytes.count)
    presence = UniqueArray(repeating: .absent, count: bytes.count)
  }

  func isResident(_ adapter: AdapterID) -> Bool { presence[Int(adapter)] == .resident }
  func isAbsent(_ adapter: AdapterID) -> Bool { presence[Int(adapter)] == .absent }

  /// Whether adapters of this number and size fit once everything idle is gone.
  func canFit(bytes new: Bytes, count more: Int) -> Bool {
    count - idleCount + more <= slots && usedBytes - idleBytes + new <= capacity
  }

  /// Whether they fit as things are.
  func fitsNow(bytes new: Bytes, count more: Int) -> Bool {
    count + more <= slots && usedBytes + new <= capacity
  }

  /// The adapter that would go next.
  mutating func nextVictim(for incoming: AdapterID? = nil, at time: Nanoseconds) -> AdapterID? {
    // What comes has to come, whatever the policy thinks of it.
    if let incoming { _ = pins.pin(incoming) }
    defer { if let incoming { _ = pins.unpin(incoming) } }
    return policy.victim(for: incoming, sparing: pins, at: time)
  }

  /// The adapter that would go next, whether it has users or not, but for some.
  mutating func nextVictim(
    for incoming: AdapterID, sparing spared: borrowing PinTable, at time: Nanoseconds
  ) -> AdapterID? {
    policy.victim(for: incoming, sparing: spared, at: time)
  }

  /// An adapter that the policy wants to be rid of though there is room.
  mutating func nextSurplus(at time: Nanoseconds) -> AdapterID? {
    policy.surplus(sparing: pins, at: time)
  }

  /// A request needs an adapter that is not here.
  mutating func missed(_ adapter: AdapterID, at time: Nanoseconds) {
    policy.missed(adapter, at: time)
  }

  /// Sets room aside for an adapter that is about to arrive.
  mutating func reserve(_ adapter: AdapterID) {
    presence[Int(adapter)] = .arriving
    count += 1
    usedBytes += bytes[Int(adapter)]
  }

  /// The adapter has arrived.
  mutating func settle(_ adapter: AdapterID, at time: Nanoseconds) {
    presence[Int(adapter)] = .resident
    if !pins.isPinned(adapter) { becameIdle(adapter) }
    policy.inserted(adapter, at: time)
  }

  /// Frees an adapter's room: a victim, or one whose transfer was cancelled.
  mutating func remove(_ adapter: AdapterID) {
    if presence[Int(adapter)] == .resident {
      if !pins.isPinned(adapter) { becameBusy(adapter) }
      policy.removed(adapter)
    }
    presence[Int(adapter)] = .absent
    count -= 1
    usedBytes -= bytes[Int(adapter)]
  }

  mutating func accessed(_ adapter: AdapterID, at time: Nanoseconds) {
    policy.accessed(adapter, at: time)
  }

  mutating func queued(_ adapter: AdapterID) { policy.queued(adapter) }

  mutating func unqueued(_ adapter: AdapterID) { policy.unqueued(adapter) }

  mutating func pin(_ adapter: AdapterID) {
    if pins.pin(adapter), isResident(adapter) { becameBusy(adapter) }
  }

  /// True if nobody uses the adapter any more. That it was used until now is news to the policy,
  /// unless it is told of each step's adapters anyway.
  @discardableResult
  mutating func unpin(_ adapter: AdapterID, at time: Nanoseconds, isNews: Bool = true) -> Bool {
    guard pins.unpin(adapter) else { return false }
    if isResident(adapter) {
      becameIdle(adapter)
      if isNews { policy.released(adapter, at: time) }
    }
    return true
  }

  private mutating func becameIdle(_ adapter: AdapterID) {
    idleCount += 1
    idleBytes += bytes[Int(adapter)]
  }

  private mutating func becameBusy(_ adapter: AdapterID) {
    idleCount -= 1
    idleBytes -= bytes[Int(adapter)]
  }

  /// A fault in the books, or nil: everything recounted.
  func fault() -> String? {
    var here = 0
    var size: Bytes = 0
    var idle: Bytes = 0
    for adapter in 0..<Int32(bytes.count) where !isAbsent(adapter) {
      here += 1
      size += bytes[Int(adapter)]
      if isResident(adapter), !pins.isPinned(adapter) { idle += bytes[Int(adapter)] }
    }
    if here != count || size != usedBytes || idle != idleBytes {
      return "\(tier): \(here) adapters of \(size) B (\(idle) idle), booked as \(count) of "
        + "\(usedBytes) B (\(idleBytes) idle)"
    }
    if count > slots || usedBytes > capacity {
      return "\(tier): \(count) adapters of \(usedBytes) B exceed \(slots) or \(capacity) B"
    }
    return nil
  }
}

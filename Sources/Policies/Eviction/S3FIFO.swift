import BasicContainers
import Orchestration
import Primitives

/// S3-FIFO: three queues in order of arrival. A small one holds new adapters and soon lets go of those
/// that are not used again; what is, or what returns while it is remembered, comes to the main one.
///
/// J. Yang, Y. Zhang, Z. Qiu, Y. Yue, K. V. Rashmi, "FIFO queues are all you need for cache eviction",
/// SOSP'23, doi:10.1145/3600006.3613147. ``EvictionEntry/s3FIFOv0``, ``EvictionEntry/qdlp`` and
/// ``Clock2QPlus`` are variants of it.
public struct S3FIFO: EvictionPolicy, ~Copyable {
  private static let small: Int32 = 0
  private static let main: Int32 = 1

  private var queues: ListSet
  private var ghosts: GhostQueue
  /// Uses since the adapter came to its queue, as far as they are counted; in main each further round
  /// costs one.
  private var uses: UniqueArray<UInt8>
  /// The adapter was among the ghosts when it was missed.
  private var isReturning: UniqueArray<Bool>
  private var smallShare: Bytes = 0
  private var mainShare: Bytes = 0
  private var hasEvicted = false
  private var proposed: AdapterID = IndexList.none
  /// The proposal assumes that all of the small queue that was used comes to main first.
  private var emptiesSmall = false
  private let shares: (small: Double, ghosts: Double)
  private let threshold: UInt8
  private let mostUses: UInt8
  private let isStrict: Bool

  /// An empty cache.
  /// - Parameters:
  ///   - small: share of the capacity for new adapters.
  ///   - ghosts: what is remembered of those that left it, as a share of the capacity.
  ///   - threshold: uses that take an adapter from the small queue to main, 1 to `mostUses`.
  ///   - mostUses: what is counted of an adapter's uses.
  ///   - isStrict: whether what is larger than the small queue's share does not come; and whether main
  ///     takes what that queue has no room for, until something has to go.
  public init(
    _ context: EvictionContext, small: Double = 0.1, ghosts: Double = 0.9, threshold: Int = 2,
    mostUses: Int = 3, isStrict: Bool = true
  ) {
    queues = ListSet(sizes: context.sizes, lists: 2)
    self.ghosts = GhostQueue(context, capacity: 0)
    uses = UniqueArray(repeating: 0, count: context.count)
    isReturning = UniqueArray(repeating: false, count: context.count)
    shares = (small, ghosts)
    self.threshold = UInt8(threshold)
    self.mostUses = UInt8(mostUses)
    self.isStrict = isStrict
    capacityChanged(to: context.capacity)
  }

  public mutating func capacityChanged(to capacity: Bytes) {
    smallShare = max(1, Bytes(Double(capacity) * shares.small))
    mainShare = max(1, capacity - smallShare)
    ghosts.capacity = max(1, Bytes(Double(capacity) * shares.ghosts))
  }

  public mutating func missed(_ adapter: AdapterID, at time: Nanoseconds) {
    if ghosts.forget(adapter) { isReturning[Int(adapter)] = true }
  }

  public mutating func admits(_ adapter: AdapterID, at time: Nanoseconds) -> Bool {
    !isStrict || queues.size(of: adapter) <= smallShare
  }

  public mutating func inserted(_ adapter: AdapterID, at time: Nanoseconds) {
    let overflows = isStrict && !hasEvicted && queues.total(of: S3FIFO.small) >= smallShare
    queues.moveFirst(
      adapter, in: isReturning[Int(adapter)] || overflows ? S3FIFO.main : S3FIFO.small)
    isReturning[Int(adapter)] = false
    ghosts.forget(adapter)
    uses[Int(adapter)] = 0
  }

  public mutating func accessed(_ adapter: AdapterID, at time: Nanoseconds) {
    if uses[Int(adapter)] < mostUses { uses[Int(adapter)] += 1 }
  }

  /// What the small queue may take.
  var smallCapacity: Bytes { smallShare }

  /// Whether an adapter that is there is still in the small queue.
  func isSmall(_ adapter: AdapterID) -> Bool { queues.list(of: adapter) == S3FIFO.small }

  public mutating func victim(
    for incoming: AdapterID?, sparing pins: borrowing PinTable, at time: Nanoseconds
  ) -> AdapterID? {
    let victim = candidate(sparing: pins)
    proposed = victim ?? IndexList.none
    return victim
  }

  private mutating func candidate(sparing pins: borrowing PinTable) -> AdapterID? {
    emptiesSmall = false
    if queues.total(of: S3FIFO.main) > mainShare || queues.isEmpty(S3FIFO.small),
      let victim = queues.clockVictim(in: S3FIFO.main, uses: uses, sparing: pins)
    {
      return victim
    }
    if let victim = firstUnderThreshold(sparing: pins) { return victim }
    // All that could go has earned a place in main, at its newest end and with no uses there.
    emptiesSmall = true
    let oldest = queues.clockVictim(in: S3FIFO.main, uses: uses, sparing: pins)
    if let oldest, uses[Int(oldest)] == 0 { return oldest }
    return queues.oldest(of: S3FIFO.small, sparing: pins) ?? oldest
  }

  /// The oldest of the small queue that was used too little to come to main.
  private func firstUnderThreshold(sparing pins: borrowing PinTable) -> AdapterID? {
    var adapter = queues.last(of: S3FIFO.small)
    while adapter != IndexList.none {
      if uses[Int(adapter)] < threshold, !pins.isPinned(adapter) { return adapter }
      adapter = queues.newer(than: adapter)
    }
    return nil
  }

  public mutating func removed(_ adapter: AdapterID) {
    if adapter == proposed { commit(adapter) }
    proposed = IndexList.none
    queues.remove(adapter)
  }

  private mutating func commit(_ victim: AdapterID) {
    hasEvicted = true
    if queues.list(of: victim) == S3FIFO.small, !emptiesSmall {
      promote(upTo: victim)
      ghosts.remember(victim)
    } else {
      if emptiesSmall { promote(upTo: IndexList.none) }
      queues.sweep(S3FIFO.main, to: victim, uses: &uses)
    }
  }

  /// Moves what was used enough from the small queue to main, from the oldest to before `end`.
  private mutating func promote(upTo end: AdapterID) {
    var adapter = queues.last(of: S3FIFO.small)
    while adapter != end {
      let next = queues.newer(than: adapter)
      if uses[Int(adapter)] >= threshold {
        uses[Int(adapter)] = 0
        queues.moveFirst(adapter, in: S3FIFO.main)
      }
      adapter = next
    }
  }
}

extension EvictionEntry {
  static let s3FIFO = EvictionEntry(
    "s3-fifo", "a small queue sifts new adapters; what is used again comes to the main queue",
    idea: """
      New adapters enter a small queue. At its end those that were used often enough move to the main \
      queue, and the others go, and are remembered for a while: one that returns meanwhile enters main \
      at once. In main each use is worth another round, up to three.
      """, cost: "O(1), evictions amortised",
    parameters: S3FIFO.shareParameters + [
      PolicyParameter("threshold", "2", "uses that take an adapter to main, 1 to 3")
    ], source: "Yang et al., SOSP'23, doi:10.1145/3600006.3613147"
  ) { context, parameters in
    let (small, ghosts) = try S3FIFO.shares(&parameters)
    return S3FIFO(
      context, small: small, ghosts: ghosts,
      threshold: try parameters.int("threshold", default: 2, in: 1...3))
  }
}

extension S3FIFO {
  /// The parameters that it shares with its variants.
  static let shareParameters = [
    PolicyParameter("small", "0.1", "share of the capacity for new adapters"),
    PolicyParameter("ghosts", "0.9", "what is remembered, as a share of the capacity"),
  ]

  static func shares(_ parameters: inout Parameters) throws -> (small: Double, ghosts: Double) {
    (
      try parameters.double("small", default: 0.1, in: 0.001...0.999),
      try parameters.double("ghosts", default: 0.9, in: 0...16)
    )
  }
}

import BasicContainers
import Orchestration
import Primitives

/// Window TinyLFU, as Caffeine has it: what is new has to have been asked for more often than what it
/// would push out.
///
/// A small LRU window takes all that comes, so that a burst is served. What leaves it may stay only in
/// place of the victim of the main part, a segmented LRU, if a sketch of the recent past has seen it
/// more often. The window's share climbs toward the better hit ratio.
/// G. Einziger, R. Friedman, B. Manes, "TinyLFU", ACM TOS 13(4), 2017, doi:10.1145/3149371; G. Einziger,
/// O. Eytan, R. Friedman, B. Manes, "Adaptive software cache management", Middleware'18,
/// doi:10.1145/3274808.3274816. Caffeine's guard against hash flooding, an admission by lot, is left out.
public struct WTinyLFU: EvictionPolicy, ~Copyable {
  /// What can be chosen.
  public struct Options: Sendable {
    /// The window's share of the capacity, at the start if it adapts.
    public var window = 0.01
    /// The protected segment's share of the main part.
    public var protected = 0.8
    /// Whether the window's share climbs.
    public var isAdaptive = true

    /// Caffeine's.
    public init() {}
  }

  private static let window: Int32 = 0
  private static let probation: Int32 = 1
  private static let protected: Int32 = 2

  private var lists: ListSet
  private var sketch: FrequencySketch
  private var hashes: UniqueArray<UInt64>
  private let sizes: [Bytes]
  private let options: Options
  private var climber: WindowClimber
  private var capacity: Bytes = 0
  private var windowCap: Bytes = 0
  private var protectedCap: Bytes = 0
  private var proposed = ListSet.none
  /// What leaves the window for the main part if the proposed victim goes.
  private var admitted = ListSet.none

  /// An empty cache.
  public init(_ context: EvictionContext, _ options: Options = Options()) {
    lists = ListSet(sizes: context.sizes, lists: 3)
    let mean = Double(context.sizes.reduce(0, +)) / Double(max(1, context.count))
    let entries = Int(min(Double(context.capacity) / max(1, mean), Double(context.count)))
    sketch = FrequencySketch(entries: entries)
    hashes = UniqueArray(minimumCapacity: context.count)
    for key in context.keys { hashes.append(xxh3(key)) }
    sizes = context.sizes
    self.options = options
    climber = WindowClimber(share: options.window, sampleSize: 10 * max(1, entries))
    capacityChanged(to: context.capacity)
  }

  public mutating func capacityChanged(to capacity: Bytes) {
    self.capacity = capacity
    windowCap = max(1, Bytes(climber.share * Double(capacity)))
    protectedCap = Bytes(options.protected * Double(max(0, capacity - windowCap)))
    boundWindow()
    boundProtected()
  }

  public mutating func missed(_ adapter: AdapterID, at time: Nanoseconds) {
    request(adapter, isHit: false)
  }

  public mutating func accessed(_ adapter: AdapterID, at time: Nanoseconds) {
    request(adapter, isHit: true)
    if lists.list(of: adapter) == Self.window {
      lists.moveFirst(adapter, in: Self.window)
    } else {
      lists.moveFirst(adapter, in: Self.protected)
      boundProtected()
    }
  }

  private mutating func request(_ adapter: AdapterID, isHit: Bool) {
    sketch.add(hashes[Int(adapter)])
    if options.isAdaptive, climber.requested(isHit: isHit) { capacityChanged(to: capacity) }
  }

  public mutating func inserted(_ adapter: AdapterID, at time: Nanoseconds) {
    lists.moveFirst(adapter, in: Self.window)
    boundWindow()
  }

  public mutating func removed(_ adapter: AdapterID) {
    lists.remove(adapter)
    if adapter == proposed, admitted != ListSet.none, lists.list(of: admitted) == Self.window {
      lists.moveFirst(admitted, in: Self.probation)
    }
    proposed = ListSet.none
    admitted = ListSet.none
  }

  /// What leaves the window while there is room goes to the main part; the newest always stays.
  private mutating func boundWindow() {
    while lists.total(of: Self.window) > windowCap,
      lists.first(of: Self.window) != lists.last(of: Self.window)
    {
      lists.moveFirst(lists.last(of: Self.window), in: Self.probation)
    }
  }

  private mutating func boundProtected() {
    while lists.total(of: Self.protected) > protectedCap {
      lists.moveFirst(lists.last(of: Self.protected), in: Self.probation)
    }
  }

  public mutating func victim(
    for incoming: AdapterID?, sparing pins: borrowing PinTable, at time: Nanoseconds
  ) -> AdapterID? {
    let fromMain =
      lists.oldest(of: Self.probation, sparing: pins)
      ?? lists.oldest(of: Self.protected, sparing: pins)
    let candidate = candidate(for: incoming)
    admitted = candidate ?? ListSet.none
    var victim = fromMain ?? lists.oldest(of: Self.window, sparing: pins)
    if let fromMain, let candidate, !pins.isPinned(candidate),
      sketch.estimate(hashes[Int(candidate)]) <= sketch.estimate(hashes[Int(fromMain)])
    {
      victim = candidate
    }
    if victim == candidate { admitted = ListSet.none }
    proposed = victim ?? ListSet.none
    return victim
  }

  /// What has to leave the window for what comes; none while it has room.
  private func candidate(for incoming: AdapterID?) -> AdapterID? {
    let oldest = lists.last(of: Self.window)
    let size = incoming.map { sizes[Int($0)] } ?? 0
    guard oldest != ListSet.none, lists.total(of: Self.window) + size > windowCap else {
      return nil
    }
    return oldest
  }
}

/// Finds the window's share of the capacity by hill climbing: on while the hit ratio rises, back when
/// it falls, in steps that shrink until the workload changes.
struct WindowClimber: Sendable {
  private static let firstStep = 0.0625
  private static let decay = 0.98
  /// A change of the hit ratio that means another workload.
  private static let restart = 0.05
  private static let range = 0.0...0.8

  /// The window's share.
  private(set) var share: Double
  private var step = -WindowClimber.firstStep
  private var previousHitRatio = 0.0
  private let sampleSize: Int
  private var requests = 0
  private var hits = 0

  init(share: Double, sampleSize: Int) {
    self.share = share
    self.sampleSize = sampleSize
  }

  /// Counts a request; true if the share has changed.
  mutating func requested(isHit: Bool) -> Bool {
    requests += 1
    if isHit { hits += 1 }
    guard requests == sampleSize else { return false }
    let hitRatio = Double(hits) / Double(requests)
    let change = hitRatio - previousHitRatio
    let amount = change >= 0 ? step : -step
    step =
      abs(change) >= Self.restart
      ? (amount >= 0 ? Self.firstStep : -Self.firstStep) : Self.decay * amount
    previousHitRatio = hitRatio
    requests = 0
    hits = 0
    share = min(max(share + amount, Self.range.lowerBound), Self.range.upperBound)
    return true
  }
}

extension EvictionEntry {
  static let wTinyLFU = EvictionEntry(
    "w-tiny-lfu", "what is new must be asked for more often than what it would push out",
    idea: """
      A small window takes all that comes. What leaves the window stays only if a sketch of the recent \
      past, four bits a counter, has seen it more often than the main part's victim. The main part is a \
      segmented LRU; the window's share follows the hit ratio.
      """, cost: "O(1)",
    parameters: [
      PolicyParameter(
        "window", "0.01", "the window's part of the capacity; where it starts if adaptive"),
      PolicyParameter("protected", "0.8", "part of the main segment for what was used again"),
      PolicyParameter("adaptive", "true", "whether the window's part follows the hit ratio"),
    ], source: "Einziger, Friedman and Manes, TOS'17; Middleware'18; Caffeine"
  ) { context, parameters in
    var options = WTinyLFU.Options()
    options.window = try parameters.double("window", default: options.window, in: 0...0.8)
    options.protected = try parameters.double("protected", default: options.protected, in: 0...1)
    options.isAdaptive = try parameters.bool("adaptive", default: options.isAdaptive)
    return WTinyLFU(context, options)
  }
}

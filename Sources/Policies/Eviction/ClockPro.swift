import BasicContainers
import Orchestration
import Primitives

/// CLOCK-Pro: LIRS on a clock. What was used again within its test period is hot and stays.
///
/// All are on one clock, in order of arrival or of the last move. Cold adapters have a test period; one
/// that is used in it becomes hot, even if it had to go in the meantime, when it stays on the clock as
/// a ghost. Three hands: one finds victims among the cold, one lets hot ones that were not used cool,
/// one ends test periods. The target for the size of the cold grows with hits in test periods and
/// shrinks with test periods that end without one.
/// S. Jiang, F. Chen, X. Zhang, "CLOCK-Pro: an effective improvement of the CLOCK replacement", USENIX
/// ATC'05. Targets move by the size of the adapter.
public struct ClockPro: EvictionPolicy, ~Copyable {
  struct State: BitwiseCopyable {
    var isResident = false
    var isHot = false
    var isUsed = false
    var isInTest = false
  }

  private var ring: ListSet
  private var states: UniqueArray<State>
  private var wasGhost: UniqueArray<Bool>
  private let sizes: [Bytes]
  private var capacity: Bytes
  private let leastShare: Double
  private var coldTarget: Double
  private var hotSize: Bytes = 0
  private var coldSize: Bytes = 0
  private var coldHand = ListSet.none
  private var hotHand = ListSet.none
  private var testHand = ListSet.none
  private var proposed = ListSet.none

  /// An empty cache.
  /// - Parameter coldShare: the part of the capacity that cold adapters have at the start and at least.
  public init(_ context: EvictionContext, coldShare: Double = 0.01) {
    ring = ListSet(sizes: context.sizes, lists: 1)
    states = UniqueArray(repeating: State(), count: context.count)
    wasGhost = UniqueArray(repeating: false, count: context.count)
    sizes = context.sizes
    capacity = context.capacity
    leastShare = coldShare
    coldTarget = max(1, coldShare * Double(context.capacity))
  }

  private var ghostSize: Bytes { ring.total(of: 0) - hotSize - coldSize }

  private var isTooHot: Bool { Double(hotSize) > Double(capacity) - coldTarget && hotSize > 0 }

  private mutating func changeColdTarget(by size: Bytes) {
    let least = max(1, leastShare * Double(capacity))
    coldTarget = min(max(coldTarget + Double(size), least), Double(capacity))
  }

  public mutating func missed(_ adapter: AdapterID, at time: Nanoseconds) {
    guard ring.list(of: adapter) != ListSet.none else { return }
    takeOff(adapter)
    wasGhost[Int(adapter)] = true
    changeColdTarget(by: sizes[Int(adapter)])
  }

  public mutating func inserted(_ adapter: AdapterID, at time: Nanoseconds) {
    if ring.list(of: adapter) != ListSet.none { takeOff(adapter) }
    let size = sizes[Int(adapter)]
    let isKnown = wasGhost[Int(adapter)]
    wasGhost[Int(adapter)] = false
    let isHot = isKnown || Double(hotSize + size) <= Double(capacity) - coldTarget
    states[Int(adapter)] = State(isResident: true, isHot: isHot, isInTest: !isHot)
    if isHot { hotSize += size } else { coldSize += size }
    putFirst(adapter)
    while isTooHot { cool() }
    boundGhosts()
  }

  public mutating func accessed(_ adapter: AdapterID, at time: Nanoseconds) {
    states[Int(adapter)].isUsed = true
  }

  public mutating func removed(_ adapter: AdapterID) {
    let state = states[Int(adapter)]
    states[Int(adapter)].isResident = false
    if state.isHot {
      hotSize -= sizes[Int(adapter)]
    } else {
      coldSize -= sizes[Int(adapter)]
    }
    if adapter != proposed || state.isHot || !state.isInTest { takeOff(adapter) }
    proposed = ListSet.none
    boundGhosts()
  }

  public mutating func capacityChanged(to capacity: Bytes) {
    self.capacity = capacity
    changeColdTarget(by: 0)
    while isTooHot { cool() }
    boundGhosts()
  }

  // MARK: The clock

  private func next(_ adapter: AdapterID) -> AdapterID {
    let newer = ring.newer(than: adapter)
    return newer == ListSet.none ? ring.last(of: 0) : newer
  }

  private mutating func putFirst(_ adapter: AdapterID) {
    ring.moveFirst(adapter, in: 0)
    if coldHand == ListSet.none { coldHand = adapter }
    if hotHand == ListSet.none { hotHand = adapter }
    if testHand == ListSet.none { testHand = adapter }
  }

  /// Takes an adapter from the clock; hands that pointed to it go on.
  private mutating func takeOff(_ adapter: AdapterID) {
    let next = next(adapter)
    let after = next == adapter ? ListSet.none : next
    if coldHand == adapter { coldHand = after }
    if hotHand == adapter { hotHand = after }
    if testHand == adapter { testHand = after }
    ring.remove(adapter)
  }

  /// Moves the hot hand until a hot adapter has cooled; test periods that it meets end.
  private mutating func cool() {
    while true {
      let adapter = hotHand
      hotHand = next(adapter)
      guard states[Int(adapter)].isHot else {
        endTest(adapter)
        continue
      }
      if states[Int(adapter)].isUsed {
        states[Int(adapter)].isUsed = false
      } else {
        states[Int(adapter)].isHot = false
        states[Int(adapter)].isInTest = false
        hotSize -= sizes[Int(adapter)]
        coldSize += sizes[Int(adapter)]
        return
      }
    }
  }

  /// Ends the test period of a cold adapter, if it is in one; a ghost leaves the clock.
  private mutating func endTest(_ adapter: AdapterID) {
    guard states[Int(adapter)].isInTest else { return }
    // One that has been used has passed; it only waits for the cold hand.
    if states[Int(adapter)].isResident, states[Int(adapter)].isUsed { return }
    states[Int(adapter)].isInTest = false
    changeColdTarget(by: -sizes[Int(adapter)])
    if !states[Int(adapter)].isResident { takeOff(adapter) }
  }

  private mutating func boundGhosts() {
    while ghostSize > capacity {
      let adapter = testHand
      testHand = next(adapter)
      if !states[Int(adapter)].isHot { endTest(adapter) }
    }
  }

  /// Moves the cold hand to a victim. Hands move while looking, but looking twice finds the same.
  public mutating func victim(
    for incoming: AdapterID?, sparing pins: borrowing PinTable, at time: Nanoseconds
  ) -> AdapterID? {
    guard hotSize + coldSize > 0 else { return nil }
    var passed = ListSet.none
    while true {
      if coldSize == 0, hotSize > 0 { cool() }
      let adapter = coldHand
      let state = states[Int(adapter)]
      if state.isHot || !state.isResident || pins.isPinned(adapter) {
        // All the way round, and nobody to take or to change.
        if adapter == passed { return oldestResident(sparing: pins).map { propose($0) } }
        if passed == ListSet.none { passed = adapter }
        coldHand = next(adapter)
        continue
      }
      guard state.isUsed else { return propose(adapter) }
      passed = ListSet.none
      coldHand = next(adapter)
      states[Int(adapter)].isUsed = false
      if state.isInTest {
        warm(adapter)
      } else {
        states[Int(adapter)].isInTest = true
        takeOff(adapter)
        putFirst(adapter)
      }
    }
  }

  private mutating func warm(_ adapter: AdapterID) {
    changeColdTarget(by: sizes[Int(adapter)])
    states[Int(adapter)].isHot = true
    states[Int(adapter)].isInTest = false
    hotSize += sizes[Int(adapter)]
    coldSize -= sizes[Int(adapter)]
    while isTooHot { cool() }
  }

  private mutating func propose(_ adapter: AdapterID) -> AdapterID {
    proposed = adapter
    return adapter
  }

  private func oldestResident(sparing pins: borrowing PinTable) -> AdapterID? {
    var adapter = ring.last(of: 0)
    while adapter != ListSet.none {
      if states[Int(adapter)].isResident, !pins.isPinned(adapter) { return adapter }
      adapter = ring.newer(than: adapter)
    }
    return nil
  }
}

extension EvictionEntry {
  static let clockPro = EvictionEntry(
    "clock-pro", "LIRS on a clock: what is used again within its test period stays",
    idea: """
      One clock and three hands. What comes is cold, and on test; used again in that time it becomes \
      hot, even if it has gone meanwhile. Victims are cold. Hot adapters that are not used cool. The \
      target for the cold ones' size follows the hits of those on test.
      """, cost: "O(1) amortised",
    parameters: [
      PolicyParameter(
        "cold-share", "0.01", "part of the capacity that is cold at first and at least")
    ], source: "Jiang, Chen and Zhang, USENIX ATC'05"
  ) { context, parameters in
    ClockPro(
      context, coldShare: try parameters.double("cold-share", default: 0.01, in: 0.0001...1))
  }
}

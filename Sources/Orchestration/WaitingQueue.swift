import BasicContainers
import Primitives

/// Requests that wait, in the scheduling policy's order.
///
/// There is one queue for each adapter set, and a heap of sets by rank, then first request. Whether a
/// request may start depends on its set and not on itself, so a set that may not start is parked as
/// a whole until something changes: a pass over a long queue looks at sets, not at requests.
public struct WaitingQueue: ~Copyable {
  /// Position in the order: the policy's key, then arrival.
  struct Key: Comparable, BitwiseCopyable {
    var major: Int64
    var minor: Int64

    static func < (a: Key, b: Key) -> Bool {
      a.major != b.major ? a.major < b.major : a.minor < b.minor
    }
  }

  struct Entry: BitwiseCopyable {
    var key: Key
    var next: Int32
  }

  struct Line: BitwiseCopyable {
    var first: Int32 = -1
    var last: Int32 = -1
    /// Place in the heap, or -1 where the set is parked or has nobody waiting.
    var place: Int32 = -1
    /// Sets of a smaller rank go first, whoever waits in them; of one, nobody is next.
    var rank: Int32 = 0

    static let closed = Int32.max
  }

  private let sets: AdapterSets
  var entries = UniqueArray<Entry>(minimumCapacity: 0)
  var lines: UniqueArray<Line>
  var heap: [AdapterSetID] = []
  private var parked: [AdapterSetID] = []
  private var waitingFor: UniqueArray<Int32>
  /// Of the adapters that waiting requests need.
  private(set) var signature = AdapterSignature(salt: 1 << 32)
  private var front: Int64 = 0
  private var back: Int64 = 0
  /// Those who wait and were not prepended, by ``Key/minor`` less `places.base`; made when it is
  /// first needed, and gone with the last who waits.
  private var places: (tree: FenwickTree, base: Int64)?
  /// Of those who wait, the ones that were prepended: their minor keys are below 0, and never many.
  private var prepended = 0
  /// Whether the order is that of the keys' minor parts alone.
  private var isByArrival = true
  /// Number of requests waiting.
  public private(set) var count = 0

  init(sets: AdapterSets, adapters: Int) {
    self.sets = sets
    lines = UniqueArray(repeating: Line(), count: sets.count)
    waitingFor = UniqueArray(repeating: 0, count: adapters)
  }

  // MARK: What policies may see

  /// Number of waiting requests that need an adapter.
  public func waiting(for adapter: AdapterID) -> Int { Int(waitingFor[Int(adapter)]) }

  /// Whether a request of a set waits.
  public func isWaited(for set: AdapterSetID) -> Bool { lines[Int(set)].first >= 0 }

  /// Of the adapters that waiting requests need and that satisfy a condition, one that the request
  /// nearest to the head needs.
  public func firstMember(where condition: (AdapterID) -> Bool) -> AdapterID? {
    var best: (key: Key, adapter: AdapterID)?
    for list in [heap, parked] {
      for set in list {
        let key = headKey(set)
        if let best, best.key < key { continue }
        if let adapter = sets.members(set).first(where: condition) { best = (key, adapter) }
      }
    }
    return best?.adapter
  }

  // MARK: What the replica uses

  /// Adds a request at its place.
  mutating func append(_ slot: Int32, set: AdapterSetID, key: Int64) {
    back += 1
    if key != 0 { isByArrival = false }
    insert(slot, set, Key(major: key, minor: back))
  }

  /// Puts a request before all others: one that was preempted.
  mutating func prepend(_ slot: Int32, set: AdapterSetID) {
    front -= 1
    insert(slot, set, Key(major: .min, minor: front))
  }

  /// The set whose request is next among those that are neither parked nor closed, and that request's
  /// slot.
  var next: (set: AdapterSetID, slot: Int32)? {
    guard let set = heap.first, lines[Int(set)].rank < Line.closed else { return nil }
    return (set, lines[Int(set)].first)
  }

  /// The slot of a set's first request; nil if none waits.
  func first(of set: AdapterSetID) -> Int32? {
    lines[Int(set)].first < 0 ? nil : lines[Int(set)].first
  }

  /// Has a set considered before those of a larger rank, or not at all.
  mutating func setRank(_ rank: Int32?, of set: AdapterSetID) {
    isByArrival = false
    lines[Int(set)].rank = rank ?? Line.closed
    guard lines[Int(set)].place >= 0 else { return }
    siftDown(Int(lines[Int(set)].place))
    siftUp(Int(lines[Int(set)].place))
  }

  /// Whether a set has been left aside.
  var hasParked: Bool { !parked.isEmpty }

  /// How many requests of parked sets are before another request, which is the next of those that are
  /// not parked or the last that left.
  mutating func parked(before slot: Int32) -> Int {
    if parked.isEmpty { return 0 }
    let key = entries[Int(slot)].key
    // Nobody but those of parked sets is before it.
    if isByArrival, key.minor > 0, count > WaitingQueue.fewToWalk {
      return prepended + waiting(before: key.minor)
    }
    var count = 0
    for set in parked {
      var other = lines[Int(set)].first
      while other >= 0, entries[Int(other)].key < key {
        count += 1
        other = entries[Int(other)].next
      }
    }
    return count
  }

  /// A waiting request's place in the order.
  func key(of slot: Int32) -> Key { entries[Int(slot)].key }

  /// The first request of parked sets that satisfies a condition, of those behind one place and before
  /// another, where these are given.
  func firstParked(
    behind start: Key?, before end: Key?, where condition: (Int32) -> Bool
  ) -> Int32? {
    var found: (key: Key, slot: Int32)?
    for set in parked {
      var slot = lines[Int(set)].first
      while slot >= 0 {
        let key = entries[Int(slot)].key
        if let limit = found?.key ?? end, limit < key { break }
        if start.map({ $0 < key }) ?? true, condition(slot) {
          found = (key, slot)
          break
        }
        slot = entries[Int(slot)].next
      }
    }
    return found?.slot
  }

  /// Takes the next request out.
  mutating func removeNext() {
    guard let set = heap.first else { return }
    let slot = lines[Int(set)].first
    lines[Int(set)].first = entries[Int(slot)].next
    removed(set)
    if entries[Int(slot)].key.minor < 0 { prepended -= 1 }
    note(-1, at: entries[Int(slot)].key.minor)
    if lines[Int(set)].first < 0 {
      lines[Int(set)].last = -1
      removeFromHeap(set)
    } else {
      siftDown(0)
    }
  }

  /// Leaves the next set aside until ``unpark()``.
  mutating func parkNext() {
    guard let set = heap.first else { return }
    removeFromHeap(set)
    parked.append(set)
  }

  /// Lets the parked sets be considered again.
  mutating func unpark() {
    for set in parked { pushToHeap(set) }
    parked.removeAll(keepingCapacity: true)
  }

  /// Takes everybody out, in no particular order.
  mutating func removeAll(_ body: (Int32) -> Void) {
    unpark()
    while let set = heap.first {
      body(lines[Int(set)].first)
      removeNext()
    }
  }

  /// Up to so many are counted one by one.
  private static let fewToWalk = 32

  private mutating func waiting(before minor: Int64) -> Int {
    let (tree, base) = places ?? makePlaces()
    return tree.sum(through: Int(minor - base) - 1)
  }

  private mutating func makePlaces() -> (tree: FenwickTree, base: Int64) {
    var taken: [Int64] = []
    taken.reserveCapacity(count)
    for list in [heap, parked] {
      for set in list {
        var slot = lines[Int(set)].first
        while slot >= 0 {
          let minor = entries[Int(slot)].key.minor
          if minor > 0 { taken.append(minor) }
          slot = entries[Int(slot)].next
        }
      }
    }
    let base = taken.min() ?? back
    // As much room again as they take, so that making it anew costs little for each who comes.
    let room = 2 * (back - base) + 1024
    let made = (FenwickTree(count: Int(room), onesAt: taken.map { Int($0 - base) }), base)
    places = made
    return made
  }

  /// Notes in `places` that somebody has come (1) or gone (-1).
  private mutating func note(_ change: Int32, at minor: Int64) {
    guard minor > 0, let base = places?.base, let room = places?.tree.count else { return }
    guard minor - base < Int64(room), count > 0 else {
      places = nil
      return
    }
    places?.tree.add(Int64(change), at: Int(minor - base))
  }

  func headKey(_ set: AdapterSetID) -> Key { entries[Int(lines[Int(set)].first)].key }

  private mutating func removed(_ set: AdapterSetID) {
    count -= 1
    for adapter in sets.members(set) {
      waitingFor[Int(adapter)] -= 1
      if waitingFor[Int(adapter)] == 0 { signature.toggle(adapter) }
    }
  }

  private mutating func insert(_ slot: Int32, _ set: AdapterSetID, _ key: Key) {
    while entries.count <= Int(slot) {
      entries.append(Entry(key: Key(major: 0, minor: 0), next: -1))
    }
    count += 1
    for adapter in sets.members(set) {
      waitingFor[Int(adapter)] += 1
      if waitingFor[Int(adapter)] == 1 { signature.toggle(adapter) }
    }
    entries[Int(slot)] = Entry(key: key, next: -1)
    if key.minor < 0 { prepended += 1 }
    note(1, at: key.minor)
    let line = lines[Int(set)]
    if line.first < 0 {
      lines[Int(set)].first = slot
      lines[Int(set)].last = slot
      pushToHeap(set)
    } else if entries[Int(line.last)].key < key {
      entries[Int(line.last)].next = slot
      lines[Int(set)].last = slot
    } else if key < entries[Int(line.first)].key {
      entries[Int(slot)].next = line.first
      lines[Int(set)].first = slot
      if line.place >= 0 { siftUp(Int(line.place)) }
    } else {
      insertInside(slot, after: line.first, key)
    }
  }

  private mutating func insertInside(_ slot: Int32, after first: Int32, _ key: Key) {
    var previous = first
    while entries[Int(previous)].next >= 0,
      entries[Int(entries[Int(previous)].next)].key < key
    {
      previous = entries[Int(previous)].next
    }
    entries[Int(slot)].next = entries[Int(previous)].next
    entries[Int(previous)].next = slot
  }
}

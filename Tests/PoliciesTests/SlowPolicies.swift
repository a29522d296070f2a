import Orchestration
import Primitives

/// A policy written from its definition, with arrays and searches.
protocol SlowPolicy: Sendable {
  mutating func resized(to capacity: Bytes)
  mutating func missed(_ x: AdapterID)
  mutating func inserted(_ x: AdapterID)
  mutating func accessed(_ x: AdapterID)
  /// - Parameter isVictim: that it was the last to be named, rather than anybody else.
  mutating func removed(_ x: AdapterID, isVictim: Bool)
  mutating func victim(_ idle: Set<AdapterID>) -> AdapterID?
  mutating func surplus(_ idle: Set<AdapterID>) -> AdapterID?
}

extension SlowPolicy {
  mutating func resized(to capacity: Bytes) {}
  mutating func missed(_ x: AdapterID) {}
  mutating func surplus(_ idle: Set<AdapterID>) -> AdapterID? { nil }
}

extension [AdapterID] {
  fileprivate mutating func drop(_ x: AdapterID) { removeAll { $0 == x } }
  fileprivate func bytes(_ sizes: [Bytes]) -> Bytes { reduce(0) { $0 + sizes[Int($1)] } }
}

/// What has left, oldest first, and whether it comes back.
struct SlowGhosts {
  let sizes: [Bytes]
  var cap: Bytes = 0 { didSet { shrink() } }
  var list: [AdapterID] = []
  var returning: Set<AdapterID> = []

  init(_ context: EvictionContext) { sizes = context.sizes }

  private mutating func shrink() { while list.bytes(sizes) > cap { list.removeFirst() } }

  mutating func missed(_ x: AdapterID) {
    if list.contains(x) { returning.insert(x) }
    list.drop(x)
  }

  /// True if it returns.
  mutating func inserted(_ x: AdapterID) -> Bool {
    list.drop(x)
    return returning.remove(x) != nil
  }

  mutating func add(_ x: AdapterID) {
    guard sizes[Int(x)] <= cap else { return }
    list.append(x)
    shrink()
  }
}

/// A queue, oldest first, over which a hand goes.
struct SlowRing {
  var list: [AdapterID] = []
  var uses: [AdapterID: Int] = [:]

  func bytes(_ sizes: [Bytes]) -> Bytes { list.bytes(sizes) }

  mutating func add(_ x: AdapterID) {
    list.append(x)
    uses[x] = 0
  }

  mutating func drop(_ x: AdapterID) {
    list.drop(x)
    uses[x] = nil
  }

  /// The hand goes on until it stops at somebody for whom it may.
  mutating func stop(_ mayStop: (AdapterID) -> Bool) -> AdapterID? {
    guard list.contains(where: mayStop) else { return nil }
    while true {
      for x in list {
        if uses[x] == 0, mayStop(x) { return x }
        if uses[x, default: 0] > 0 {
          uses[x, default: 0] -= 1
          list.drop(x)
          list.append(x)
        }
      }
    }
  }
}

struct SlowClock: SlowPolicy {
  var ring = SlowRing()
  let most: Int

  mutating func inserted(_ x: AdapterID) { ring.add(x) }
  mutating func accessed(_ x: AdapterID) { ring.uses[x] = min(most, ring.uses[x, default: 0] + 1) }
  mutating func removed(_ x: AdapterID, isVictim: Bool) {
    if isVictim { _ = ring.stop { $0 == x } }
    ring.drop(x)
  }
  mutating func victim(_ idle: Set<AdapterID>) -> AdapterID? {
    var copy = ring
    return copy.stop(idle.contains)
  }
}

struct SlowSieve: SlowPolicy {
  /// Oldest first.
  var list: [AdapterID] = []
  var used: Set<AdapterID> = []
  var hand: AdapterID?

  mutating func inserted(_ x: AdapterID) { list.append(x) }
  mutating func accessed(_ x: AdapterID) { used.insert(x) }

  private func next(_ x: AdapterID) -> AdapterID? {
    list.firstIndex(of: x).flatMap { $0 + 1 < list.count ? list[$0 + 1] : nil }
  }

  private mutating func stop(_ mayStop: (AdapterID) -> Bool) -> AdapterID? {
    guard list.contains(where: mayStop), var x = hand ?? list.first else { return nil }
    while used.contains(x) || !mayStop(x) {
      used.remove(x)
      x = next(x) ?? list[0]
    }
    return x
  }

  mutating func removed(_ x: AdapterID, isVictim: Bool) {
    if isVictim { hand = stop { $0 == x } }
    if hand == x { hand = next(x) }
    list.drop(x)
    used.remove(x)
  }

  mutating func victim(_ idle: Set<AdapterID>) -> AdapterID? {
    var copy = self
    return copy.stop(idle.contains)
  }
}

struct SlowSLRU: SlowPolicy {
  let sizes: [Bytes]
  var cap: Bytes
  /// Lowest first, each oldest first.
  var lists: [[AdapterID]]
  var hasFallen = false

  init(_ context: EvictionContext, _ count: Int) {
    sizes = context.sizes
    cap = max(1, context.capacity / Bytes(count))
    lists = Array(repeating: [], count: count)
  }

  mutating func resized(to capacity: Bytes) {
    cap = max(1, capacity / Bytes(lists.count))
    cool(lists.count - 1)
  }

  mutating func inserted(_ x: AdapterID) {
    let roomy = lists.firstIndex { $0.bytes(sizes) + sizes[Int(x)] <= cap }
    lists[roomy ?? 0].append(x)
  }

  mutating func accessed(_ x: AdapterID) {
    let list = lists.firstIndex { $0.contains(x) } ?? 0
    lists[list].drop(x)
    let upper = min(list + 1, lists.count - 1)
    lists[upper].append(x)
    cool(upper)
  }

  private mutating func cool(_ list: Int) {
    guard list > 0 else { return }
    while lists[list].bytes(sizes) > cap {
      lists[list - 1].append(lists[list].removeFirst())
      if list == 1 { hasFallen = true }
    }
    cool(list - 1)
  }

  mutating func removed(_ x: AdapterID, isVictim: Bool) {
    for list in lists.indices { lists[list].drop(x) }
  }
  mutating func victim(_ idle: Set<AdapterID>) -> AdapterID? {
    lists.joined().first(where: idle.contains)
  }
  mutating func surplus(_ idle: Set<AdapterID>) -> AdapterID? {
    let extra = lists[0].bytes(sizes) > cap ? lists[0].first(where: idle.contains) : nil
    defer { hasFallen = hasFallen && extra != nil }
    return hasFallen ? extra : nil
  }
}

struct SlowTwoQ: SlowPolicy {
  let sizes: [Bytes]
  var caps: (a1: Bytes, am: Bytes) = (0, 0)
  var a1: [AdapterID] = []
  var am: [AdapterID] = []
  var out: SlowGhosts

  init(_ context: EvictionContext) {
    sizes = context.sizes
    out = SlowGhosts(context)
    resized(to: context.capacity)
  }

  mutating func resized(to capacity: Bytes) {
    caps.a1 = max(1, Bytes(0.25 * Double(capacity)))
    caps.am = max(1, capacity - caps.a1)
    out.cap = max(1, Bytes(0.5 * Double(capacity)))
  }

  mutating func missed(_ x: AdapterID) { out.missed(x) }
  mutating func inserted(_ x: AdapterID) {
    if out.inserted(x) { am.append(x) } else { a1.append(x) }
  }
  mutating func accessed(_ x: AdapterID) {
    guard am.contains(x) else { return }
    am.drop(x)
    am.append(x)
  }
  mutating func removed(_ x: AdapterID, isVictim: Bool) {
    if isVictim, a1.contains(x) { out.add(x) }
    a1.drop(x)
    am.drop(x)
  }
  mutating func victim(_ idle: Set<AdapterID>) -> AdapterID? {
    (a1.bytes(sizes) > caps.a1 ? a1 + am : am + a1).first(where: idle.contains)
  }
  mutating func surplus(_ idle: Set<AdapterID>) -> AdapterID? {
    am.count > 1 && am.bytes(sizes) > caps.am ? am.first(where: idle.contains) : nil
  }
}

/// S3-FIFO and what came of it.
struct SlowS3FIFO: SlowPolicy {
  struct Options {
    var small = 0.3
    var threshold = 2
    var most = 3
    var isStrict = true
    /// Clock2Q+'s window, as a share of the small queue, and whether it counts what came, not its size.
    var window = 0.0
    var countsArrivals = false
  }

  let options: Options
  let sizes: [Bytes]
  var caps: (small: Bytes, main: Bytes) = (0, 0)
  var small = SlowRing()
  var main = SlowRing()
  var ghosts: SlowGhosts
  var hasEvicted = false
  var emptiesSmall = false
  /// What came to the small queue after each that is there.
  var since: [AdapterID: Bytes] = [:]

  init(_ context: EvictionContext, _ options: Options) {
    self.options = options
    sizes = context.sizes
    ghosts = SlowGhosts(context)
    resized(to: context.capacity)
  }

  mutating func resized(to capacity: Bytes) {
    caps.small = max(1, Bytes(options.small * Double(capacity)))
    caps.main = max(1, capacity - caps.small)
    ghosts.cap = max(1, Bytes(0.9 * Double(capacity)))
  }

  mutating func missed(_ x: AdapterID) { ghosts.missed(x) }

  mutating func inserted(_ x: AdapterID) {
    let isFull = options.isStrict && !hasEvicted && small.bytes(sizes) >= caps.small
    if ghosts.inserted(x) || isFull { return main.add(x) }
    for other in small.list {
      since[other, default: 0] += options.countsArrivals ? 1 : sizes[Int(x)]
    }
    small.add(x)
    since[x] = 0
  }

  mutating func accessed(_ x: AdapterID) {
    if small.list.contains(x) {
      let window = Bytes(Double(caps.small) * options.window)
      if since[x, default: 0] >= window {
        small.uses[x] = min(options.most, small.uses[x, default: 0] + 1)
      }
    } else {
      main.uses[x] = min(options.most, main.uses[x, default: 0] + 1)
    }
  }

  private func passes(_ x: AdapterID) -> Bool { small.uses[x, default: 0] >= options.threshold }

  private mutating func promote(_ passing: [AdapterID]) {
    for x in passing {
      small.drop(x)
      main.add(x)
    }
  }

  mutating func removed(_ x: AdapterID, isVictim: Bool) {
    if isVictim {
      hasEvicted = true
      if emptiesSmall { promote(small.list.filter(passes)) }
      if let place = small.list.firstIndex(of: x) {
        promote(small.list[..<place].filter(passes))
        ghosts.add(x)
      } else {
        _ = main.stop { $0 == x }
      }
    }
    small.drop(x)
    main.drop(x)
  }

  mutating func victim(_ idle: Set<AdapterID>) -> AdapterID? {
    emptiesSmall = false
    var hand = main
    if small.list.isEmpty || main.bytes(sizes) > caps.main, let x = hand.stop(idle.contains) {
      return x
    }
    if let x = small.list.first(where: { idle.contains($0) && !passes($0) }) { return x }
    emptiesSmall = true
    var after = self
    after.promote(small.list.filter { passes($0) && idle.contains($0) })
    return after.main.stop(idle.contains)
  }
}

struct SlowLFUDA: SlowPolicy {
  var counts: [AdapterID: Int64] = [:]
  /// By last use, oldest first.
  var order: [AdapterID] = []
  var overtaken: Set<AdapterID> = []
  var age: Int64 = 0

  private mutating func put(_ x: AdapterID, _ count: Int64) {
    order.drop(x)
    order.append(x)
    counts[x] = count
  }

  private mutating func moveAge() {
    let least = counts.filter { !overtaken.contains($0.key) }.values.min()
    age = max(age, least ?? age)
  }

  mutating func inserted(_ x: AdapterID) { put(x, age + 1) }

  mutating func accessed(_ x: AdapterID) {
    let old = counts[x, default: 0]
    let new = min(old + age, 1 << 60)
    counts[x] = nil
    overtaken.remove(x)
    if old == age { moveAge() }
    put(x, new)
    if new < age { overtaken.insert(x) }
  }

  mutating func removed(_ x: AdapterID, isVictim: Bool) {
    let count = counts.removeValue(forKey: x) ?? 0
    order.drop(x)
    overtaken.remove(x)
    guard isVictim else { return }
    age = max(age, count)
    moveAge()
  }

  mutating func victim(_ idle: Set<AdapterID>) -> AdapterID? {
    func rank(_ x: AdapterID) -> (Int, Int64, Int) {
      (overtaken.contains(x) ? 1 : 0, counts[x, default: 0], order.firstIndex(of: x) ?? 0)
    }
    return idle.min { rank($0) < rank($1) }
  }
}

struct SlowLRUK: SlowPolicy {
  let k: Int
  /// All uses of each that is there.
  var uses: [AdapterID: [Int]] = [:]
  var clock = 0

  mutating func inserted(_ x: AdapterID) {
    uses[x] = []
    accessed(x)
  }
  mutating func accessed(_ x: AdapterID) {
    clock += 1
    uses[x, default: []].append(clock)
  }
  mutating func removed(_ x: AdapterID, isVictim: Bool) { uses[x] = nil }
  mutating func victim(_ idle: Set<AdapterID>) -> AdapterID? {
    let all = uses.filter { idle.contains($0.key) }
    let young = all.filter { $0.value.count < k }
    return young.min { $0.value[0] < $1.value[0] }?.key
      ?? all.min { $0.value.suffix(k).first ?? 0 < $1.value.suffix(k).first ?? 0 }?.key
  }
}

struct SlowMQ: SlowPolicy {
  let lifetime: Int
  var lists: [[AdapterID]]
  var uses: [AdapterID: Int] = [:]
  var expiry: [AdapterID: Int] = [:]
  var out: SlowGhosts
  var clock = 0

  init(_ context: EvictionContext, _ count: Int, lifetime: Int) {
    lists = Array(repeating: [], count: count)
    self.lifetime = lifetime
    out = SlowGhosts(context)
    resized(to: context.capacity)
  }

  mutating func resized(to capacity: Bytes) { out.cap = max(1, 4 * capacity) }

  private mutating func tick() {
    clock += 1
    for list in 1..<lists.count {
      guard let x = lists[list].first, expiry[x, default: 0] < clock else { continue }
      lists[list].removeFirst()
      lists[list - 1].append(x)
      expiry[x] = clock + lifetime
    }
  }

  private mutating func put(_ x: AdapterID) {
    uses[x, default: 0] += 1
    var list = 0
    while list + 1 < lists.count, 2 << list <= uses[x, default: 0] { list += 1 }
    lists[list].append(x)
    expiry[x] = clock + lifetime
  }

  mutating func missed(_ x: AdapterID) {
    tick()
    out.missed(x)
  }
  mutating func inserted(_ x: AdapterID) {
    if !out.inserted(x) { uses[x] = 0 }
    put(x)
  }
  mutating func accessed(_ x: AdapterID) {
    tick()
    removed(x, isVictim: false)
    put(x)
  }
  mutating func removed(_ x: AdapterID, isVictim: Bool) {
    for list in lists.indices { lists[list].drop(x) }
    if isVictim { out.add(x) }
  }
  mutating func victim(_ idle: Set<AdapterID>) -> AdapterID? {
    lists.joined().first(where: idle.contains)
  }
}

/// LRU, MRU and LRU by lot.
struct SlowRecency: SlowPolicy {
  enum Kind { case mru, lot }
  let kind: Kind
  /// Oldest first.
  var list: [AdapterID] = []
  var state: UInt128 = 1

  mutating func inserted(_ x: AdapterID) { list.append(x) }
  mutating func accessed(_ x: AdapterID) {
    if kind == .lot {
      state = state &* 0xda94_2042_e4dd_58b5
      guard (state >> 64) % 2 == 0 else { return }
    }
    list.drop(x)
    list.append(x)
  }
  mutating func removed(_ x: AdapterID, isVictim: Bool) { list.drop(x) }
  mutating func victim(_ idle: Set<AdapterID>) -> AdapterID? {
    kind == .mru ? list.last(where: idle.contains) : list.first(where: idle.contains)
  }
}

struct SlowLargestFirst: SlowPolicy {
  let sizes: [Bytes]

  mutating func inserted(_ x: AdapterID) {}
  mutating func accessed(_ x: AdapterID) {}
  mutating func removed(_ x: AdapterID, isVictim: Bool) {}
  mutating func victim(_ idle: Set<AdapterID>) -> AdapterID? {
    idle.max { sizes[Int($0)] < sizes[Int($1)] }
  }
}

import Orchestration
import Primitives

/// A whole cache, written from the definition of its policy with arrays and searches.
protocol SlowCache: Sendable {
  init(sizes: [Bytes], capacity: Bytes)
  /// Serves a request; true if it is a hit.
  mutating func request(_ x: AdapterID) -> Bool
}

extension [AdapterID] {
  fileprivate mutating func drop(_ x: AdapterID) { removeAll { $0 == x } }
  fileprivate func size(_ sizes: [Bytes]) -> Bytes { reduce(0) { $0 + sizes[Int($1)] } }
}

/// ARC: lists from newest to oldest.
struct SlowARC: SlowCache {
  let sizes: [Bytes]
  let c: Bytes
  var t1: [AdapterID] = []
  var t2: [AdapterID] = []
  var b1: [AdapterID] = []
  var b2: [AdapterID] = []
  var p = 0.0

  init(sizes: [Bytes], capacity: Bytes) { (self.sizes, c) = (sizes, capacity) }

  private func size(_ list: [AdapterID]) -> Bytes { list.size(sizes) }

  mutating func request(_ x: AdapterID) -> Bool {
    if t1.contains(x) || t2.contains(x) {
      t1.drop(x)
      t2.drop(x)
      t2.insert(x, at: 0)
      return true
    }
    let inB1 = b1.contains(x)
    let inB2 = b2.contains(x)
    let ratio = Double(size(b2)) / Double(size(b1))
    if inB1 { p = min(p + max(ratio, 1), Double(c)) }
    if inB2 { p = max(p - max(1 / ratio, 1), 0) }
    b1.drop(x)
    b2.drop(x)
    let s = sizes[Int(x)]
    guard s <= c else { return false }
    while size(t1) + size(t2) + s > c {
      if inB1 || inB2 {
        replace(inB2)
      } else if size(t1) + size(b1) + s > c {
        if b1.isEmpty {
          t1.removeLast()
        } else {
          b1.removeLast()
          replace(false)
        }
      } else {
        if size(t1) + size(b1) + size(t2) + size(b2) >= 2 * c, !b2.isEmpty { b2.removeLast() }
        replace(false)
      }
    }
    if inB1 || inB2 { t2.insert(x, at: 0) } else { t1.insert(x, at: 0) }
    return false
  }

  private mutating func replace(_ inB2: Bool) {
    let t1Size = Double(size(t1))
    if !t1.isEmpty, t1Size > p || (t1Size == p && inB2) || t2.isEmpty {
      b1.insert(t1.removeLast(), at: 0)
    } else {
      b2.insert(t2.removeLast(), at: 0)
    }
  }
}

/// CAR: clocks from their heads, where the hands are, to their tails.
struct SlowCAR: SlowCache {
  let sizes: [Bytes]
  let c: Bytes
  var t1: [AdapterID] = []
  var t2: [AdapterID] = []
  var b1: [AdapterID] = []
  var b2: [AdapterID] = []
  var used: Set<AdapterID> = []
  var p = 0.0

  init(sizes: [Bytes], capacity: Bytes) { (self.sizes, c) = (sizes, capacity) }

  private func size(_ list: [AdapterID]) -> Bytes { list.size(sizes) }

  mutating func request(_ x: AdapterID) -> Bool {
    if t1.contains(x) || t2.contains(x) {
      used.insert(x)
      return true
    }
    let isGhost = b1.contains(x) || b2.contains(x)
    let ratio = Double(size(b2)) / Double(size(b1))
    if b1.contains(x) { p = min(p + max(ratio, 1), Double(c)) }
    if b2.contains(x) { p = max(p - max(1 / ratio, 1), 0) }
    b1.drop(x)
    b2.drop(x)
    let s = sizes[Int(x)]
    guard s <= c else { return false }
    while size(t1) + size(t2) + s > c { replace() }
    if isGhost {
      t2.append(x)
    } else {
      t1.append(x)
      while size(t1) + size(b1) > c, !b1.isEmpty { b1.removeLast() }
      while size(t1) + size(b1) + size(t2) + size(b2) > 2 * c, !b2.isEmpty { b2.removeLast() }
    }
    return false
  }

  private mutating func replace() {
    while true {
      let isFirst = !t1.isEmpty && (Double(size(t1)) > p || t2.isEmpty)
      let x = isFirst ? t1.removeFirst() : t2.removeFirst()
      if used.remove(x) != nil {
        t2.append(x)
      } else if isFirst {
        return b1.insert(x, at: 0)
      } else {
        return b2.insert(x, at: 0)
      }
    }
  }
}

/// LIRS: the stack S, the queue Q and the remembered HIRs from most to least recent.
struct SlowLIRS: SlowCache {
  let sizes: [Bytes]
  let c: Bytes
  let hirCap: Bytes
  var s: [AdapterID] = []
  var q: [AdapterID] = []
  var ghosts: [AdapterID] = []
  var lirs: Set<AdapterID> = []

  init(sizes: [Bytes], capacity: Bytes) {
    (self.sizes, c) = (sizes, capacity)
    hirCap = max(1, Bytes(0.1 * Double(capacity)))
  }

  private var lirSize: Bytes { Array(lirs).size(sizes) }
  private var lirCap: Bytes { c - hirCap }

  mutating func request(_ x: AdapterID) -> Bool {
    let size = sizes[Int(x)]
    let isHit = lirs.contains(x) || q.contains(x)
    let isInS = s.contains(x)
    if isInS { toFront(x, &s) }
    if q.contains(x) { toFront(x, &q) }
    if lirs.contains(x) {
      prune()
    } else if isInS {
      q.drop(x)
      ghosts.drop(x)
      makeRoom(size)
      lirs.insert(x)
    } else if isHit {
      makeRoom(size)
      s.insert(x, at: 0)
      // In a queue for one it has just made room for a LIR that was demoted.
      if !q.contains(x) { ghosts.insert(x, at: 0) }
    } else if size <= hirCap {
      if lirSize + size <= lirCap {
        lirs.insert(x)
      } else {
        evictHIRs(for: size)
        q.insert(x, at: 0)
      }
      s.insert(x, at: 0)
    }
    while s.size(sizes) > 2 * c, let oldest = ghosts.popLast() { s.drop(oldest) }
    return isHit
  }

  private func toFront(_ x: AdapterID, _ list: inout [AdapterID]) {
    list.drop(x)
    list.insert(x, at: 0)
  }

  private mutating func makeRoom(_ size: Bytes) {
    while lirSize + size > lirCap, !lirs.isEmpty {
      prune()
      let oldest = s.removeLast()
      lirs.remove(oldest)
      evictHIRs(for: sizes[Int(oldest)])
      q.insert(oldest, at: 0)
      prune()
    }
  }

  private mutating func evictHIRs(for size: Bytes) {
    while q.size(sizes) + size > hirCap, let oldest = q.popLast() {
      if s.contains(oldest) { ghosts.insert(oldest, at: 0) }
    }
  }

  private mutating func prune() {
    while s.count > 1, let oldest = s.last, !lirs.contains(oldest) {
      s.removeLast()
      ghosts.drop(oldest)
    }
  }
}

/// CR-LFU: of the fewest uses the newest.
struct SlowCRLFU: SlowCache {
  let sizes: [Bytes]
  let c: Bytes
  /// In order of last use.
  var residents: [(adapter: AdapterID, uses: Int)] = []

  init(sizes: [Bytes], capacity: Bytes) { (self.sizes, c) = (sizes, capacity) }

  mutating func request(_ x: AdapterID) -> Bool {
    if let index = residents.firstIndex(where: { $0.adapter == x }) {
      residents.append((x, residents.remove(at: index).uses + 1))
      return true
    }
    guard sizes[Int(x)] <= c else { return false }
    while residents.map(\.adapter).size(sizes) + sizes[Int(x)] > c {
      let fewest = residents.map(\.uses).min()
      guard let index = residents.lastIndex(where: { $0.uses == fewest }) else { break }
      residents.remove(at: index)
    }
    residents.append((x, 1))
    return false
  }
}

/// SR-LRU: both parts and the history from most to least recent.
struct SlowSRLRU: SlowCache {
  let sizes: [Bytes]
  let c: Bytes
  var reusedCap: Double
  var reused: [AdapterID] = []
  var fresh: [AdapterID] = []
  var history: [AdapterID] = []
  var new: Set<AdapterID> = []
  var demoted: Set<AdapterID> = []
  var wasFull = false

  init(sizes: [Bytes], capacity: Bytes) {
    (self.sizes, c) = (sizes, capacity)
    reusedCap = Double(capacity - max(1, capacity / 100))
  }

  mutating func request(_ x: AdapterID) -> Bool {
    let size = sizes[Int(x)]
    if reused.contains(x) || fresh.contains(x) {
      new.remove(x)
      if demoted.contains(x) {
        let newGhosts = Double(history.filter(new.contains).count)
        moveBoundary(Double(size), newGhosts / Double(demoted.count))
        demoted.remove(x)
      }
      fresh.drop(x)
      reused.drop(x)
      reused.insert(x, at: 0)
      demote()
      return true
    }
    let isKnown = history.contains(x)
    if isKnown, new.contains(x) {
      let newGhosts = Double(history.filter(new.contains).count)
      moveBoundary(-Double(size), Double(demoted.count) / newGhosts)
    }
    history.drop(x)
    new.remove(x)
    guard size <= c else { return false }
    while reused.size(sizes) + fresh.size(sizes) + size > c {
      let victim = fresh.popLast() ?? reused.removeLast()
      demoted.remove(victim)
      wasFull = true
      history.insert(victim, at: 0)
      while history.size(sizes) > c { new.remove(history.removeLast()) }
    }
    if !isKnown, wasFull { new.insert(x) }
    if isKnown || (fresh.isEmpty && Double(reused.size(sizes) + size) <= reusedCap) {
      reused.insert(x, at: 0)
    } else {
      fresh.insert(x, at: 0)
    }
    demote()
    return false
  }

  private mutating func moveBoundary(_ size: Double, _ times: Double) {
    reusedCap += size * max(1, times.rounded())
    reusedCap = min(max(reusedCap, 1), Double(max(1, c - 1)))
  }

  private mutating func demote() {
    while Double(reused.size(sizes)) > reusedCap, reused.count > 1 {
      let oldest = reused.removeLast()
      demoted.insert(oldest)
      fresh.insert(oldest, at: 0)
    }
  }
}

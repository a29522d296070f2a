import Primitives
import Testing

@testable import Orchestration

/// An eviction policy of the tests' own: the lowest index goes.
struct LowestFirst: EvictionPolicy, ~Copyable {
  private var here: Set<AdapterID> = []
  mutating func inserted(_ adapter: AdapterID, at time: Nanoseconds) { here.insert(adapter) }
  mutating func accessed(_ adapter: AdapterID, at time: Nanoseconds) {}
  mutating func removed(_ adapter: AdapterID) { here.remove(adapter) }
  mutating func victim(
    for incoming: AdapterID?, sparing pins: borrowing PinTable, at time: Nanoseconds
  ) -> AdapterID? {
    var lowest: AdapterID?
    for adapter in here where !pins.isPinned(adapter) {
      lowest = min(lowest ?? adapter, adapter)
    }
    return lowest
  }
}

@Suite struct TierCacheTests {
  private static let bytes: [Bytes] = [100, 200, 300, 400, 500, 600]

  @Test(arguments: 0..<10) func booksEqualARecount(_ seed: UInt64) {
    var random = RandomStream(seed: seed, purpose: "tiercache")
    var cache = TierCache(
      tier: .device, slots: 4, capacity: 1300, bytes: Self.bytes, policy: LowestFirst())
    var arriving: Set<AdapterID> = []
    var resident: Set<AdapterID> = []
    var users = [Int](repeating: 0, count: 6)
    func size(_ set: Set<AdapterID>) -> Bytes { set.reduce(0) { $0 + Self.bytes[Int($1)] } }
    for _ in 0..<300 {
      let adapter = AdapterID(random.index(below: 6))
      let here = arriving.union(resident)
      let idle = resident.filter { users[Int($0)] == 0 }
      let need = Self.bytes[Int(adapter)]
      switch random.index(below: 6) {
      case 0 where !here.contains(adapter) && cache.fitsNow(bytes: need, count: 1):
        cache.reserve(adapter)
        arriving.insert(adapter)
      case 1 where arriving.contains(adapter):
        cache.settle(adapter, at: 0)
        arriving.remove(adapter)
        resident.insert(adapter)
      case 2 where here.contains(adapter) && users[Int(adapter)] == 0:
        cache.remove(adapter)
        arriving.remove(adapter)
        resident.remove(adapter)
      case 3 where here.contains(adapter):
        cache.pin(adapter)
        users[Int(adapter)] += 1
      case 4 where users[Int(adapter)] > 0:
        users[Int(adapter)] -= 1
        let last = cache.unpin(adapter, at: 0)
        #expect(last == (users[Int(adapter)] == 0))
      default:
        #expect(cache.nextVictim(at: 0) == idle.min())
      }
      let now = arriving.union(resident)
      let nowIdle = resident.filter { users[Int($0)] == 0 }
      #expect(cache.fault() == nil)
      #expect(cache.count == now.count && cache.usedBytes == size(now))
      #expect(cache.idleCount == nowIdle.count && cache.idleBytes == size(nowIdle))
      for more in [100, 700, 1300] as [Bytes] {
        #expect(
          cache.fitsNow(bytes: more, count: 1)
            == (now.count + 1 <= 4 && size(now) + more <= 1300))
        #expect(
          cache.canFit(bytes: more, count: 1)
            == (now.count - nowIdle.count + 1 <= 4 && size(now) - size(nowIdle) + more <= 1300))
      }
      for other in 0..<6 as Range<AdapterID> {
        #expect(cache.isResident(other) == resident.contains(other))
        #expect(cache.isAbsent(other) == !now.contains(other))
      }
    }
  }

  @Test func faultsAreFound() {
    var cache = TierCache(
      tier: .host, slots: 1, capacity: 250, bytes: Self.bytes, policy: LowestFirst())
    cache.reserve(1)
    #expect(cache.fault() == nil)
    cache.reserve(0)
    #expect(cache.fault()?.contains("exceed") == true)
    cache.remove(0)
    cache.capacity = 150
    #expect(cache.fault()?.contains("host") == true)
  }
}

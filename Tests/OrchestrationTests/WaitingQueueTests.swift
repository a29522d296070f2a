import Primitives
import Testing

@testable import Orchestration

/// Lines of sets and a heap over them, against one sorted array.
@Suite struct WaitingQueueTests {
  private struct Waiter {
    var slot: Int32
    var set: AdapterSetID
    var major: Int64
    var minor: Int
  }

  private static let sets = AdapterSets([[], [0], [1], [2], [0, 1], [3, 2]])

  @Test(arguments: 0..<20) func behavesAsASortedArray(_ seed: UInt64) {
    var random = RandomStream(seed: seed, purpose: "queue")
    var queue = WaitingQueue(sets: Self.sets, adapters: 4)
    var oracle: [Waiter] = []
    var parked: Set<AdapterSetID> = []
    var ranks: [AdapterSetID: Int32?] = [:]
    var front = 0
    var back = 0
    func insert(_ waiter: Waiter) {
      let place = oracle.firstIndex {
        ($0.major, $0.minor) > (waiter.major, waiter.minor)
      }
      oracle.insert(waiter, at: place ?? oracle.count)
    }
    func rank(_ set: AdapterSetID) -> Int32? { ranks[set] ?? 0 }
    for _ in 0..<300 {
      let set = AdapterSetID(random.index(below: Self.sets.count))
      let slot = (0..<Int32(oracle.count + 1)).first { s in !oracle.contains { $0.slot == s } } ?? 0
      switch random.index(below: seed % 2 == 0 ? 8 : 9) {
      case 0...2:
        let key = Int64(random.index(below: 4)) - 2
        back += 1
        queue.append(slot, set: set, key: key)
        insert(Waiter(slot: slot, set: set, major: key, minor: back))
      case 3:
        front -= 1
        queue.prepend(slot, set: set)
        insert(Waiter(slot: slot, set: set, major: .min, minor: front))
      case 4, 5:
        if let next = queue.next {
          queue.removeNext()
          oracle.removeAll { $0.slot == next.slot }
        }
      case 6:
        if let next = queue.next {
          queue.parkNext()
          parked.insert(next.set)
        }
      case 8:
        let rank = [0, 1, 2, nil][random.index(below: 4)] as Int32?
        queue.setRank(rank, of: set)
        ranks[set] = .some(rank)
      default:
        queue.unpark()
        parked = []
      }
      let open = oracle.filter { !parked.contains($0.set) && rank($0.set) != nil }
      let least = open.compactMap { rank($0.set) }.min()
      let expected = open.first { rank($0.set) == least }
      #expect(queue.isWaited(for: set) == oracle.contains { $0.set == set })
      #expect(queue.first(of: set) == oracle.first { $0.set == set }?.slot)
      #expect(queue.next?.slot == expected?.slot)
      #expect(queue.next?.set == expected?.set)
      #expect(queue.count == oracle.count)
      for adapter in 0..<4 as Range<AdapterID> {
        let waiting = oracle.count { Self.sets.members($0.set).contains(adapter) }
        #expect(queue.waiting(for: adapter) == waiting)
      }
      let wanted = (0..<4).map { _ in random.index(below: 2) == 0 }
      let first = oracle.lazy
        .compactMap { waiter in
          Self.sets.members(waiter.set).first { wanted[Int($0)] }
        }
        .first
      #expect(queue.firstMember { wanted[Int($0)] } == first)
    }
    var rest: [Int32] = []
    queue.removeAll { rest.append($0) }
    #expect(rest.sorted() == oracle.map(\.slot).sorted())
    #expect(queue.count == 0 && queue.next == nil)
    queue.removeNext()
    queue.parkNext()
    #expect(queue.count == 0)
  }

  /// Whose turn would have come before, had nobody been passed over: in a long queue by a tree of
  /// places, in a short one or one with priorities by counting.
  @Test(arguments: 0..<20) func countsThoseWhoWerePassedOver(_ seed: UInt64) {
    var random = RandomStream(seed: seed, purpose: "queue.places")
    var queue = WaitingQueue(sets: Self.sets, adapters: 4)
    var oracle: [Waiter] = []
    var parked: Set<AdapterSetID> = []
    var front = 0
    var back = 0
    var slots: Int32 = 0
    let appends = [3, 6, 12][Int(seed % 3)]
    for _ in 0..<3000 {
      let set = AdapterSetID(random.index(below: Self.sets.count))
      switch random.index(below: 8 + appends) {
      case 0:
        front -= 1
        queue.prepend(slots, set: set)
        oracle.append(Waiter(slot: slots, set: set, major: .min, minor: front))
        slots += 1
      case 1...3:
        guard let next = queue.next else { continue }
        queue.removeNext()
        let gone = oracle.remove(at: oracle.firstIndex { $0.slot == next.slot } ?? 0)
        #expect(queue.parked(before: next.slot) == passedOver(gone, oracle, parked))
      case 4, 5:
        guard let next = queue.next else { continue }
        queue.parkNext()
        parked.insert(next.set)
      case 6, 7:
        queue.unpark()
        parked = []
      default:
        let key = seed % 4 == 0 ? Int64(random.index(below: 3)) : 0
        back += 1
        queue.append(slots, set: set, key: key)
        oracle.append(Waiter(slot: slots, set: set, major: key, minor: back))
        slots += 1
      }
      guard let next = queue.next, let first = oracle.first(where: { $0.slot == next.slot })
      else { continue }
      #expect(queue.parked(before: next.slot) == passedOver(first, oracle, parked))
    }
  }

  private func passedOver(
    _ waiter: Waiter, _ all: [Waiter], _ parked: Set<AdapterSetID>
  ) -> Int {
    all.count {
      parked.contains($0.set) && ($0.major, $0.minor) < (waiter.major, waiter.minor)
    }
  }
}

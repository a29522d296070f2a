import Primitives
import Testing

@testable import Orchestration

@Suite struct IndexListTests {
  private func elements(_ list: borrowing IndexList) -> [Int32] {
    var found: [Int32] = []
    var index = list.first
    while index != IndexList.none {
      found.append(index)
      index = list.older(than: index)
    }
    return found
  }

  private func reversed(_ list: borrowing IndexList) -> [Int32] {
    var found: [Int32] = []
    var index = list.last
    while index != IndexList.none {
      found.append(index)
      index = list.newer(than: index)
    }
    return found
  }

  @Test(arguments: 0..<10) func behavesAsAnArray(_ seed: UInt64) {
    var random = RandomStream(seed: seed, purpose: "indexlist")
    var list = IndexList(capacity: 4)
    var oracle: [Int32] = []
    var capacity = 4
    for _ in 0..<300 {
      let index = Int32(random.index(below: capacity))
      switch random.index(below: 6) {
      case 0 where !oracle.contains(index):
        list.pushFirst(index)
        oracle.insert(index, at: 0)
      case 1 where !oracle.contains(index):
        list.pushLast(index)
        oracle.append(index)
      case 2 where oracle.contains(index):
        list.remove(index)
        oracle.removeAll { $0 == index }
      case 3 where oracle.contains(index):
        list.moveFirst(index)
        oracle.removeAll { $0 == index }
        oracle.insert(index, at: 0)
      case 4 where capacity < 12:
        capacity += 1
        list.grow(to: capacity)
      default: break
      }
      #expect(elements(list) == oracle)
      #expect(reversed(list) == oracle.reversed())
      #expect(list.count == oracle.count)
      #expect((0..<Int32(capacity)).allSatisfy { list.contains($0) == oracle.contains($0) })
    }
  }

  @Test func theOldestThatIsNotPinned() {
    var list = IndexList(capacity: 3)
    var pins = PinTable(count: 3)
    #expect(list.oldest(sparing: pins) == nil)
    for index in 0..<3 as Range<Int32> { list.pushFirst(index) }
    #expect(list.oldest(sparing: pins) == 0)
    _ = pins.pin(0)
    #expect(list.oldest(sparing: pins) == 1)
    _ = pins.pin(1)
    _ = pins.pin(2)
    #expect(list.oldest(sparing: pins) == nil)
    _ = pins.unpin(1)
    #expect(list.oldest(sparing: pins) == 1)
  }
}

@Suite struct PinTableTests {
  @Test func countsUsers() {
    var pins = PinTable(count: 2)
    let first = pins.pin(1)
    let second = pins.pin(1)
    #expect(first && !second)
    #expect(pins.users(1) == 2 && pins.isPinned(1) && !pins.isPinned(0) && pins.pinned == 1)
    let notLast = pins.unpin(1)
    let last = pins.unpin(1)
    #expect(!notLast && last)
    #expect(!pins.isPinned(1) && pins.pinned == 0)
  }
}

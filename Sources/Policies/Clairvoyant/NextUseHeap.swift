import BasicContainers
import Orchestration

/// Residents ordered by their next use, farthest first: an indexed binary heap.
///
/// Which of two equal adapters comes first follows from the moves alone: one moves up past a smaller
/// one only, the larger of two children moves up and of equal ones the left, a changed one moves up
/// if it grew and else down. libCacheSim's Belady breaks its many ties among "never again" this way.
///
/// - Complexity: O(log n) for changes; finding a victim looks past pinned adapters only.
struct NextUseHeap: ~Copyable, Sendable {
  struct Slot: BitwiseCopyable {
    var next: Int32
    var adapter: AdapterID
  }

  private var slots: UniqueArray<Slot>
  private var places: UniqueArray<Int32>

  init(count: Int) {
    slots = UniqueArray(minimumCapacity: count)
    places = UniqueArray(repeating: -1, count: count)
  }

  mutating func insert(_ adapter: AdapterID, next: Int32) {
    slots.append(Slot(next: next, adapter: adapter))
    siftUp(Slot(next: next, adapter: adapter), from: slots.count - 1)
  }

  mutating func change(_ adapter: AdapterID, to next: Int32) {
    let place = Int(places[Int(adapter)])
    let slot = Slot(next: next, adapter: adapter)
    if slots[place].next < next { siftUp(slot, from: place) } else { siftDown(slot, from: place) }
  }

  mutating func remove(_ adapter: AdapterID) {
    let place = Int(places[Int(adapter)])
    let removed = slots[place]
    places[Int(adapter)] = -1
    let last = slots.removeLast()
    guard place < slots.count else { return }
    if removed.next < last.next { siftUp(last, from: place) } else { siftDown(last, from: place) }
  }

  /// The adapter that is needed last of those that are not pinned.
  func farthest(sparing pins: borrowing PinTable) -> AdapterID? {
    guard slots.count > 0 else { return nil }
    if !pins.isPinned(slots[0].adapter) { return slots[0].adapter }
    // Best-first over the heap's tree: children are worth a look only below a pinned parent.
    var frontier = [0]
    while let (index, place) = frontier.enumerated().max(by: { precedes($1.1, $0.1) }) {
      if !pins.isPinned(slots[place].adapter) { return slots[place].adapter }
      frontier.remove(at: index)
      for child in [2 * place + 1, 2 * place + 2] where child < slots.count {
        frontier.append(child)
      }
    }
    return nil
  }

  private func precedes(_ a: Int, _ b: Int) -> Bool {
    slots[a].next == slots[b].next ? a < b : slots[a].next > slots[b].next
  }

  private mutating func siftUp(_ slot: Slot, from start: Int) {
    var place = start
    while place > 0 {
      let parent = (place - 1) / 2
      guard slots[parent].next < slot.next else { break }
      put(slots[parent], at: place)
      place = parent
    }
    put(slot, at: place)
  }

  private mutating func siftDown(_ slot: Slot, from start: Int) {
    var place = start
    while 2 * place + 1 < slots.count {
      var child = 2 * place + 1
      if child + 1 < slots.count, slots[child].next < slots[child + 1].next { child += 1 }
      guard slot.next < slots[child].next else { break }
      put(slots[child], at: place)
      place = child
    }
    put(slot, at: place)
  }

  private mutating func put(_ slot: Slot, at place: Int) {
    slots[place] = slot
    places[Int(slot.adapter)] = Int32(place)
  }
}

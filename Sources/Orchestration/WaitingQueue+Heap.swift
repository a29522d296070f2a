import BasicContainers
import Primitives

// The heap of sets.
extension WaitingQueue {
  mutating func pushToHeap(_ set: AdapterSetID) {
    heap.append(set)
    lines[Int(set)].place = Int32(heap.count - 1)
    siftUp(heap.count - 1)
  }

  mutating func removeFromHeap(_ set: AdapterSetID) {
    let place = Int(lines[Int(set)].place)
    lines[Int(set)].place = -1
    let moved = heap.removeLast()
    guard moved != set else { return }
    heap[place] = moved
    lines[Int(moved)].place = Int32(place)
    siftDown(place)
    siftUp(Int(lines[Int(moved)].place))
  }

  private func isBefore(_ a: AdapterSetID, _ b: AdapterSetID) -> Bool {
    let (one, other) = (lines[Int(a)], lines[Int(b)])
    return one.rank != other.rank
      ? one.rank < other.rank : entries[Int(one.first)].key < entries[Int(other.first)].key
  }

  mutating func siftUp(_ start: Int) {
    var place = start
    while place > 0 {
      let parent = (place - 1) / 2
      guard isBefore(heap[place], heap[parent]) else { return }
      swapPlaces(place, parent)
      place = parent
    }
  }

  mutating func siftDown(_ start: Int) {
    var place = start
    while true {
      var least = place
      for child in [2 * place + 1, 2 * place + 2] where child < heap.count {
        if isBefore(heap[child], heap[least]) { least = child }
      }
      guard least != place else { return }
      swapPlaces(place, least)
      place = least
    }
  }

  private mutating func swapPlaces(_ a: Int, _ b: Int) {
    heap.swapAt(a, b)
    lines[Int(heap[a])].place = Int32(a)
    lines[Int(heap[b])].place = Int32(b)
  }
}

import Primitives

/// Events by time, and at the same time in the order in which they were added: a 4-ary heap of
/// single integers, so that a comparison is one instruction and an event is not an object.
struct EventQueue: ~Copyable {
  /// 64 bits of time, 40 of order, 24 of payload.
  private var heap: [UInt128] = []
  private var order: UInt64 = 0

  static let payloadLimit = 1 << 24

  var isEmpty: Bool { heap.isEmpty }

  /// The time of the next event; `.max` if there is none.
  var nextTime: Nanoseconds { heap.first.map { Nanoseconds(truncatingIfNeeded: $0 >> 64) } ?? .max }

  /// The payload of the next event.
  var nextPayload: Int? { heap.first.map { Int($0 & 0xff_ffff) } }

  /// Adds an event. `time` must not be negative and `payload` must be below ``payloadLimit``.
  mutating func push(_ payload: Int, at time: Nanoseconds) {
    precondition(time >= 0 && payload >= 0 && payload < EventQueue.payloadLimit)
    order &+= 1
    let key =
      UInt128(UInt64(time)) << 64 | UInt128(order & 0xff_ffff_ffff) << 24 | UInt128(payload)
    heap.append(key)
    var place = heap.count - 1
    unsafe heap.withUnsafeMutableBufferPointer { heap in
      while place > 0 {
        let parent = (place - 1) / 4
        guard unsafe key < heap[parent] else { break }
        unsafe heap[place] = heap[parent]
        place = parent
      }
      unsafe heap[place] = key
    }
  }

  /// Takes the next event out.
  mutating func removeNext() {
    guard let last = heap.popLast(), !heap.isEmpty else { return }
    unsafe heap.withUnsafeMutableBufferPointer { heap in
      let count = heap.count
      var place = 0
      while true {
        let first = 4 * place + 1
        guard first < count else { break }
        var least = first
        for child in first + 1..<max(first + 1, min(first + 4, count))
        where unsafe heap[child] < heap[least] { least = child }
        guard unsafe heap[least] < last else { break }
        unsafe heap[place] = heap[least]
        place = least
      }
      unsafe heap[place] = last
    }
  }
}

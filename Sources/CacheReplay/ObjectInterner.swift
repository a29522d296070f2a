import BasicContainers
import Orchestration

/// Gives objects dense indices, in the order in which they first come: an open-addressing table
/// with linear probing, never more than half full.
///
/// What a request needs of an object stands in one slot, so that a request costs one cache line.
/// The popular objects come early and so stand where their hash says; ``find(_:)`` looks only there,
/// without a branch, so that the loads of many requests are under way at once.
struct ObjectInterner: ~Copyable {
  struct Slot: BitwiseCopyable {
    var key: UInt64
    /// The index, or ``absent``.
    var object: AdapterID
    /// The size that its first request gives.
    var bytes: UInt32
  }

  /// No object.
  static let absent: AdapterID = -1
  private static let empty = Slot(key: 0, object: absent, bytes: 0)

  private var slots: UniqueArray<Slot>
  private var shift: UInt64
  /// The key of each object.
  private(set) var keys: [UInt64] = []
  /// The first size of each.
  private(set) var bytes: [UInt32] = []

  init() {
    slots = UniqueArray(repeating: Self.empty, count: 1 << 12)
    shift = 64 - 12
  }

  /// The slot where an object's search begins. Keys are often multiples of a block's size: the two
  /// halves of a full product, added, spread them.
  private func home(_ key: UInt64) -> Int {
    let product = (key ^ 0x9e37_79b9_7f4a_7c15).multipliedFullWidth(by: 0xd6e8_feb8_6659_fd93)
    return Int((product.high ^ product.low) >> shift)
  }

  /// The slot of an object if it is the first one looked at; else one whose object is absent.
  func find(_ key: UInt64) -> Slot {
    var slot = slots[home(key)]
    slot.object = slot.key == key ? slot.object : Self.absent
    return slot
  }

  /// The slot of an object, which is added if it is new; nil where no more can be numbered.
  mutating func intern(_ key: UInt64, bytes size: UInt32) -> Slot? {
    var place = home(key)
    while slots[place].object != Self.absent {
      if slots[place].key == key { return slots[place] }
      place = (place + 1) & (slots.count - 1)
    }
    guard keys.count < Int(Int32.max) else { return nil }
    let slot = Slot(key: key, object: AdapterID(keys.count), bytes: size)
    slots[place] = slot
    keys.append(key)
    bytes.append(size)
    if 2 * keys.count > slots.count { grow() }
    return slot
  }

  private mutating func grow() {
    slots = UniqueArray(repeating: Self.empty, count: 2 * slots.count)
    shift -= 1
    for (index, key) in keys.enumerated() {
      var place = home(key)
      while slots[place].object != Self.absent { place = (place + 1) & (slots.count - 1) }
      slots[place] = Slot(key: key, object: AdapterID(index), bytes: bytes[index])
    }
  }
}

import Primitives

/// The order in which objects were last touched: marks in a window of time slots that is compacted
/// whenever it is full, so that memory follows the objects and not the trace.
///
/// - Complexity: O(log m) a touch, amortised, for m objects.
public struct RecencyStack: Sendable {
  private let weights: [Int64]?
  private var lastSlot: [Int32]
  private var owner: [Int32]
  private var marks: FenwickTree
  private var nextSlot = 0
  /// The weight of all objects that were touched.
  private var live: Int64 = 0

  /// Nothing touched yet of objects `0..<objects`.
  /// - Parameter weights: what each object counts; 1 where nil.
  public init(objects: Int, weights: [Int64]? = nil) {
    let capacity = max(1024, 4 * objects)
    self.weights = weights
    lastSlot = Array(repeating: -1, count: objects)
    owner = Array(repeating: -1, count: capacity)
    marks = FenwickTree(count: capacity)
  }

  /// Touches an object; returns its stack distance, or nil the first time: the weight of all
  /// objects touched since it was, itself included.
  public mutating func distance(touching object: Int32) -> Int? {
    if nextSlot == owner.count { compact() }
    let last = Int(lastSlot[Int(object)])
    let weight = weights?[Int(object)] ?? 1
    var distance: Int?
    if last >= 0 {
      distance = Int(live + weight) - marks.sum(through: last)
      marks.add(-weight, at: last)
      owner[last] = -1
    } else {
      live += weight
    }
    marks.add(weight, at: nextSlot)
    owner[nextSlot] = object
    lastSlot[Int(object)] = Int32(nextSlot)
    nextSlot += 1
    return distance
  }

  private mutating func compact() {
    var packed: [Int64] = []
    for slot in owner.indices where owner[slot] >= 0 {
      let object = owner[slot]
      owner[slot] = -1
      owner[packed.count] = object
      lastSlot[Int(object)] = Int32(packed.count)
      packed.append(weights?[Int(object)] ?? 1)
    }
    marks = FenwickTree(count: owner.count, beginning: packed)
    nextSlot = packed.count
  }
}

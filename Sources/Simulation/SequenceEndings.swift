import BasicContainers

/// The sequences of a replica by the step in which they end.
struct SequenceEndings: ~Copyable {
  var queue = EventQueue()
  /// The step count at which the sequence in a slot ends; older entries of the queue are stale.
  var ends = UniqueArray<Int64>(minimumCapacity: 64)

  mutating func add(_ slot: Int32, at step: Int64) {
    while ends.count <= Int(slot) { ends.append(-1) }
    ends[Int(slot)] = step
    queue.push(Int(slot), at: step)
  }
}

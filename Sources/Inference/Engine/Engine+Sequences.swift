import Primitives

extension Engine {
  /// Begins a sequence. It takes pages as it grows.
  /// - Parameter adapters: loaded ones, at most four, whose updates are added in this order; none
  ///   for the base model.
  /// - Throws: `PitwallError` (usage) for an adapter that is not loaded: a missing adapter is never
  ///   the base model; (unavailable) where there are as many sequences as the engine takes.
  public func begin(adapters: [AdapterUse] = [], sampling: Sampling = .greedy) throws -> SequenceID
  {
    try sampling.validate()
    guard adapters.count <= AdapterList.limit else {
      throw PitwallError(.usage, "a sequence has at most \(AdapterList.limit) adapters")
    }
    var list = AdapterList()
    for use in adapters {
      guard let place = places[use.id], use.weight.isFinite else {
        throw PitwallError(.usage, "adapter \(use.id) is not loaded")
      }
      list.append(place, weight: use.weight)
    }
    guard let slot = freeSlots.popLast() else {
      throw PitwallError(.unavailable, "there are \(sequences.count) sequences already")
    }
    for index in 0..<list.count { forward.adapters[Int(list.places[index])]?.users += 1 }
    var state = SequenceState()
    state.generation = sequences[slot].generation + 1
    state.isLive = true
    state.adapters = list
    state.sampling = sampling
    state.random = RandomStream(seed: sampling.seed, purpose: "sampling")
    sequences[slot] = state
    outputs[slot] = -1
    return SequenceID(slot: slot, generation: state.generation)
  }

  /// Ends a sequence and frees its pages.
  /// - Throws: `PitwallError` (usage) for one that has ended.
  public func end(_ id: SequenceID) throws {
    let slot = try slot(of: id)
    for block in 0..<sequences[slot].pages { pool.give(tables[slot, block]) }
    let list = sequences[slot].adapters
    for index in 0..<list.count { forward.adapters[Int(list.places[index])]?.users -= 1 }
    sequences[slot].isLive = false
    freeSlots.append(slot)
  }

  /// Pages that a sequence has.
  public func pages(of id: SequenceID) throws -> Int { sequences[try slot(of: id)].pages }

  func slot(of id: SequenceID) throws -> Int {
    guard sequences.indices.contains(id.slot), sequences[id.slot].isLive,
      sequences[id.slot].generation == id.generation
    else { throw PitwallError(.usage, "the sequence has ended") }
    return id.slot
  }
}

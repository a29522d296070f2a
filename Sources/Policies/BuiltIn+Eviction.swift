import Orchestration

extension PolicyRegistry {
  /// The eviction policies that ship, simplest first. Each is described in its own file.
  static let builtInEviction: [EvictionEntry] = [
    .lru, .fifo, .lfu, .gdsf,
    // Cost-aware.
    .greedyDual, .greedyDualSize, .gdFreq, .faasCache, .landlord,
    // Of serving systems.
    .queueProtect, .lorax, .chameleon, .fastLibra, .ttl,
  ]
}

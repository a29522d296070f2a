import Orchestration

extension PolicyRegistry {
  /// The eviction policies that ship. Each is described in its own file.
  static let builtInEviction: [EvictionEntry] = [
    // Of recency and order.
    .lru, .fifo, .mru, .clock, .sieve, .slru, .twoQ, .s3FIFO, .lruK, .lirs, .clockPro,
    .srLRU,
    // Of frequency.
    .lfu, .lfuDA, .crLFU, .hyperbolic, .lhd, .wTinyLFU,
    // That adapt.
    .arc, .car, .lecar, .cacheus,
    // Of size and cost.
    .largestFirst, .gdsf, .greedyDual, .greedyDualSize, .gdFreq, .faasCache, .landlord,
    // Of serving systems.
    .queueProtect, .lorax, .chameleon, .fastLibra, .ttl,
    // What the others are held against.
    .random,
    // Bounds: they know the future.
    .belady, .beladySize, .beladyCost,
  ]
}

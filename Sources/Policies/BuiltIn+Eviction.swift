import Orchestration

extension PolicyRegistry {
  /// The eviction policies that ship, simplest first. Each is described in its own file.
  static let builtInEviction: [EvictionEntry] = [
    .lru, .fifo, .lfu, .gdsf,
    .clock, .sieve, .s3FIFO, .slru, .twoQ, .lfuDA, .lruK, .mru, .largestFirst,
    .random, .hyperbolic, .arc, .lirs, .lhd,
    .belady, .beladySize, .beladyCost,
  ]
}

/// The random numbers that libCacheSim draws: Lehmer's generator with 128 bits of state, of which
/// each draw gives the high 64.
///
/// P. L'Ecuyer, "Tables of linear congruential generators of different sizes and good lattice
/// structure", Mathematics of Computation 68, 1999 (the multiplier).
struct Lehmer: RandomNumberGenerator, Sendable {
  private var state: UInt128

  /// A stream of its own for each seed; 0 would stay 0, so it counts as 1.
  init(seed: UInt64) { state = UInt128(max(1, seed)) }

  mutating func next() -> UInt64 {
    state &*= 0xda94_2042_e4dd_58b5
    return UInt64(truncatingIfNeeded: state >> 64)
  }
}

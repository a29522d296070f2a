import Foundation

/// The numbers that Python programs get from numpy's global generator after `numpy.random.seed`,
/// to the bit: published workloads were drawn from it, so they can be had again, luck and all.
///
/// M. Matsumoto and T. Nishimura, "Mersenne Twister", ACM TOMACS 8(1), 1998; the distributions are
/// those of `numpy/random/src/legacy/legacy-distributions.c`, which numpy promises not to change.
struct NumpyRandom {
  private static let size = 624
  private var state: [UInt32]
  private var position = size

  /// As `numpy.random.seed(seed)` leaves it.
  init(seed: UInt32) {
    state = [seed]
    state.reserveCapacity(Self.size)
    for index in 1..<UInt32(Self.size) {
      let last = state[state.count - 1]
      state.append(1_812_433_253 &* (last ^ last >> 30) &+ index)
    }
  }

  /// 32 random bits.
  mutating func bits() -> UInt32 {
    if position == Self.size { twist() }
    var word = state[position]
    position += 1
    word ^= word >> 11
    word ^= word << 7 & 0x9d2c_5680
    word ^= word << 15 & 0xefc6_0000
    return word ^ word >> 18
  }

  private mutating func twist() {
    for index in 0..<Self.size {
      let joined =
        state[index] & 0x8000_0000 | state[(index + 1) % Self.size] & 0x7fff_ffff
      state[index] =
        state[(index + 397) % Self.size] ^ joined >> 1 ^ (joined & 1) &* 0x9908_b0df
    }
    position = 0
  }

  /// `random_sample`: from 0, below 1.
  mutating func uniform() -> Double {
    let high = Double(bits() >> 5)
    return (high * 67_108_864 + Double(bits() >> 6)) / 9_007_199_254_740_992
  }

  /// `standard_exponential`.
  mutating func exponential() -> Double { -log(1 - uniform()) }

  /// `power(alpha)`: density alpha x^(alpha - 1) on [0, 1].
  mutating func power(_ alpha: Double) -> Double { pow(1 - exp(-exponential()), 1 / alpha) }

  /// `randint(low, high)`: below the upper bound.
  /// - Precondition: the range is not empty and less than 2^32 wide.
  mutating func integer(in range: Range<Int>) -> Int {
    let width = UInt32(range.count - 1)
    guard width > 0 else { return range.lowerBound }
    let mask = UInt32.max >> UInt32(width.leadingZeroBitCount)
    while true {
      let drawn = bits() & mask
      if drawn <= width { return range.lowerBound + Int(drawn) }
    }
  }

  /// `standard_gamma(shape)`, for shapes from above 0 to 1: J. H. Ahrens and U. Dieter, "Computer
  /// methods for sampling from gamma, beta, Poisson and binomial distributions", Computing 12, 1974.
  mutating func gamma(shape: Double) -> Double {
    if shape == 1 { return exponential() }
    while true {
      let drawn = uniform()
      let limit = exponential()
      if drawn <= 1 - shape {
        let value = pow(drawn, 1 / shape)
        if value <= limit { return value }
      } else {
        let rest = -log((1 - drawn) / shape)
        let value = pow(1 - shape + shape * rest, 1 / shape)
        if value <= limit + rest { return value }
      }
    }
  }
}

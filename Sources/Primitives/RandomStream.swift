/// A stream of random numbers named by what it is for.
///
/// Two streams with the same (seed, purpose, entity) give the same numbers in every process, on
/// every thread and whatever other streams do. That is what lets two policies see the same luck
/// (common random numbers).
public struct RandomStream: RandomNumberGenerator, Sendable {
  private let key: SIMD2<UInt32>
  private let entity: UInt64
  private var block: UInt64 = 0
  private var spare: UInt64 = 0
  private var hasSpare = false

  /// - Parameters:
  ///   - seed: the run's seed.
  ///   - purpose: what the numbers decide, such as `"arrivals"`; a different purpose is a
  ///     different, independent stream.
  ///   - entity: which of many (an adapter, a tenant), 0 where there is only one.
  public init(seed: UInt64, purpose: String, entity: UInt64 = 0) {
    let mixed = RandomStream.mix(seed ^ RandomStream.hash(purpose))
    key = SIMD2(UInt32(truncatingIfNeeded: mixed), UInt32(truncatingIfNeeded: mixed >> 32))
    self.entity = entity
  }

  /// The stream with the same seed and purpose of another entity, from its beginning.
  public func entity(_ entity: UInt64) -> RandomStream { RandomStream(key: key, entity: entity) }

  private init(key: SIMD2<UInt32>, entity: UInt64) {
    self.key = key
    self.entity = entity
  }

  public mutating func next() -> UInt64 {
    if hasSpare {
      hasSpare = false
      return spare
    }
    let counter = SIMD4<UInt32>(
      UInt32(truncatingIfNeeded: block), UInt32(truncatingIfNeeded: block >> 32),
      UInt32(truncatingIfNeeded: entity), UInt32(truncatingIfNeeded: entity >> 32))
    let bits = Philox.block(counter: counter, key: key)
    block &+= 1
    spare = UInt64(bits.z) | UInt64(bits.w) << 32
    hasSpare = true
    return UInt64(bits.x) | UInt64(bits.y) << 32
  }

  /// A number in [0, 1), with 53 random bits.
  public mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// A number in (0, 1]: safe to take the logarithm of.
  public mutating func uniformAboveZero() -> Double { Double((next() >> 11) + 1) * 0x1p-53 }

  /// An integer in `0..<count`, without bias; 0 where `count` is below 2.
  public mutating func index(below count: Int) -> Int {
    count < 2 ? 0 : Int.random(in: 0..<count, using: &self)
  }

  /// FNV-1a over the UTF-8 bytes: stable over processes, unlike `Hasher`.
  public static func hash(_ text: String) -> UInt64 {
    text.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3 }
  }

  /// SplitMix64's finaliser (Steele, Lea, Flood, OOPSLA'14): spreads nearby seeds far apart.
  public static func mix(_ value: UInt64) -> UInt64 {
    var z = value &+ 0x9e37_79b9_7f4a_7c15
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}

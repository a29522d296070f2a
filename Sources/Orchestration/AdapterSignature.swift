/// A fingerprint of a set of adapters that is kept up to date by one operation a change: two sets
/// that differ have different fingerprints, but for one chance in 2^64.
///
/// A. L. Zobrist, "A new hashing method with application for game playing", Univ. of Wisconsin 1970.
struct AdapterSignature {
  /// What sets of another kind are told apart by.
  private let salt: UInt64
  /// The fingerprint; 0 for the empty set.
  private(set) var value: UInt64 = 0

  init(salt: UInt64) { self.salt = salt }

  /// Puts an adapter into the set, or takes it out.
  mutating func toggle(_ adapter: AdapterID) {
    // The finalizer of SplitMix64 (G. Steele et al., OOPSLA 2014).
    var bits = (UInt64(UInt32(bitPattern: adapter)) &+ salt) &* 0x9e37_79b9_7f4a_7c15
    bits = (bits ^ (bits >> 30)) &* 0xbf58_476d_1ce4_e5b9
    bits = (bits ^ (bits >> 27)) &* 0x94d0_49bb_1331_11eb
    value ^= bits ^ (bits >> 31)
  }
}

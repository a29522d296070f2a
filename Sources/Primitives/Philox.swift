/// Philox4x32-10, a counter-based random function: the n-th block of a stream is a pure function
/// of (key, n), so draws do not depend on the order in which anything else is drawn.
///
/// J. K. Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3", SC'11.
enum Philox {
  /// One block of 128 random bits for a 128-bit counter under a 64-bit key.
  static func block(counter: SIMD4<UInt32>, key: SIMD2<UInt32>) -> SIMD4<UInt32> {
    var c = counter
    var k = key
    for _ in 0..<10 {
      let p0 = UInt64(c.x) &* 0xD251_1F53
      let p1 = UInt64(c.z) &* 0xCD9E_8D57
      c = SIMD4(
        UInt32(truncatingIfNeeded: p1 >> 32) ^ c.y ^ k.x, UInt32(truncatingIfNeeded: p1),
        UInt32(truncatingIfNeeded: p0 >> 32) ^ c.w ^ k.y, UInt32(truncatingIfNeeded: p0))
      k = SIMD2(k.x &+ 0x9E37_79B9, k.y &+ 0xBB67_AE85)
    }
    return c
  }
}

/// SHA-256 (FIPS 180-4), for digests of traces, configurations and results.
///
/// Our own because the package that has it costs more to build than the rest of Pitwall together.
public struct SHA256: Sendable {
  private static let constants: [64 of UInt32] = [
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
  ]

  private var state: [8 of UInt32] = [
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
  ]
  private var pending: [UInt8] = []
  private var length: UInt64 = 0

  /// An empty digest.
  public init() { pending.reserveCapacity(64) }

  /// Adds bytes.
  public mutating func update(_ bytes: some Sequence<UInt8>) {
    for byte in bytes { append(byte) }
  }

  /// Adds bytes that lie together, several times as fast as one by one.
  public mutating func update(_ bytes: RawSpan) {
    var offset = 0
    while offset < bytes.byteCount, !pending.isEmpty {
      unsafe append(bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self))
      offset += 1
    }
    let whole = (bytes.byteCount - offset) / 64 * 64
    for block in stride(from: offset, to: offset + whole, by: 64) {
      SHA256.compress(&state, bytes, at: block)
    }
    length &+= UInt64(whole)
    for index in offset + whole..<bytes.byteCount {
      unsafe append(bytes.unsafeLoad(fromByteOffset: index, as: UInt8.self))
    }
  }

  /// Adds text as UTF-8.
  public mutating func update(_ text: String) { update(text.utf8) }

  /// Adds an integer as eight little-endian bytes.
  public mutating func update(_ value: Int64) {
    for shift in stride(from: Int64(0), to: 64, by: 8) {
      append(UInt8(truncatingIfNeeded: value >> shift))
    }
  }

  /// The digest of everything added, as 64 lower-case hexadecimal digits.
  public func hexDigest() -> String {
    var copy = self
    let bits = length &* 8
    copy.append(0x80)
    while copy.pending.count != 56 { copy.append(0) }
    for shift in stride(from: 56, through: 0, by: -8) {
      copy.append(UInt8(truncatingIfNeeded: bits >> UInt64(shift)))
    }
    let digits = Array("0123456789abcdef")
    return String(
      copy.state.indices.flatMap { index in
        stride(from: 28, through: 0, by: -4).map {
          digits[Int(copy.state[index] >> UInt32($0) & 15)]
        }
      })
  }

  /// The digest of one text.
  public static func hex(_ text: String) -> String {
    var hash = SHA256()
    hash.update(text)
    return hash.hexDigest()
  }

  private mutating func append(_ byte: UInt8) {
    pending.append(byte)
    length &+= 1
    if pending.count == 64 {
      var next = state
      unsafe SHA256.compress(&next, pending.span.bytes, at: 0)
      state = next
      pending.removeAll(keepingCapacity: true)
    }
  }

  /// Mixes one block of 64 bytes into the state.
  private static func compress(_ state: inout [8 of UInt32], _ bytes: RawSpan, at offset: Int) {
    var schedule = [64 of UInt32](repeating: 0)
    for i in 0..<16 {
      let word = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset + 4 * i, as: UInt32.self)
      schedule[i] = word.bigEndian
    }
    for i in 16..<64 {
      let a = schedule[i - 15]
      let b = schedule[i - 2]
      let s0 = rotate(a, 7) ^ rotate(a, 18) ^ (a >> 3)
      let s1 = rotate(b, 17) ^ rotate(b, 19) ^ (b >> 10)
      schedule[i] = schedule[i - 16] &+ s0 &+ schedule[i - 7] &+ s1
    }
    var v = state
    for i in 0..<64 {
      let s1 = rotate(v[4], 6) ^ rotate(v[4], 11) ^ rotate(v[4], 25)
      let choice = (v[4] & v[5]) ^ (~v[4] & v[6])
      let t1 = v[7] &+ s1 &+ choice &+ constants[i] &+ schedule[i]
      let s0 = rotate(v[0], 2) ^ rotate(v[0], 13) ^ rotate(v[0], 22)
      let majority = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2])
      v[7] = v[6]
      v[6] = v[5]
      v[5] = v[4]
      v[4] = v[3] &+ t1
      v[3] = v[2]
      v[2] = v[1]
      v[1] = v[0]
      v[0] = t1 &+ s0 &+ majority
    }
    for i in 0..<8 { state[i] = state[i] &+ v[i] }
  }

  private static func rotate(_ value: UInt32, _ count: UInt32) -> UInt32 {
    value >> count | value << (32 - count)
  }
}

import Primitives
import Testing

/// Vectors of FIPS 180-4's examples and NIST's cryptographic algorithm validation programme.
@Suite struct SHA256Tests {
  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
    (
      "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqr"
        + "lmnopqrsmnopqrstnopqrstu",
      "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"
    ),
  ]) func published(_ text: String, _ digest: String) {
    #expect(SHA256.hex(text) == digest)
  }

  @Test func aMillionTimesA() {
    var hash = SHA256()
    let chunk = [UInt8](repeating: UInt8(ascii: "a"), count: 1000)
    for _ in 0..<1000 { hash.update(chunk.span.bytes) }
    #expect(
      hash.hexDigest() == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
  }

  /// However the bytes are cut into pieces, and whichever call takes them, the digest is the same.
  @Test func piecesDoNotMatter() {
    var random = RandomStream(seed: 1, purpose: "sha.pieces")
    for length in [0, 1, 55, 56, 57, 63, 64, 65, 119, 120, 127, 128, 129, 300] {
      let bytes = (0..<length).map { _ in UInt8(random.index(below: 256)) }
      var whole = SHA256()
      whole.update(bytes)
      for _ in 0..<5 {
        var pieces = SHA256()
        var rest = bytes[...]
        while !rest.isEmpty {
          let piece = Array(rest.prefix(1 + random.index(below: 130)))
          rest = rest.dropFirst(piece.count)
          if random.index(below: 2) == 0 {
            pieces.update(piece)
          } else {
            pieces.update(piece.span.bytes)
          }
        }
        #expect(pieces.hexDigest() == whole.hexDigest())
      }
    }
  }

  @Test func digestDoesNotEndTheHash() {
    var hash = SHA256()
    hash.update("ab")
    _ = hash.hexDigest()
    hash.update("c")
    #expect(hash.hexDigest() == SHA256.hex("abc"))
  }

  @Test func integersAreEightLittleEndianBytes() {
    var number = SHA256()
    number.update(Int64(0x0102_0304_0506_0708))
    var bytes = SHA256()
    bytes.update([8, 7, 6, 5, 4, 3, 2, 1] as [UInt8])
    #expect(number.hexDigest() == bytes.hexDigest())
  }
}

import Primitives
import Testing

@Suite struct SHA256Tests {
  /// FIPS 180-4's examples and NIST's test vectors.
  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
    (
      String(repeating: "a", count: 1_000_000),
      "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
    ),
  ])
  func publishedDigests(text: String, digest: String) {
    #expect(SHA256.hex(text) == digest)
    var whole = SHA256()
    whole.update(Array(text.utf8).span.bytes)
    #expect(whole.hexDigest() == digest)
  }

  /// However bytes are cut into pieces, at once or one by one.
  @Test func piecesDoNotMatter() {
    let bytes = (0..<700).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    var whole = SHA256()
    whole.update(bytes.span.bytes)
    for cut in [0, 1, 55, 56, 63, 64, 65, 128, 500, 700] {
      var pieces = SHA256()
      pieces.update(bytes[..<cut])
      pieces.update(Array(bytes[cut...]).span.bytes)
      #expect(pieces.hexDigest() == whole.hexDigest())
    }
  }
}

import Primitives

/// Kinds of damage that find what a parser forgot to check.
enum Damage {
  /// - Parameter more: what is spliced in beside what every format may have.
  static func apply(
    to bytes: [UInt8], header: Int, splicing more: [[UInt8]] = [], _ random: inout RandomStream
  ) -> [UInt8] {
    let words = Damage.words + more
    var bytes = bytes
    for _ in 0...random.index(below: 4) {
      guard !bytes.isEmpty else { break }
      let scope = random.index(below: 8) == 0 ? bytes.count : min(header, bytes.count)
      let at = random.index(below: scope)
      switch random.index(below: 8) {
      case 0: bytes[at] ^= 1 << UInt8(random.index(below: 8))
      case 1: bytes[at] = UInt8(truncatingIfNeeded: random.next())
      case 2: bytes.removeSubrange(at..<min(bytes.count, at + 1 + random.index(below: 9)))
      case 3: bytes.insert(contentsOf: words[random.index(below: words.count)], at: at)
      case 4: overwrite(&bytes, at, numbers[random.index(below: numbers.count)])
      case 5: bytes.removeSubrange(at...)
      case 6:
        let from = random.index(below: scope)
        let piece = bytes[from..<min(bytes.count, from + random.index(below: 200))]
        bytes.insert(contentsOf: Array(piece), at: at)
      default: changeDigits(&bytes, at, &random)
      }
    }
    return bytes
  }

  private static let words = [
    "{", "}", "[", "]", "\"", ",", ":", "null", "-1", "1e999", "9223372036854775807", "\\u",
    "\\ud800",
    "0", "18446744073709551616", "\u{0}", "é", "[[[[[[[[", "\"a\":1,", "1.5", "true",
  ].map { [UInt8]($0.utf8) }

  private static let numbers: [[UInt8]] = [
    0, 1, 31, 1 << 31, 1 << 32, 1 << 40, 1 << 62, 1 << 63, .max,
  ]
  .map { (value: UInt64) in (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }

  private static func overwrite(_ bytes: inout [UInt8], _ at: Int, _ value: [UInt8]) {
    for (offset, byte) in value.enumerated() where at + offset < bytes.count {
      bytes[at + offset] = byte
    }
  }

  /// Makes the next number in a text another one.
  private static func changeDigits(_ bytes: inout [UInt8], _ at: Int, _ random: inout RandomStream)
  {
    guard let first = bytes[at...].firstIndex(where: { (0x30...0x39).contains($0) }) else { return }
    bytes[first] = UInt8(0x30 + random.index(below: 10))
  }
}

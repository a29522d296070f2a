/// How names are written where punctuation has a meaning: `%`, `;`, `*`, `=`, `,`, `"`, the space
/// and control characters as `%XX`, everything else as it is.
enum PercentEncoding {
  /// The encoded form of a word.
  static func encode(_ text: String) -> String { encode(text, where: isSpecial) }

  /// The encoded form of the rest of a line: control characters and `%` only.
  static func encodeLine(_ text: String) -> String {
    encode(text) { $0 < 0x20 || $0 == 0x7f || $0 == UInt8(ascii: "%") }
  }

  private static func encode(_ text: String, where isSpecial: (UInt8) -> Bool) -> String {
    guard text.utf8.contains(where: isSpecial) else { return text }
    let digits = Array("0123456789ABCDEF".utf8)
    var result: [UInt8] = []
    for byte in text.utf8 {
      if isSpecial(byte) {
        result += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      } else {
        result.append(byte)
      }
    }
    return String(decoding: result, as: UTF8.self)
  }

  /// The text that was encoded; nil for a `%` without two hexadecimal digits, or if the result is
  /// not UTF-8.
  static func decode(_ text: some StringProtocol) -> String? {
    guard text.utf8.contains(UInt8(ascii: "%")) else { return String(text) }
    var result: [UInt8] = []
    var bytes = text.utf8.makeIterator()
    while let byte = bytes.next() {
      guard byte == UInt8(ascii: "%") else {
        result.append(byte)
        continue
      }
      guard let high = bytes.next().flatMap(hexValue), let low = bytes.next().flatMap(hexValue)
      else { return nil }
      result.append(high << 4 | low)
    }
    return String(validating: result, as: UTF8.self)
  }

  private static func isSpecial(_ byte: UInt8) -> Bool {
    switch byte {
    case 0...0x20, 0x7f: true
    case UInt8(ascii: "%"), UInt8(ascii: ";"), UInt8(ascii: "*"), UInt8(ascii: "="): true
    case UInt8(ascii: ","), UInt8(ascii: "\""): true
    default: false
    }
  }

  private static func hexValue(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    default: nil
    }
  }
}

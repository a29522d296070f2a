/// GPT-2's way to write any bytes as printable text: a character for each byte.
///
/// Printable Latin-1 bytes stand for themselves; the other 68 are written as the characters from
/// U+0100 on, in order (`bytes_to_unicode` in github.com/openai/gpt-2, src/encoder.py). So a space
/// is "Ġ" and a line feed "Ċ".
enum ByteAlphabet {
  /// Adds the bytes that a text in the alphabet stands for; those of its UTF-8 if it has a character
  /// that stands for no byte.
  static func append(_ text: Substring, to bytes: inout [UInt8]) {
    let start = bytes.count
    for scalar in text.unicodeScalars {
      let byte = scalar.value < valueBytes.count ? valueBytes[Int(scalar.value)] : -1
      guard byte >= 0 else {
        bytes.removeSubrange(start...)
        bytes += text.utf8
        return
      }
      bytes.append(UInt8(byte))
    }
  }

  /// The text that stands for bytes.
  static func text(of bytes: some Sequence<UInt8>) -> String {
    var text = ""
    for byte in bytes { text.unicodeScalars.append(scalars[Int(byte)]) }
    return text
  }

  /// The character of each byte.
  static let scalars: [Unicode.Scalar] = {
    var next: UInt16 = 256
    return (UInt8.min...UInt8.max).map { byte in
      if isPrintable(byte) { return Unicode.Scalar(byte) }
      defer { next += 1 }
      return Unicode.Scalar(next) ?? Unicode.Scalar(byte)
    }
  }()

  /// The byte of each character, by its value; -1 for those of none.
  private static let valueBytes: [Int16] = {
    var table = [Int16](repeating: -1, count: 256 + 68)
    for (byte, scalar) in scalars.enumerated() { table[Int(scalar.value)] = Int16(byte) }
    return table
  }()

  private static func isPrintable(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x21...0x7e, 0xa1...0xac, 0xae...0xff: true
    default: false
    }
  }
}

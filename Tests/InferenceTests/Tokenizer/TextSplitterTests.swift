import Foundation
import Primitives
import Testing

@testable import Inference

struct TextSplitterTests {
  private func pieces(_ text: String, _ splitter: TextSplitter) -> [String] {
    var pieces: [String] = []
    let bytes = Array(text.utf8)
    splitter.forEachPiece(of: ClassifiedText(text)) {
      pieces.append(String(decoding: bytes[$0], as: UTF8.self))
    }
    return pieces
  }

  @Test(arguments: [
    ("Hello world's  end", ["Hello", " world", "'s", " ", " end"]),
    ("a  12 34", ["a", " ", " 12", " 34"]), ("'re!'re", ["'re", "!'", "re"]),
    ("x \n\n y ", ["x", " \n\n", " y", " "]), ("½٣ 中文!?", ["½٣", " 中文", "!?"]), ("", []),
  ])
  func gpt2(text: String, expected: [String]) { #expect(pieces(text, .gpt2) == expected) }

  @Test(arguments: [
    ("a  12 34", ["a", "  ", "1", "2", " ", "3", "4"]), ("½٣ 中", ["½", "٣", " 中"]),
    ("'s1's", ["'s", "1", "'s"]),
  ])
  func smolLM(text: String, expected: [String]) { #expect(pieces(text, .smolLM) == expected) }

  @Test(arguments: [
    ("12345 'S", ["123", "45", " '", "S"]), ("it'LL do", ["it", "'LL", " do"]),
    ("a\n \n  b", ["a", "\n \n", " ", " b"]), ("\tx(y)\n\nz", ["\tx", "(y", ")\n\n", "z"]),
    ("  !\r\n  ", [" ", " !\r\n", "  "]), ("'\u{17f}", ["'\u{17f}"]),
  ])
  func llama3(text: String, expected: [String]) {
    #expect(pieces(text, .llama3(digits: 3)) == expected)
  }

  /// Against the regular expressions themselves, as ICU understands them.
  @Test(arguments: [
    (
      TextSplitter.gpt2,
      #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#
    ),
    (
      .llama3(digits: 3),
      #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|"#
        + #" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
    ),
  ])
  func splitsAsTheExpression(splitter: TextSplitter, pattern: String) throws {
    // ICU's \s is not Unicode's White_Space.
    let white = #"\x{9}-\x{d}\x{85}\p{Z}"#
    let exact = pattern.replacing(#"[^\s"#, with: "[^" + white)
      .replacing(#"\s"#, with: "[\(white)]").replacing(#"\S"#, with: "[^\(white)]")
    let expression = try NSRegularExpression(pattern: exact)
    let parts = [
      "a", "Z", "é", "e\u{301}", "中", "ß", "\u{17f}", " ", "  ", "\n", "\r", "\t", "\u{b}",
      "\u{85}",
      "\u{a0}", "\u{2003}", "\u{2028}", "\u{200b}", "\u{1c}", "0", "12", "٣", "½", "Ⅷ", "'", "'s",
      "'LL", "'Re",
      "!", "🚀", "\u{200d}", "_", "\u{0}",
    ]
    var random = RandomStream(seed: 7, purpose: "texts")
    for _ in 0..<3000 {
      let text = (0..<random.index(below: 16)).map { _ in parts[random.index(below: parts.count)] }
        .joined()
      // Matches may end within what Swift calls a character.
      let units = NSString(string: text)
      let matches = expression.matches(in: text, range: NSRange(0..<units.length))
      let expected = matches.map { units.substring(with: $0.range) }
      #expect(pieces(text, splitter) == expected, "\(Array(text.unicodeScalars))")
    }
  }
}

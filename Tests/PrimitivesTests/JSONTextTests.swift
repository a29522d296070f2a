import Foundation
import Primitives
import Testing

/// Foundation reads back what is written.
@Test func quotedTextIsJSON() throws {
  let scalars = (0..<0x250).compactMap(Unicode.Scalar.init) + ["\u{2028}", "\u{1f680}"]
  let text = String(String.UnicodeScalarView(scalars))
  let quoted = JSONText.quoted(text)
  #expect(!quoted.contains("\n"))
  let value = try JSONSerialization.jsonObject(
    with: Data(quoted.utf8), options: .fragmentsAllowed)
  #expect((value as? String)?.unicodeScalars.elementsEqual(scalars) == true)
}

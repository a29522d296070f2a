/// Just enough of an XML parser to be an oracle for our own output: checks nesting, and takes out
/// element names and the names of test cases, with entities resolved.
struct XMLCases {
  private(set) var isWellFormed = true
  private(set) var elements: [String] = []
  private(set) var names: [String] = []

  init(_ text: String) {
    var open: [String] = []
    var rest = Substring(text)
    while let start = rest.firstIndex(of: "<") {
      if !XMLCases.isPlain(rest[..<start]) { isWellFormed = false }
      rest = rest[rest.index(after: start)...]
      guard let end = rest.firstIndex(of: ">") else {
        isWellFormed = false
        return
      }
      let tag = rest[..<end]
      rest = rest[rest.index(after: end)...]
      if tag.hasPrefix("?") { continue }
      if tag.hasPrefix("/") {
        if open.popLast() != String(tag.dropFirst()) { isWellFormed = false }
        continue
      }
      let name = String(tag.prefix { $0 != " " && $0 != "/" })
      elements.append(name)
      if !tag.hasSuffix("/") { open.append(name) }
      // Quotes pair up, or a value has leaked out of its attribute.
      let parts = tag.split(separator: "\"", omittingEmptySubsequences: false)
      if parts.count % 2 == 0 { isWellFormed = false }
      for index in stride(from: 1, to: parts.count, by: 2) {
        if !XMLCases.isPlain(parts[index]) { isWellFormed = false }
        if name == "testcase", parts[index - 1] == " name=" {
          names.append(XMLCases.resolved(parts[index]))
        }
      }
    }
    if !open.isEmpty { isWellFormed = false }
  }

  /// Text without markup, in which every ampersand begins an entity.
  private static func isPlain(_ text: Substring) -> Bool {
    let pieces = text.split(separator: "&", omittingEmptySubsequences: false)
    let entities = ["lt;", "gt;", "amp;", "quot;", "apos;", "#"]
    return pieces.dropFirst().allSatisfy { piece in entities.contains { piece.hasPrefix($0) } }
      && !text.unicodeScalars.contains { $0.value < 0x20 && $0.value != 10 }
  }

  private static func resolved(_ text: Substring) -> String {
    [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")].reduce(
      String(text)
    ) { text, pair in
      text.split(separator: pair.0, omittingEmptySubsequences: false).joined(separator: pair.1)
    }
  }
}

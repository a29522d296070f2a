/// As much of an XML parser as tells whether a document is well-formed: elements nest, attributes
/// are quoted, names are not repeated within an element, references are known ones.
struct XMLReader {
  /// What is wrong, or nil.
  func problem(of text: String) -> String? {
    var open: [Substring] = []
    var rest = text[...]
    while let start = rest.firstIndex(of: "<") {
      if let problem = problem(ofContent: rest[..<start]) { return problem }
      rest = rest[start...]
      if rest.hasPrefix("<?") {
        guard let end = rest.firstRange(of: "?>") else { return "open instruction" }
        rest = rest[end.upperBound...]
        continue
      }
      guard let end = rest.firstIndex(of: ">") else { return "open tag" }
      let tag = rest[rest.index(after: start)..<end]
      rest = rest[rest.index(after: end)...]
      if tag.hasPrefix("/") {
        let name = tag.dropFirst().prefix { !$0.isWhitespace }
        guard open.popLast() == name else { return "</\(name)> closes nothing" }
        continue
      }
      let isEmpty = tag.hasSuffix("/")
      let name = tag.prefix { !$0.isWhitespace && $0 != "/" }
      if let problem = problem(ofAttributes: tag.dropFirst(name.count).dropLast(isEmpty ? 1 : 0)) {
        return "<\(name)>: \(problem)"
      }
      if !isEmpty { open.append(name) }
    }
    if let problem = problem(ofContent: rest) { return problem }
    return open.isEmpty ? nil : "<\(open[open.count - 1])> is not closed"
  }

  private func problem(ofAttributes text: Substring) -> String? {
    var rest = text.drop { $0.isWhitespace }
    var names: Set<Substring> = []
    while !rest.isEmpty {
      let name = rest.prefix { $0 != "=" && !$0.isWhitespace }
      guard names.insert(name).inserted else { return "\(name) twice" }
      rest = rest.dropFirst(name.count).drop { $0.isWhitespace }
      guard rest.first == "=" else { return "\(name) has no value" }
      rest = rest.dropFirst().drop { $0.isWhitespace }
      guard let quote = rest.first, quote == "\"" || quote == "'" else { return "\(name) unquoted" }
      rest = rest.dropFirst()
      guard let end = rest.firstIndex(of: quote) else { return "\(name) is not closed" }
      if let problem = problem(ofContent: rest[..<end]) { return problem }
      rest = rest[rest.index(after: end)...].drop { $0.isWhitespace }
    }
    return nil
  }

  private func problem(ofContent text: Substring) -> String? {
    for part in text.split(separator: "&", omittingEmptySubsequences: false).dropFirst() {
      let name = part.prefix { $0 != ";" }
      let isKnown = ["amp", "lt", "gt", "quot", "apos"].contains(String(name))
      let isNumber = name.hasPrefix("#") && name.dropFirst().allSatisfy(\.isNumber)
      guard part.count > name.count, isKnown || isNumber else { return "&\(name.prefix(20))" }
    }
    let isForbidden = text.unicodeScalars.contains { scalar in
      scalar.value < 0x20 && scalar != "\n" && scalar != "\t" && scalar != "\r"
    }
    return isForbidden ? "a control character" : nil
  }
}

/// Names from outside made fit for files and identifiers.
enum Slug {
  private static let longest = 40

  /// Lower-case ASCII letters and digits, everything else as single hyphens; `unnamed` where
  /// nothing is left.
  static func of(_ name: String) -> String {
    var slug = ""
    for scalar in name.lowercased().unicodeScalars {
      let isPlain = ("a"..."z").contains(scalar) || ("0"..."9").contains(scalar)
      if isPlain {
        slug.unicodeScalars.append(scalar)
      } else if !slug.isEmpty, !slug.hasSuffix("-") {
        slug += "-"
      }
      if slug.utf8.count >= longest { break }
    }
    while slug.hasSuffix("-") { slug.removeLast() }
    return slug.isEmpty ? "unnamed" : slug
  }
}

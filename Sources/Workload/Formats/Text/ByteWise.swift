/// Splitting text by bytes. `String` splits by characters, and a combining mark after a separator
/// makes one character of the two: a name may begin with such a mark, and must not hide a `;`.
extension String {
  /// The pieces between separators, empty ones too.
  func pieces(between separator: Unicode.Scalar, maxSplits: Int = .max) -> [String] {
    utf8.split(
      separator: UInt8(ascii: separator), maxSplits: maxSplits, omittingEmptySubsequences: false
    ).map { String(Substring($0)) }
  }

  /// What follows a prefix; nil if the text does not begin with it.
  func removing(prefix: String) -> String? {
    utf8.starts(with: prefix.utf8) ? String(Substring(utf8.dropFirst(prefix.utf8.count))) : nil
  }

  /// What stands before a suffix; nil if the text does not end with it.
  func removing(suffix: String) -> String? {
    utf8.reversed().starts(with: suffix.utf8.reversed())
      ? String(Substring(utf8.dropLast(suffix.utf8.count))) : nil
  }
}

/// Text for people, broken between words.
enum WrappedText {
  /// How wide a terminal is taken to be.
  static let width = 80

  /// A label and a text beside it, in lines that end with a newline. The text keeps to its own column,
  /// but for a first line that a long label pushes aside; a word that is too wide has its own line.
  static func labelled(_ label: String, _ text: String, column: Int) -> String {
    var finished = ""
    var line = label + String(repeating: " ", count: max(1, column - label.count))
    var isEmpty = true
    for word in text.split(whereSeparator: \.isWhitespace) {
      if !isEmpty, line.count + 1 + word.count > width {
        finished += line + "\n"
        line = String(repeating: " ", count: column)
        isEmpty = true
      }
      line += isEmpty ? "\(word)" : " \(word)"
      isEmpty = false
    }
    return finished + line + "\n"
  }
}

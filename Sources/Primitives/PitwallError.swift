/// The one error that Pitwall shows to a person: a code for the shell, the place, the cause.
///
/// Its text is a single line, `place: message`, with nothing of Swift in it:
/// `trace.csv:12: arrival_s: expected a number, found "abc"`.
public struct PitwallError: Error, Sendable, Equatable, CustomStringConvertible {
  /// Exit codes, after BSD's `sysexits.h`.
  public enum Code: Int32, Sendable {
    /// The command line is wrong (EX_USAGE).
    case usage = 64
    /// Data from outside is malformed: a trace, an experiment, a database (EX_DATAERR).
    case data = 65
    /// A file that was named does not exist or cannot be read (EX_NOINPUT).
    case noInput = 66
    /// A program or service that is needed is not there (EX_UNAVAILABLE).
    case unavailable = 69
    /// A fault of Pitwall's own: an invariant did not hold (EX_SOFTWARE).
    case fault = 70
    /// Writing failed: no permission, disk full (EX_IOERR).
    case inputOutput = 74
  }

  /// What the shell gets.
  public var code: Code
  /// Where: a file, `file:line`, `file:line:column` or a key; nil where there is no place to name.
  public var place: String?
  /// What is wrong, in one line.
  public var message: String

  /// Makes an error. In `message` and `place`, which may hold text from outside, newlines become
  /// spaces so that it stays one line, and other control characters, which a terminal might obey,
  /// U+FFFD.
  public init(_ code: Code, at place: String? = nil, _ message: String) {
    self.code = code
    self.place = place.map(PitwallError.oneLine)
    self.message = PitwallError.oneLine(message)
  }

  private static func oneLine(_ text: String) -> String {
    let characters = text.map { character -> Character in
      if character.isNewline { return " " }
      let isControl = character.unicodeScalars.contains {
        $0.properties.generalCategory == .control
      }
      return isControl ? "\u{fffd}" : character
    }
    return String(characters)
  }

  /// Malformed data at a line of a file.
  public static func data(_ file: String, line: Int? = nil, _ message: String) -> PitwallError {
    PitwallError(.data, at: line.map { "\(file):\($0)" } ?? file, message)
  }

  /// A broken invariant: our bug, not the user's.
  public static func fault(_ message: String) -> PitwallError { PitwallError(.fault, message) }

  /// `place: message`, cut short where text from outside makes it too long for a line.
  public var description: String {
    let text = place.map { "\($0): \(message)" } ?? message
    let rest = text.dropFirst(PitwallError.mostCharacters)
    return rest.isEmpty ? text : String(text[..<rest.startIndex]) + "..."
  }

  private static let mostCharacters = 1000
}

import Foundation

/// Standard error, where everything goes that is not a command's result.
enum Terminal {
  /// Whether a person is looking at standard error.
  static var isInteractive: Bool { isatty(STDERR_FILENO) == 1 }

  /// Writes text as it is. Nobody is told where it cannot be written.
  static func write(_ text: String) {
    try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
  }

  /// Writes a line.
  static func note(_ line: String) { write(line + "\n") }
}

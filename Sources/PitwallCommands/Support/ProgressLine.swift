import Foundation

/// How far something is, on standard error: one line that is written over on a terminal, a line
/// every ten seconds elsewhere.
struct ProgressLine {
  private let isShown: Bool
  private let isTerminal = Terminal.isInteractive
  private let start = Date()
  private var lastShown: Date
  private var isOpen = false

  init(isShown: Bool) {
    self.isShown = isShown
    lastShown = start
  }

  /// Seconds since the beginning.
  var elapsed: TimeInterval { Date().timeIntervalSince(start) }

  /// Shows what `text` makes, if the last line has been there for long enough.
  mutating func show(_ text: () -> String) {
    let now = Date()
    guard isShown, now.timeIntervalSince(lastShown) >= (isTerminal ? 0.1 : 10) else { return }
    lastShown = now
    Terminal.write(isTerminal ? "\r\u{1b}[K" + text() : text() + "\n")
    isOpen = isTerminal
  }

  /// Removes the line.
  mutating func clear() {
    if isOpen { Terminal.write("\r\u{1b}[K") }
    isOpen = false
  }

  /// `1:05 left`, as long as what is left takes at the rate so far.
  func timeLeft(done: Int, of all: Int) -> String {
    let rate = Double(done) / max(elapsed, 0.001)
    let left = rate > 0 ? Int((Double(all - done) / rate).rounded(.up)) : 0
    return "\(left / 60):\(left % 60 < 10 ? "0" : "")\(left % 60) left"
  }
}

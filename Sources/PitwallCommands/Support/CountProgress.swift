import Synchronization

/// How many of something are done, on standard error; and whether the rest is wanted.
final class CountProgress: Sendable {
  private struct State {
    var done = 0
    var isStopped = false
    var line: ProgressLine
  }

  private let count: Int
  private let what: String
  private let state: Mutex<State>

  /// - Parameters:
  ///   - count: how many there are.
  ///   - what: of what, in the plural.
  init(_ count: Int, of what: String, isShown: Bool) {
    self.count = count
    self.what = what
    state = Mutex(State(line: ProgressLine(isShown: isShown)))
  }

  /// One more is done. Returns false where the rest is not wanted.
  func advance() -> Bool {
    state.withLock { state in
      state.done += 1
      let (done, line) = (state.done, state.line)
      state.line.show { "\(done) of \(count) \(what), \(line.timeLeft(done: done, of: count))" }
      return !state.isStopped
    }
  }

  /// Ends it at the next opportunity.
  func stop() { state.withLock { $0.isStopped = true } }

  /// Removes the line.
  func clear() { state.withLock { $0.line.clear() } }
}

import Synchronization

/// How many experiments have been simulated, on standard error.
final class ExperimentCount: Sendable {
  private struct State {
    var done = 0
    var isStopped = false
    var line: ProgressLine
  }

  private let state: Mutex<State>

  init(isShown: Bool) { state = Mutex(State(line: ProgressLine(isShown: isShown))) }

  /// One more is done. Returns false where the rest is not wanted.
  func advance() -> Bool {
    state.withLock { state in
      state.done += 1
      let done = state.done
      state.line.show { "\(done) experiments simulated" }
      return !state.isStopped
    }
  }

  /// Ends it at the next opportunity.
  func stop() { state.withLock { $0.isStopped = true } }

  /// Removes the line.
  func clear() { state.withLock { $0.line.clear() } }
}

import Foundation

/// How far an experiment is, on standard error: one line that is written over on a terminal, a line
/// every ten seconds elsewhere.
struct RunProgress {
  private let runs: Int
  private let requests: Int
  private let isShown: Bool
  private let isTerminal = Terminal.isInteractive
  private let start = Date()
  private var finished: Int
  private var ended = 0
  private var inFlight: [String: Int] = [:]
  private var lastShown: Date
  private var isLineOpen = false

  /// - Parameters:
  ///   - runs: all runs.
  ///   - finished: of these, finished before.
  ///   - requests: in the runs that are left.
  init(runs: Int, finished: Int, requests: Int, isShown: Bool) {
    self.runs = runs
    self.finished = finished
    self.requests = requests
    self.isShown = isShown
    lastShown = start
  }

  /// So many requests of a run have ended.
  mutating func advance(_ run: String, to requests: Int) {
    inFlight[run] = requests
    showIfDue()
  }

  /// A run of so many requests has ended.
  mutating func finish(_ run: String, requests: Int) {
    inFlight[run] = nil
    ended += requests
    finished += 1
    showIfDue()
  }

  /// Removes the line.
  mutating func clear() {
    if isLineOpen { Terminal.write("\r\u{1b}[K") }
    isLineOpen = false
  }

  private mutating func showIfDue() {
    let now = Date()
    guard isShown, now.timeIntervalSince(lastShown) >= (isTerminal ? 0.1 : 10) else { return }
    lastShown = now
    let text = line(after: now.timeIntervalSince(start))
    Terminal.write(isTerminal ? "\r\u{1b}[K" + text : text + "\n")
    isLineOpen = isTerminal
  }

  private func line(after elapsed: TimeInterval) -> String {
    let done = ended + inFlight.values.reduce(0, +)
    let rate = Double(done) / max(elapsed, 0.001)
    let left = rate > 0 ? Int((Double(requests - done) / rate).rounded(.up)) : 0
    let seconds = left % 60
    return "\(finished) of \(runs) runs, \(done) of \(requests) requests, \(Int(rate)) a second, "
      + "\(left / 60):\(seconds < 10 ? "0" : "")\(seconds) left"
  }
}

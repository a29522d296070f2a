/// How far an experiment is, on standard error.
struct RunProgress {
  private let runs: Int
  private let requests: Int
  private var finished: Int
  private var ended = 0
  private var inFlight: [String: Int] = [:]
  private var line: ProgressLine

  /// - Parameters:
  ///   - runs: all runs.
  ///   - finished: of these, finished before.
  ///   - requests: in the runs that are left.
  init(runs: Int, finished: Int, requests: Int, isShown: Bool) {
    self.runs = runs
    self.finished = finished
    self.requests = requests
    line = ProgressLine(isShown: isShown)
  }

  /// So many requests of a run have ended.
  mutating func advance(_ run: String, to requests: Int) {
    inFlight[run] = requests
    show()
  }

  /// A run of so many requests has ended.
  mutating func finish(_ run: String, requests: Int) {
    inFlight[run] = nil
    ended += requests
    finished += 1
    show()
  }

  /// Removes the line.
  mutating func clear() { line.clear() }

  private mutating func show() {
    let (finished, ended, inFlight, line) = (finished, ended, inFlight, line)
    self.line.show {
      let done = ended + inFlight.values.reduce(0, +)
      let rate = Int(Double(done) / max(line.elapsed, 0.001))
      return "\(finished) of \(runs) runs, \(done) of \(requests) requests, \(rate) a second, "
        + line.timeLeft(done: done, of: requests)
    }
  }
}

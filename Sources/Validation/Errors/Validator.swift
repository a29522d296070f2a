import Primitives
import Results
import Synchronization

/// Predicts measured runs, several at a time, and puts the predictions beside the measurements.
public struct Validator: Sendable {
  /// Predicts one run with one seed, from its configuration alone.
  public typealias Predictor = @Sendable (MeasuredRun, UInt64) throws -> Prediction

  private let seeds: [UInt64]
  private let threads: Int
  private let predict: Predictor

  /// - Parameters:
  ///   - seeds: what predictions are means over; not empty.
  ///   - threads: runs at a time, at least 1. They change nothing but the time it takes.
  public init(seeds: [UInt64], threads: Int, predict: @escaping Predictor) {
    self.seeds = seeds
    self.threads = max(1, threads)
    self.predict = predict
  }

  /// Predicts every run.
  /// - Parameter finished: told how many runs are done; returns false to give up.
  /// - Returns: the runs in the order given, whatever the number of threads.
  /// - Throws: the first error of a prediction, with the run's number; `CancellationError` where
  ///   `finished` gives up.
  public func validate(
    _ runs: [MeasuredRun], finished: @escaping @Sendable (Int) -> Bool = { _ in true }
  ) async throws -> [ValidatedRun] {
    try await withThrowingTaskGroup(of: (Int, ValidatedRun).self) { tasks in
      var validated: [ValidatedRun?] = Array(repeating: nil, count: runs.count)
      var done = 0
      for index in runs.indices {
        if index >= threads, let (place, run) = try await tasks.next() {
          validated[place] = run
          done += 1
          guard finished(done) else { throw CancellationError() }
        }
        tasks.addTask { (index, try validate(runs[index])) }
      }
      while let (place, run) = try await tasks.next() {
        validated[place] = run
        done += 1
        guard finished(done) else { throw CancellationError() }
      }
      return validated.compactMap(\.self)
    }
  }

  /// Predicts one run with every seed.
  private func validate(_ run: MeasuredRun) throws -> ValidatedRun {
    let predictions = try seeds.map { seed in
      try Task.checkCancellation()
      do {
        return Observations(try predict(run, seed))
      } catch let error as PitwallError {
        throw PitwallError(error.code, at: error.place, "run \(run.number): \(error.message)")
      }
    }
    var validated = ValidatedRun(run)
    validated.predicted = Observations(meanOf: predictions)
    return validated
  }
}

extension Observations {
  /// What a prediction says. A server that does not start completes nothing.
  init(_ prediction: Prediction) {
    self.init()
    self[.starts] = prediction.starts ? 1 : 0
    self[.totalThroughput] = prediction.totalTokensPerSecond
    self[.completed] = Double(prediction.completed)
    guard prediction.starts else { return }
    self[.itlMean] = prediction.itlMean
    self[.ttftCompleted] = prediction.ttftMean
    self[.sent] = Double(prediction.sent)
    self[.running] = prediction.runningMean
    self[.waiting] = prediction.waitingMean
    self[.kvUsage] = prediction.kvUsageMean
    self[.preemptions] = Double(prediction.preemptions)
    self[.adapterLoads] = Double(prediction.adapterLoads)
    self[.adaptersInStep] = prediction.adaptersInStep
  }

  /// The mean of each quantity over those that have it.
  init(meanOf all: [Observations]) {
    self.init()
    for quantity in ValidationQuantity.allCases {
      let values = all.compactMap { $0[quantity] }
      if !values.isEmpty { self[quantity] = values.reduce(0, +) / Double(values.count) }
    }
  }
}

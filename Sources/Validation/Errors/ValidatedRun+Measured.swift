import Results

extension ValidatedRun {
  /// A measured run and one prediction of it.
  init(_ run: MeasuredRun, predicted: Prediction) {
    self.init(run)
    self.predicted = Observations(predicted)
  }

  /// A measured run of which nothing is predicted yet; what its file has of the published twin's
  /// predictions included. Where a run has two, that with arrivals of the twin's own is taken only
  /// if there is none that replays the run's.
  init(_ run: MeasuredRun) {
    self.init(
      number: run.number, model: run.model, family: run.family, group: run.group,
      regime: run.regime, slots: run.slots, slotRank: run.slotRank, adapters: run.adapters,
      offered: run.offered)
    if let status = run.status, status != .invalid { measured[.starts] = status == .ok ? 1 : 0 }
    if run.status == .ok, let values = run.measured { measured.add(values) }
    if let values = run.twinReplay ?? run.twinFromScratch {
      twin[.totalThroughput] = values.totalTokensPerSecond
      twin[.itlMean] = values.itlMean
      twin[.ttftCompleted] = values.ttftMean
      twin[.completed] = values.completed
    }
  }
}

extension Observations {
  fileprivate mutating func add(_ values: MeasuredRun.Measurements) {
    self[.totalThroughput] = values.totalTokensPerSecond
    self[.itlMean] = values.itlMean
    self[.ttftCompleted] = values.ttftMean
    self[.completed] = Double(values.completed)
    self[.sent] = values.sent
    self[.running] = values.runningMean
    self[.waiting] = values.waitingMean
    self[.kvUsage] = values.kvUsageMean
    self[.preemptions] = values.preemptions
    self[.adapterLoads] = values.adapterLoads
    self[.adaptersInStep] = values.adaptersInStep
  }
}

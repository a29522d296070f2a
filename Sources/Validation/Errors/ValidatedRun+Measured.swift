import Results

extension ValidatedRun {
  init(_ run: MeasuredRun) {
    self.init(
      number: run.number, model: run.model, family: run.family, group: run.group,
      regime: run.regime, slots: run.slots, slotRank: run.slotRank, adapters: run.adapters,
      offered: run.offered)
  }
}

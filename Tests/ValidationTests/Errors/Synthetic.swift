import Results

/// Validated runs made up without any simulation.
enum Synthetic {
  static func run(
    _ number: Int, model: String = "llama", regime: String = "unloaded",
    measured: [ValidationQuantity: Double] = [:], predicted: [ValidationQuantity: Double] = [:],
    twin: [ValidationQuantity: Double] = [:]
  ) -> ValidatedRun {
    var run = ValidatedRun(
      number: number, model: model, family: "made up", group: "g", regime: regime, slots: 8,
      slotRank: 8, adapters: 16, offered: 2.5)
    run.measured = Observations(measured)
    run.predicted = Observations(predicted)
    run.twin = Observations(twin)
    return run
  }
}

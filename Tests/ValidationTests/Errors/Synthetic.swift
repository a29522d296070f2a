import Replay
import Results

@testable import Validation

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

  /// Measured runs of a minute, every one like the others but for its number and what a test says.
  static func measured(_ numbers: some Sequence<Int>, _ columns: String = "", _ fields: String = "")
    throws -> [MeasuredRun]
  {
    let header =
      "run_no,family,group,model,engine,dataset,max_loras,max_lora_rank,n_adapters,adapter_ranks,"
      + "adapter_rates_req_s,total_time_s,max_num_seqs"
    let rows = numbers.map {
      "\($0),made up,g,llama-3.1-8b-instruct,V1,sharegpt,8,8,16,8,0.5-0.25,60,64"
    }
    let text = ([header + columns] + rows.map { $0 + fields }).joined(separator: "\n")
    return try MeasuredRun.parse(text, file: "runs.csv")
  }

  /// A profile of one model, in round numbers.
  static let profile = Profile(
    name: "round", engine: "vllm-v1 0.8.5", accelerator: "one H100", fittedFrom: [],
    models: [
      Profile.Model(
        name: "llama-3.1-8b", maxModelLength: 10_000,
        kv: KVCapacity(
          base: Estimate(100_000, standardError: 1), perSlotRank: Estimate(50, standardError: 1),
          perSlot: Estimate(10, standardError: 1)),
        step: [
          .init(.adapter, microseconds: Estimate(400, standardError: 1)),
          .init(.step, microseconds: Estimate(12_000, standardError: 1)),
        ],
        loads: [.init(slotRank: 8, rank: 8, milliseconds: 5)],
        lengths: Profile.Lengths(
          prompt: [.init(low: 10, high: 400, share: 1)],
          output: [.init(low: 10, high: 200, share: 1)], promptMean: 200, outputMean: 100,
          correlation: -0.4, stopShare: 0.1, stoppedOutputRatio: 0.5))
    ])
}

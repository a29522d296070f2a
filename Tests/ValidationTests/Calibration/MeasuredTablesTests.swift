import Foundation
import Primitives
import Replay
import Simulation
import Testing
import Workload

@testable import Validation

@Suite struct MeasuredTablesTests {
  @Test func mediansByWeight() {
    #expect(weightedMedian([]) == nil)
    #expect(weightedMedian([(3, 1), (1, 1), (2, 1)]) == 2)
    #expect(weightedMedian([(1, 1), (2, 1)]) == 1)
    #expect(weightedMedian([(5, 1), (7, 10)]) == 7)
  }

  private func rows(_ text: String, _ columns: [String]) throws -> [CSVTable.Row] {
    try CSVTable(text, file: "t.csv", required: columns).rows
  }

  /// Capacities made by a rule give the rule back, whatever the servers that did not start.
  @Test func capacityGivesTheRuleBack() throws {
    let measured = try rows(
      "model,max_loras,max_lora_rank,kv_tokens,outcome\n"
        + [(8, 8), (64, 8), (64, 16), (200, 32), (32, 32)].map { slots, rank in
          "llama-3.1-8b,\(slots),\(rank),\(400_000 - 40 * slots * rank - 7 * slots),ok\n"
        }.joined() + "llama-3.1-8b,900,32,,memory:oom\n", MeasuredCapacity.columns
    ).map(MeasuredCapacity.init)
    let kv = try KVCapacity.fitted(to: measured)
    #expect(abs(kv.base.value - 400_000) < 1e-4)
    #expect(abs(kv.perSlotRank.value - 40) < 1e-6)
    #expect(abs(kv.perSlot.value - 7) < 1e-5)
    #expect(measured.last?.tokens == nil)
    let alike = measured.filter { $0.slots == 64 }
    #expect(throws: PitwallError.self) { try KVCapacity.fitted(to: alike) }
  }

  @Test(arguments: [
    ("llama-9,8,8,1,ok", "t.csv:2: model: unknown model \"llama-9\""),
    ("llama-3.1-8b,x,8,1,ok", "t.csv:2: max_loras: expected a number"),
    ("llama-3.1-8b,8,8,,ok", "t.csv:2: kv_tokens: is empty"),
    ("llama-3.1-8b,8,0,1,ok", "max_lora_rank: 0 is outside"),
    ("llama-3.1-8b,8,8,1,", "outcome: is empty"),
  ]) func namesLineAndColumn(_ row: String, _ message: String) throws {
    let text = "model,max_loras,max_lora_rank,kv_tokens,outcome\n\(row)\n"
    let error = try #require(throws: PitwallError.self) {
      let table = try CSVTable(text, file: "t.csv", required: MeasuredCapacity.columns)
      for (_, rows) in try table.byModel() { _ = try rows.map(MeasuredCapacity.init) }
    }
    #expect(error.code == .data)
    #expect(error.description.contains(message), "\(error)")
  }

  @Test func modelsByAnyOfTheirNames() throws {
    for (name, wanted) in [
      ("meta-llama/Llama-3.1-8B-Instruct", "llama-3.1-8b"), ("qwen-2.5-7b-instruct", "qwen2.5-7b"),
      ("llama-2-13b", "llama-2-13b"), ("SmolLM2_135M", "smollm2-135m"),
    ] { #expect(ModelShape.known(as: name)?.name == wanted) }
    for name in ["", "/", "llama", "llama-3.1-80b"] { #expect(ModelShape.known(as: name) == nil) }
  }

  /// Serving goes before starting, and copies to disk count in neither.
  @Test func loadsAreMediansOfWhatServes() throws {
    let loads = try rows(
      """
      model,adapter_rank,max_lora_rank,kind,n,median_ms
      m,8,16,memory_init,1000,9
      m,8,16,memory_serving,10,5
      m,8,16,memory_serving,30,6
      m,8,16,memory_serving,15,7
      m,8,8,memory_init,3,4
      m,8,16,disk,50,80
      """, MeasuredLoads.columns
    ).compactMap(MeasuredLoads.init)
    #expect(
      Profile.Model.Load.fitted(to: loads) == [
        .init(slotRank: 8, rank: 8, milliseconds: 4), .init(slotRank: 16, rank: 8, milliseconds: 6),
      ])
    #expect(Profile.Model.Load.fitted(to: []).isEmpty)
    #expect(throws: PitwallError.self) {
      try rows(
        "model,adapter_rank,max_lora_rank,kind,n,median_ms\nm,8,8,tape,1,1\n", MeasuredLoads.columns
      ).compactMap(MeasuredLoads.init)
    }
  }
}

@Suite struct StepMeasurementsTests {
  private static let benchmarks = """
    run_id,max_num_seqs,max_num_batched_tokens,completed,total_input_tokens,total_output_tokens,running_max
    lab/decode,100,2048,1000,5000,100000,100
    lab/prefill,50,2048,4000,400000,4000,1
    lab/failed,50,2048,0,,,

    """
  private static let header =
    "run_id,model,max_loras,max_lora_rank,enable_lora,unique_adapters,batched_tokens,n_steps,"
    + "step_ms_mean,step_ms_median\n"

  private func steps(_ rows: String) throws -> [MeasuredStep] {
    let groups = try CSVTable(
      Self.header + rows, file: "s.csv", required: MeasuredStep.columns)
    let benchmarks = try CSVTable(
      Self.benchmarks, file: "b.csv", required: MeasuredStep.Benchmark.columns)
    return try StepMeasurements(groups: groups, benchmarks: benchmarks).steps.flatMap(\.steps)
  }

  @Test func tellsPromptsFromDecodes() throws {
    // As many tokens as sequences: all decode, with half their output behind them.
    let decode = try #require(try steps("decode,llama-2-7b,300,8,1,37,100,97,40,41\n").first)
    #expect(decode.work.decodes == 100 && decode.work.promptTokens == 0)
    #expect(decode.work.contextTokens == 100 * 55)
    #expect(decode.work.adapters == 37 && decode.slots == SlotLayout(count: 300, rank: 8))
    #expect(decode.milliseconds == 41 && decode.count == 97)
    // 40 more than sequences: ten prompts of 5 tokens, each in place of one that decodes.
    let mixed = try #require(try steps("decode,llama-2-7b,,,0,0,140,3,40,41\n").first)
    #expect(mixed.work.promptTokens == 50 && mixed.work.decodes == 90)
    #expect(mixed.work.promptPairs == 150 && mixed.slots.count == 0)
    // All prompts of 100 tokens, spread over the steps that computed them.
    let prefill = try #require(try steps("lab/prefill,llama-2-7b,,,0,0,,200,50,51\n").first)
    #expect(prefill.work.promptTokens == 2000 && prefill.work.decodes == 0)
    // Tokens that were not logged: as many as were seen to run.
    #expect(try steps("decode,llama-2-7b,,,0,0,,900,40,41\n").first?.work.decodes == 100)
    // A handful of steps below the batch: prompts or decodes, nobody knows.
    #expect(try steps("decode,llama-2-7b,300,8,1,9,60,7,40,41\n").isEmpty)
    #expect(try steps("failed,llama-2-7b,,,0,0,60,700,40,41\n").isEmpty)
  }

  @Test func everyStepNeedsItsBenchmark() throws {
    let error = try #require(throws: PitwallError.self) {
      try steps("ode,llama-2-7b,,,0,0,60,700,40,41\n")
    }
    #expect(error.description.contains("s.csv:2: run_id: unknown run"))
  }

  /// Steps timed by known coefficients give these back, and 0 for what no step has.
  @Test func theFitGivesTheCoefficientsBack() throws {
    let truth: [StepTerm: Double] = [
      .step: 12_000, .decode: 20, .promptToken: 15, .adapter: 330, .contextToken: 0.05,
      .shrinkGrid: 10, .expandGrid: 12,
    ]
    var random = RandomStream(seed: 1, purpose: "step-fit.test")
    let steps = (0..<300).map { _ in
      var work = StepWork()
      work.decodes = random.index(below: 400)
      work.promptTokens = random.index(below: 2) * random.index(below: 600)
      work.contextTokens = Int64(work.decodes * random.index(below: 1000))
      work.adapters = random.index(below: work.decodes + 1)
      let slots = SlotLayout(
        count: random.index(below: 384), rank: [8, 16, 32][random.index(below: 3)])
      let time = StepTerm.allCases.reduce(0) {
        $0 + (truth[$1] ?? 0) * $1.value(of: work, on: slots)
      }
      return MeasuredStep(slots: slots, work: work, milliseconds: time / 1000, count: 1)
    }
    let fit = StepFit(steps)
    for coefficient in fit.coefficients {
      let wanted = truth[coefficient.term] ?? 0
      #expect(
        abs(coefficient.microseconds.value - wanted) <= 1e-5 * max(1, wanted),
        "\(coefficient.term)")
    }
    #expect(fit.relativeError < 1e-8 && fit.count == 300)
  }
}

@Suite struct LengthCalibrationTests {
  private let lengths = Profile.Lengths(
    prompt: [.init(low: 0, high: 100, share: 0.5), .init(low: 100, high: 300, share: 0.5)],
    output: [.init(low: 0, high: 50, share: 0.25), .init(low: 50, high: 450, share: 0.75)],
    promptMean: 200, outputMean: 300, correlation: 0, stopShare: 0.1, stoppedOutputRatio: 0.5)

  /// Independent lengths have a closed form: E[p] + E[o^2] / (2 E[o]), with stops.
  @Test func withoutCorrelation() {
    // Uniform on [a, b]: E[o^2] = (a^2 + ab + b^2) / 3; the mean of the bins is 193.75.
    let scale = 300 / 193.75
    let square = scale * scale * (0.25 * 2500 / 3 + 0.75 * (2500 + 22_500 + 202_500) / 3)
    let stops = (0.9 + 0.1 * 0.25) / (0.9 + 0.1 * 0.5)
    let expected = 200 + stops * square / 600
    #expect(abs(lengths.meanContext(correlation: 0) - expected) < 0.001 * expected)
  }

  /// Against drawing: two normal numbers with a correlation, each through its histogram.
  @Test(arguments: [-0.8, -0.3, 0.5]) func withCorrelation(_ correlation: Double) {
    var random = RandomStream(seed: 5, purpose: "lengths.test")
    func draw(_ bins: [Profile.Lengths.Bin], _ u: Double) -> Double {
      u < bins[0].share
        ? bins[0].low + (bins[0].high - bins[0].low) * u / bins[0].share
        : bins[1].low + (bins[1].high - bins[1].low) * (u - bins[0].share) / bins[1].share
    }
    func cumulative(_ z: Double) -> Double { 0.5 * erfc(-z / 2.0.squareRoot()) }
    func normal() -> Double {
      (-2 * log(random.uniformAboveZero())).squareRoot() * cos(2 * .pi * random.uniform())
    }
    var (held, steps) = (0.0, 0.0)
    for _ in 0..<200_000 {
      let z = normal()
      let other = correlation * z + (1 - correlation * correlation).squareRoot() * normal()
      let prompt = draw(lengths.prompt, cumulative(z)) * 200 / 125
      var output = draw(lengths.output, cumulative(other)) * 300 / 193.75
      if random.uniform() < 0.1 { output *= 0.5 }
      held += output * (prompt + output / 2)
      steps += output
    }
    let computed = lengths.meanContext(correlation: correlation)
    #expect(abs(computed - held / steps) < 0.005 * computed)
    #expect(abs(lengths.correlation(holding: computed) - correlation) < 0.002)
  }

  @Test func fitsMeansStopsAndCorrelation() throws {
    let histograms = try CSVTable(
      "which,lo_tok,hi_tok,frac\nprompt,0,100,0.5\noutput,0,50,0.25\nprompt,100,300,0.5\n"
        + "output,50,450,0.75\n", file: "h.csv", required: Profile.Lengths.histogramColumns)
    let context = lengths.meanContext(correlation: -0.4) + 7.5
    let header = MeasuredLengths.columns.joined(separator: ",") + "\n"
    let runs = try CSVTable(
      header + "m,ok,unloaded,200,300,1000,100,\(1000 * 300 * 0.95),50,0.5,\(context * 100),0\n"
        + "m,ok,overloaded,1,1,1,1,1,50,0.5,1000,0\nm,memory_error,,,,,,,,,,\n",
      file: "r.csv", required: MeasuredLengths.columns
    ).rows.compactMap(MeasuredLengths.init)
    #expect(runs.count == 1)
    let fitted = try Profile.Lengths.fitted(histograms: histograms, runs: runs)
    #expect(fitted.promptMean == 200 && fitted.outputMean == 300)
    #expect(abs(fitted.stopShare - 0.1) < 1e-12 && abs(fitted.stoppedOutputRatio - 0.5) < 1e-9)
    #expect(abs(fitted.correlation + 0.4) < 0.002)
    #expect(fitted.prompt == lengths.prompt && fitted.output == lengths.output)
    #expect(throws: PitwallError.self) {
      try Profile.Lengths.fitted(histograms: histograms, runs: [])
    }
  }
}

import Primitives
import Replay
import Simulation
import Workload

/// Engine steps that were alike, and the time that one took.
///
/// A closed-loop benchmark sends requests of one length to a server; its log gives each step's
/// tokens and distinct adapters. How many of the tokens are prompts the log does not say: it follows
/// from the benchmark.
public struct MeasuredStep: Sendable, Equatable {
  /// The server's slots.
  public var slots: SlotLayout
  /// What a step computes.
  public var work: StepWork
  /// The time of a step, ms.
  public var milliseconds: Double
  /// Steps.
  public var count: Int

  /// The columns that a file of steps must have.
  public static let columns = [
    "run_id", "model", "max_loras", "max_lora_rank", "enable_lora", "unique_adapters",
    "batched_tokens", "n_steps", "step_ms_mean", "step_ms_median",
  ]

  /// Makes a measurement.
  public init(slots: SlotLayout, work: StepWork, milliseconds: Double, count: Int) {
    self.slots = slots
    self.work = work
    self.milliseconds = milliseconds
    self.count = count
  }

  /// A benchmark: how many requests of which lengths, and how many of them at once.
  public struct Benchmark: Sendable {
    /// Mean tokens of a prompt.
    let prompt: Double
    /// Mean tokens of an output.
    let output: Double
    /// Requests.
    let requests: Double
    /// Most sequences at once that were seen, or that could be.
    let sequences: Int
    /// Most tokens in a step.
    let budget: Int

    /// The columns that a file of benchmarks must have.
    public static let columns = [
      "run_id", "max_num_seqs", "max_num_batched_tokens", "completed", "total_input_tokens",
      "total_output_tokens", "running_max",
    ]

    /// Reads a row; nil for one that has no result.
    /// - Throws: `PitwallError` (data).
    public init?(_ row: CSVTable.Row) throws {
      guard let completed = try row.integer("completed", in: 0...1_000_000_000), completed > 0
      else { return nil }
      let tokens = 1.0...1e15
      requests = Double(completed)
      prompt =
        try row.required("total_input_tokens", row.number("total_input_tokens", in: tokens))
        / requests
      output =
        try row.required("total_output_tokens", row.number("total_output_tokens", in: tokens))
        / requests
      let limit = try row.integer("max_num_seqs", in: 1...1_000_000) ?? 256
      let seen = try row.number("running_max", in: 0...1e6).map { max(1, Int($0)) } ?? limit
      sequences = min(seen, limit, completed)
      budget = try row.integer("max_num_batched_tokens", in: 1...1_000_000) ?? 2048
    }
  }

  /// Reads a row of steps; nil for a transition between phases of the benchmark, of which too few
  /// steps were alike to know what they computed.
  /// - Throws: `PitwallError` (data).
  public init?(_ row: CSVTable.Row, of benchmark: Benchmark) throws {
    let usesAdapters = try row.integer("enable_lora", in: 0...1) == 1
    slots = SlotLayout(
      count: usesAdapters ? try row.integer("max_loras", in: 0...1_000_000) ?? 0 : 0,
      rank: try row.integer("max_lora_rank", in: 0...65_536) ?? 0)
    count = try row.required("n_steps", row.integer("n_steps", in: 1...1_000_000_000))
    milliseconds = try row.required("step_ms_median", row.number("step_ms_median", in: 0...3.6e6))
    let logged = try row.integer("batched_tokens", in: 1...1_000_000)
    work = StepWork()
    guard let prompts = benchmark.promptTokens(ofLogged: logged, steps: count) else { return nil }
    let tokens = logged ?? (prompts > 0 ? Int(prompts) : benchmark.sequences)
    setPrompts(prompts.rounded(), of: benchmark)
    work.decodes = max(0, tokens - work.promptTokens)
    work.contextTokens = Int64(Double(work.decodes) * (benchmark.prompt + benchmark.output / 2))
    let adapters = try row.integer("unique_adapters", in: 0...1_000_000) ?? 0
    work.adapters = usesAdapters ? adapters : 0
  }

  private mutating func setPrompts(_ tokens: Double, of benchmark: Benchmark) {
    work.promptTokens = Int(tokens)
    work.promptPairs = Int64(tokens * (benchmark.prompt + 1) / 2)
  }
}

extension MeasuredStep.Benchmark {
  /// How many of a step's tokens are prompts; nil where that cannot be told.
  ///
  /// A batch of sequences that decode has as many tokens as there are sequences, and lasts as long
  /// as outputs are. What goes beyond the most sequences is due to prompts, each of which computes
  /// all its tokens in place of the one of a decoding sequence.
  fileprivate func promptTokens(ofLogged tokens: Int?, steps: Int) -> Double? {
    let isPrefillOnly = output < 1.5
    guard let tokens else {
      guard isPrefillOnly else { return Double(steps) >= 0.8 * output ? 0 : nil }
      // All requests' prompts, spread over the steps that computed them.
      let mean = requests * prompt / Double(steps)
      return steps >= 20 && mean <= Double(budget) ? mean : nil
    }
    if isPrefillOnly { return Double(tokens) }
    guard tokens > sequences else { return Double(steps) >= 0.8 * output ? 0 : nil }
    guard prompt > 1 else { return nil }
    return min(Double(tokens), Double(tokens - sequences) * prompt / (prompt - 1))
  }
}

import Primitives
import Workload

// Runs of which the scheduler's own books were kept: steps, adapter copies, adapters in a step.
extension MeasuredRun {
  /// Columns that a file of such runs must have.
  static let schedulerColumns = [
    "series", "row", "gpu_loras", "cpu_loras", "rank", "adapter_rates", "duration",
    "completed_requests", "output_throughput", "mean_itl_ms", "avg_batch_size",
    "avg_waiting_queue", "max_lora_loads_from_memory_corrected", "max_lora_loading_time",
    "max_lora_loads_from_memory", "mean_loras_by_batch", "steps",
  ]

  /// What the file does not say but its authors do: a request has 250 prompt and 231 output tokens.
  private static let schedulerLengths = (prompt: 250.0, output: 231.0)

  /// The model that copy times and step times point to: nobody wrote it down.
  private static let schedulerModel = "llama-3.1-8b"

  /// Runs are numbered within their series; those of the second one begin here.
  private static let secondSeries = 1000

  /// Reads a run. Its regime follows from the share of requests that completed, as that of other runs
  /// does, and from whether any waited in place of the time to first token, which is not there.
  init(scheduler row: CSVTable.Row) throws {
    func amount(_ column: String) throws -> Double {
      try row.required(column, row.amount(column))
    }
    func count(_ column: String, in range: ClosedRange<Int> = 0...1_000_000_000) throws -> Int {
      try row.required(column, row.integer(column, in: range))
    }
    let series = try row.required("series", row.text("series"))
    let lengths = MeasuredRun.schedulerLengths
    place = "\(row.file):\(row.line)"
    number = try count("row") + (series == "aggregated_rate" ? MeasuredRun.secondSeries : 0)
    family = "aux_scheduler"
    group = series
    model = MeasuredRun.schedulerModel
    engine = ""
    slots = try count("gpu_loras", in: 1...1_000_000)
    slotRank = try count("rank", in: 1...65_536)
    adapters = try count("cpu_loras", in: 1...1_000_000)
    adapterRanks = [slotRank]
    let rate = try row.required("adapter_rates", row.number("adapter_rates", in: 1e-9...1e9))
    adapterRates = [rate]
    offered = rate * Double(adapters)
    let duration = try row.required("duration", row.number("duration", in: 0.001...1e9))
    extent = .duration(Nanoseconds(seconds: duration))
    maxSequences = 2048
    promptMean = lengths.prompt
    outputMean = lengths.output
    hasConstantLengths = true
    status = .ok
    let output = try amount("output_throughput")
    let measured = Measurements(
      completed: try count("completed_requests"), duration: duration, outputTokensPerSecond: output,
      totalTokensPerSecond: output * (lengths.prompt + lengths.output) / lengths.output,
      itlMean: try amount("mean_itl_ms"), runningMean: try amount("avg_batch_size"),
      waitingMean: try amount("avg_waiting_queue"),
      adapterLoads: try amount("max_lora_loads_from_memory_corrected"),
      adapterLoadTime: try row.copyTime(), adaptersInStep: try amount("mean_loras_by_batch"))
    self.measured = measured
    regime = MeasuredRun.regime(
      ofCompleted: Double(measured.completed) / (offered * duration),
      waits: (measured.waitingMean ?? 0) >= 1)
  }

  /// The regime of load: `unloaded` and so on.
  private static func regime(ofCompleted share: Double, waits: Bool) -> String {
    switch share {
    case ..<0.85: "overloaded"
    case ..<0.95: "transition"
    default: waits ? "slot_queueing" : "unloaded"
    }
  }
}

extension CSVTable.Row {
  /// What the copies took that are counted: all of them, those at the start included, took
  /// `max_lora_loading_time`.
  fileprivate func copyTime() throws -> Double? {
    guard let time = try amount("max_lora_loading_time"),
      let all = try amount("max_lora_loads_from_memory"),
      let counted = try amount("max_lora_loads_from_memory_corrected")
    else { return nil }
    return all > 0 ? time * counted / all : 0
  }
}

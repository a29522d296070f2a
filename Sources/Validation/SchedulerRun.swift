import Primitives
import Workload

/// A run of which the scheduler's own books were kept: steps, adapter copies, scheduling time.
/// Requests have 250 prompt and 231 output tokens.
public struct SchedulerRun: Sendable, Equatable {
  /// `file:line`.
  public var place: String
  /// Which of the two series of runs: they were not made under quite the same conditions.
  public var series: String
  /// The run's number in its series.
  public var number: Int
  /// Adapter slots on the device.
  public var slots: Int
  /// Adapters served.
  public var adapters: Int
  /// Rank of all adapters.
  public var rank: Int
  /// Requests an adapter in 1/s.
  public var adapterRate: Double
  /// Length of the run, in seconds.
  public var duration: Double
  /// Requests that completed.
  public var completed: Int
  /// Output tokens of completed requests, in tokens/s.
  public var outputTokensPerSecond: Double
  /// Mean gap between tokens, in ms.
  public var itlMean: Double
  /// Mean number of running requests.
  public var runningMean: Double
  /// Mean number of waiting requests.
  public var waitingMean: Double
  /// Copies of adapters into the device, without those at the server's start.
  public var adapterLoads: Double
  /// What all copies took, those at the start included, in seconds.
  public var adapterLoadTime: Double
  /// What scheduling took, in seconds.
  public var schedulingTime: Double
  /// Mean number of different adapters in a step.
  public var adaptersInStep: Double
  /// Engine steps.
  public var steps: Int
}

extension SchedulerRun {
  private static let columns = [
    "series", "row", "gpu_loras", "cpu_loras", "rank", "adapter_rates", "duration",
    "completed_requests", "output_throughput", "mean_itl_ms", "avg_batch_size",
    "avg_waiting_queue", "max_lora_loads_from_memory_corrected", "max_lora_loading_time",
    "total_scheduling_time", "mean_loras_by_batch", "steps",
  ]

  /// Reads a file of such runs.
  /// - Throws: `PitwallError`: noInput if it cannot be read, data, with line and column, for
  ///   anything that is not a run.
  public static func read(_ path: String) throws -> [SchedulerRun] {
    try CSVTable.read(path, required: columns).rows.map { try SchedulerRun($0) }
  }

  /// Reads runs from a text.
  /// - Throws: as ``read(_:)`` does.
  public static func parse(_ text: String, file: String) throws -> [SchedulerRun] {
    try CSVTable(text, file: file, required: columns).rows.map { try SchedulerRun($0) }
  }

  private init(_ row: CSVTable.Row) throws {
    func amount(_ column: String) throws -> Double {
      try row.required(column, row.amount(column))
    }
    func count(_ column: String) throws -> Int {
      try row.required(column, row.integer(column, in: 0...1_000_000_000))
    }
    place = "\(row.file):\(row.line)"
    series = try row.required("series", row.text("series"))
    number = try count("row")
    slots = try count("gpu_loras")
    adapters = try count("cpu_loras")
    rank = try count("rank")
    adapterRate = try amount("adapter_rates")
    duration = try amount("duration")
    completed = try count("completed_requests")
    outputTokensPerSecond = try amount("output_throughput")
    itlMean = try amount("mean_itl_ms")
    runningMean = try amount("avg_batch_size")
    waitingMean = try amount("avg_waiting_queue")
    adapterLoads = try amount("max_lora_loads_from_memory_corrected")
    adapterLoadTime = try amount("max_lora_loading_time")
    schedulingTime = try amount("total_scheduling_time")
    adaptersInStep = try amount("mean_loras_by_batch")
    steps = try count("steps")
  }
}

import Primitives
import Workload

extension MeasuredRun {
  /// Columns that a file of runs must have.
  public static let requiredColumns = [
    "run_no", "family", "group", "model", "engine", "max_loras", "max_lora_rank", "n_adapters",
    "adapter_ranks", "adapter_rates_req_s", "total_time_s", "max_num_seqs",
  ]

  /// Reads a file of runs, one a row, in either form of the published measurements by Agullo et al.
  /// (arXiv:2508.08343), extracted to CSV: runs as a client measured them, or as the scheduler's books
  /// have them, which is told by the columns. Measurements may be empty, or their columns missing.
  /// - Throws: `PitwallError`: noInput if it cannot be read, data, with line and column, for
  ///   anything that is not a run.
  public static func read(_ path: String) throws -> [MeasuredRun] {
    try read(CSVTable.read(path, required: []))
  }

  /// Reads runs from a text.
  /// - Throws: as ``read(_:)`` does.
  public static func parse(_ text: String, file: String) throws -> [MeasuredRun] {
    try read(CSVTable(text, file: file, required: []))
  }

  /// Reads runs from a table.
  /// - Throws: as ``read(_:)`` does.
  public static func read(_ table: CSVTable) throws -> [MeasuredRun] {
    let isScheduler = table.columns.contains("gpu_loras")
    try table.require(isScheduler ? schedulerColumns : requiredColumns)
    var seen: Set<Int> = []
    return try table.rows.map { row in
      let run = try isScheduler ? MeasuredRun(scheduler: row) : MeasuredRun(row)
      guard seen.insert(run.number).inserted else {
        throw row.failure(
          isScheduler ? "row" : "run_no", "\(run.number) is there twice")
      }
      return run
    }
  }

  /// The one request that a data set of the authors' repeats: where a file names the data set it
  /// need not give lengths.
  private static let meanRequest = (dataset: "dummy_dataset_mean", prompt: 250.0, output: 230.0)

  private init(_ row: CSVTable.Row) throws {
    func count(_ column: String, _ most: Int = 1_000_000) throws -> Int? {
      try row.integer(column, in: 0...most)
    }
    place = "\(row.file):\(row.line)"
    number = try row.required("run_no", count("run_no", 1_000_000_000))
    family = row.text("family") ?? ""
    group = row.text("group") ?? ""
    model = try row.required("model", row.text("model"))
    engine = row.text("engine") ?? ""
    slots = try row.required("max_loras", count("max_loras"))
    slotRank = try count("max_lora_rank", 65_536) ?? 0
    adapters = try count("n_adapters") ?? 0
    adapterRanks = try row.list("adapter_ranks") { Int($0).flatMap { 1...65_536 ~= $0 ? $0 : nil } }
    adapterRates = try row.list("adapter_rates_req_s") {
      Double($0).flatMap { $0 > 0 && $0 <= 1e9 ? $0 : nil }
    }
    extent = try row.extent()
    maxSequences = try count("max_num_seqs")
    tokenBudget = try count("max_num_batched_tokens")
    kvTokens = try count("kv_tokens", 1 << 40)
    hasConstantLengths = row.text("dataset")?.hasPrefix("dummy") ?? false
    let known =
      row.text("dataset") == MeasuredRun.meanRequest.dataset ? MeasuredRun.meanRequest : nil
    promptMean = try row.number("pool_mean_in_tok", in: 1...1e9) ?? known?.prompt
    outputMean =
      try row.number("fixed_out_tok", in: 1...1e9) ?? row.number("pool_mean_out_tok", in: 1...1e9)
      ?? known?.output
    offered = try row.amount("offered_req_s") ?? 0
    status = try row.choice("status")
    regime = row.text("regime") ?? ""
    measured = try Measurements(row)
    twinReplay = try TwinPrediction(row, prefix: "twin")
    twinFromScratch = try TwinPrediction(row, prefix: "twinfs")
    if offered == 0 { offered = rates(of: adapters).reduce(0, +) }
  }

  /// The rates dealt to so many adapters, in 1/s.
  func rates(of adapters: Int) -> [Double] {
    adapterRates.isEmpty ? [] : (0..<adapters).map { adapterRates[$0 % adapterRates.count] }
  }
}

extension MeasuredRun.Measurements {
  /// Nil where the run completed nothing that was measured.
  fileprivate init?(_ row: CSVTable.Row) throws {
    guard let completed = try row.integer("completed", in: 0...1_000_000_000_000) else {
      return nil
    }
    self.completed = completed
    sent = try row.amount("sent")
    duration = try row.amount("duration_s")
    inputTokensPerSecond = try row.amount("in_tok_s")
    outputTokensPerSecond = try row.amount("out_tok_s")
    totalTokensPerSecond = try row.amount("total_tok_s")
    // A client that is given its requests in one go counts from then on, not from when it sends.
    ttftMean = row.text("client") == "serving" ? nil : try row.amount("ttft_mean_ms")
    itlMean = try row.amount("itl_mean_ms")
    runningMean = try row.amount("running_mean")
    waitingMean = try row.amount("waiting_mean")
    kvUsageMean = try row.amount("kv_usage_mean")
    preemptions = try row.amount("preemptions")
    finishedEarly = try row.amount("finished_by_eos")
    portErrors = try row.amount("client_port_errs")
    adapterLoads = try row.amount("loads_cpu_gpu")
    adapterLoadTime = try row.amount("load_time_cpu_gpu_s")
    diskLoads = try row.amount("loads_disk")
    diskLoadTime = try row.amount("load_time_disk_s")
    adaptersInStep = try row.amount("mean_adapters_in_batch")
  }
}

extension MeasuredRun.TwinPrediction {
  /// Nil where the file has no prediction for the run.
  fileprivate init?(_ row: CSVTable.Row, prefix: String) throws {
    totalTokensPerSecond = try row.amount("\(prefix)_total_tok_s")
    itlMean = try row.amount("\(prefix)_itl_ms")
    ttftMean = try row.amount("\(prefix)_ttft_completed_ms")
    completed = try row.amount("\(prefix)_finished")
    if totalTokensPerSecond == nil, itlMean == nil, ttftMean == nil, completed == nil { return nil }
  }
}

extension CSVTable.Row {
  /// A number that is not negative; nil where the field is empty.
  func amount(_ column: String) throws -> Double? { try number(column, in: 0...1e15) }

  /// Values with dashes between; empty where the field is.
  fileprivate func list<T>(_ column: String, _ read: (Substring) -> T?) throws -> [T] {
    guard let text = text(column) else { return [] }
    return try text.split(separator: "-", omittingEmptySubsequences: false).map { piece in
      guard let value = read(piece) else {
        throw failure(column, "expected positive numbers with dashes between, found \"\(text)\"")
      }
      return value
    }
  }

  /// One of some words; nil where the field is empty.
  fileprivate func choice<T: RawRepresentable<String> & CaseIterable>(
    _ column: String
  ) throws -> T? {
    guard let text = text(column) else { return nil }
    guard let value = T(rawValue: text) else {
      let known = T.allCases.map(\.rawValue)
      throw failure(column, "unknown \"\(text)\"" + Suggestion.hint(for: text, in: known))
    }
    return value
  }

  fileprivate func extent() throws -> MeasuredRun.Extent? {
    // A client that has both stops when it has sent its last request, whatever is still unfinished.
    if let time = try number("total_time_s", in: 0.001...1e9) {
      return .duration(Nanoseconds(seconds: time))
    }
    return try integer("num_prompts", in: 1...1_000_000_000).map { .requests($0) }
  }
}

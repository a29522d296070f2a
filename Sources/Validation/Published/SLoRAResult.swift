import Primitives
import Workload

/// A row of S-LoRA's published results.
public struct SLoRAResult: Sendable, Equatable {
  /// What was run, or why it cannot be run here.
  public enum Subject: Sendable, Equatable {
    case experiment(SLoRAExperiment)
    case notSimulated(String)
  }

  /// `file:line`.
  public var place: String
  /// The file that the authors' repository has the row in.
  public var file: String
  /// What was run.
  public var subject: Subject
  /// What was measured; nil where the subject is not simulated.
  public var measured: SLoRAExperiment.Outcome?
}

extension SLoRAResult {
  private static let columns = [
    "file", "num_adapters", "alpha", "req_rate", "cv", "duration_s", "in_lo", "in_hi", "out_lo",
    "out_hi", "throughput", "avg_latency", "avg_first_token_latency", "avg_attainment",
  ]

  /// Reads a file of results.
  /// - Throws: `PitwallError`: noInput if it cannot be read, data, with line and column, for
  ///   anything that is not a result.
  public static func read(_ path: String) throws -> [SLoRAResult] {
    try CSVTable.read(path, required: columns).rows.map { try SLoRAResult($0) }
  }

  /// Reads results from a text.
  /// - Throws: as ``read(_:)`` does.
  public static func parse(_ text: String, file: String) throws -> [SLoRAResult] {
    try CSVTable(text, file: file, required: columns).rows.map { try SLoRAResult($0) }
  }

  private init(_ row: CSVTable.Row) throws {
    place = "\(row.file):\(row.line)"
    file = try row.required("file", row.text("file"))
    if let reason = Self.obstacle(file) {
      subject = .notSimulated(reason)
      return
    }
    guard let device = Self.device(of: file), let setting = Self.setting(of: file) else {
      throw row.failure("file", "\"\(file.prefix(80))\" names no known device and setting")
    }
    subject = .experiment(
      SLoRAExperiment(setting: setting, device: device, workload: try SLoRAWorkload(row)))
    func amount(_ column: String, most: Double = 1e9) throws -> Double {
      try row.required(column, row.number(column, in: 0...most))
    }
    measured = SLoRAExperiment.Outcome(
      throughput: try amount("throughput"), latency: try amount("avg_latency"),
      firstToken: try amount("avg_first_token_latency"),
      attainment: try amount("avg_attainment", most: 1))
  }

  /// Why a file's experiments are not simulated; nil where they are.
  private static func obstacle(_ file: String) -> String? {
    let reasons = [
      ("_unused", "settings not recorded"),
      ("synthetic/slora/", nil),
      ("ablation_mem/ablation_mem_a10g_S1_dm", nil),
      ("ablation_mem/ablation_mem_a10g_S2_dm", nil),
      ("ablation_cluster/", "adapter clustering, on a device that is not recorded"),
      ("ablation_merge/", "merged adapters, or settings not recorded"),
      ("/bmm/", "padded batched matrix products"), ("_bmm_", "padded batched matrix products"),
      ("no_mem", "no unified memory pool"), ("/pets/", "PetS scheduling"),
      ("peft/", "PEFT: one adapter at a time"), ("/vllm/", "vLLM with a server for each adapter"),
      ("/abort/", "early abort"), ("/lifo/", "newest first"),
      ("real/", "a recorded trace that is not published"),
    ]
    return reasons.first { file.contains($0.0) }.map(\.1) ?? "an experiment that is not known"
  }

  private static func device(of file: String) -> SLoRAExperiment.Device? {
    let name = file.replacing("a100_80", with: "a100-80")
    return SLoRAExperiment.Device.allCases.first { name.contains("_\($0.rawValue)_") }
  }

  private static func setting(of file: String) -> SLoRAExperiment.Setting? {
    SLoRAExperiment.Setting.allCases.first { file.contains("_\($0.rawValue)_") }
  }
}

extension SLoRAWorkload {
  /// Reads the columns that say what was sent.
  fileprivate init(_ row: CSVTable.Row) throws {
    func number(_ column: String, _ range: ClosedRange<Double>) throws -> Double {
      try row.required(column, row.number(column, in: range))
    }
    func tokens(_ name: String) throws -> Range<Int> {
      let (low, high) = ("\(name)_lo", "\(name)_hi")
      let from = try row.required(low, row.integer(low, in: 1...1_000_000))
      let to = try row.required(high, row.integer(high, in: 1...1_000_000))
      guard from < to else { throw row.failure(high, "\(to) is not above \(from)") }
      return from..<to
    }
    let adapters = try row.integer("num_adapters", in: 0...1_000_000)
    self.init(
      adapters: try row.required("num_adapters", adapters), alpha: try number("alpha", 0.01...100),
      rate: try number("req_rate", 1e-3...1000), cv: try number("cv", 1...100),
      duration: try number("duration_s", 1...3600), prompt: try tokens("in"),
      output: try tokens("out"))
  }
}

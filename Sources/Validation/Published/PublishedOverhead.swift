import Orchestration
import Policies
import Primitives
import Replay
import Simulation
import Workload

/// What adapters cost vLLM V0 on Llama-2-7B: requests of one length that all come at once, served with
/// more and more of the adapters that there are slots for.
///
/// Agullo et al., "A Data-driven ML Approach for Maximizing Performance in LLM-Adapter Serving",
/// arXiv:2508.08343, on an H100 with 64 GB.
public struct PublishedOverhead: Sendable {
  /// A measured run.
  public struct Row: Sendable, Equatable {
    /// `file:line`.
    public var place: String
    /// The data set whose mean or quartile lengths all requests have.
    public var dataset: String
    /// Adapter slots.
    public var slots: Int
    /// Rank of slots and adapters.
    public var rank: Int
    /// Adapters that requests ask for; 0 for the base model alone.
    public var adapters: Int
    /// Requests.
    public var requests: Int
    /// Prompt tokens of each.
    public var prompt: Int
    /// Output tokens of each.
    public var output: Int
    /// KV blocks of 16 tokens.
    public var blocks: Int
    /// Output tokens in 1/s.
    public var throughput: Double
    /// Mean over requests of the time per output token, in ms.
    public var tpot: Double
  }

  private let threads: Int

  /// - Parameter threads: runs at a time, at least 1.
  public init(threads: Int) { self.threads = threads }

  /// Predicts every row from the roofline.
  /// - Throws: `PitwallError`, as simulating does; `CancellationError` where `finished` gives up.
  public func compare(
    _ rows: [Row], finished: @escaping @Sendable () -> Bool = { true }
  ) async throws -> PublishedComparison {
    let predicted = try await mapConcurrently(rows, threads: threads, finished: finished) {
      try predict($0)
    }
    var comparison = PublishedComparison(models: ["roofline"])
    comparison.figures = zip(rows, predicted).flatMap { row, predicted in
      [
        ("output tokens/s", row.throughput, predicted.throughput),
        ("TPOT ms", row.tpot, predicted.tpot),
      ].map { quantity, published, predicted in
        PublishedFigure(
          group: row.dataset,
          setting: "\(row.slots) slots of rank \(row.rank), \(row.adapters) adapters",
          quantity: quantity, published: published, predicted: [predicted])
      }
    }
    return comparison
  }

  private func predict(_ row: Row) throws -> (throughput: Double, tpot: Double) {
    let scenario = Scenario(
      trace: try row.trace(), server: try server(row), strategy: try Strategy(name: "vllm"),
      seed: 1, registry: .builtIn)
    let run = try scenario.simulate(options: Simulation.Options())
    let times = run.requests.compactMap(\.tpot)
    return (
      throughput: Double(run.totals.outputTokens) / max(run.end.seconds, 1e-9),
      tpot: times.reduce(0, +) / Double(max(1, times.count)) / 1e6
    )
  }

  private func server(_ row: Row) throws -> ServerSpec {
    guard let model = ModelShape.known(as: "llama-2-7b"),
      var accelerator = Accelerator.catalogue.first(where: { $0.name == "h100" })
    else { throw PitwallError(.fault, "the catalogue lacks Llama-2-7B or the H100") }
    accelerator.memory = Bytes(PublishedKV.measuredMemory * 1_073_741_824)
    var server = ServerSpec(model: model, accelerator: accelerator, engine: .vllmV0)
    server.adapterMemory = .slots(row.slots)
    server.maxRank = row.rank
    // `--max-num-seqs` of these runs: only the KV cache limits the batch.
    server.maxSequences = 4096
    server.hostBytes = 1 << 50
    server.holdTokens(row.blocks * server.kvBlockTokens, slotRank: row.rank)
    return server
  }
}

extension PublishedOverhead.Row {
  private static let columns = [
    "dataset", "slots", "rank", "adapters", "req", "inp", "out", "out_tps", "tpot", "kv_blocks",
  ]

  /// Reads a file of such runs.
  /// - Throws: `PitwallError`: noInput if it cannot be read, data, with line and column, for
  ///   anything that is not such a row.
  public static func read(_ path: String) throws -> [PublishedOverhead.Row] {
    try CSVTable.read(path, required: columns).rows.map { try PublishedOverhead.Row($0) }
  }

  /// Reads runs from a text.
  /// - Throws: as ``read(_:)`` does.
  public static func parse(_ text: String, file: String) throws -> [PublishedOverhead.Row] {
    try CSVTable(text, file: file, required: columns).rows.map { try PublishedOverhead.Row($0) }
  }

  private init(_ row: CSVTable.Row) throws {
    func count(_ column: String, _ range: ClosedRange<Int>) throws -> Int {
      try row.required(column, row.integer(column, in: range))
    }
    place = "\(row.file):\(row.line)"
    dataset = try row.required("dataset", row.text("dataset"))
    slots = try count("slots", 1...1_000_000)
    rank = try count("rank", 1...65_536)
    adapters = try count("adapters", 0...1_000_000)
    requests = try count("req", 1...1_000_000)
    blocks = try count("kv_blocks", 1...100_000_000)
    prompt = try count("inp", 1...1_000_000_000) / requests
    output = try count("out", 1...1_000_000_000) / requests
    guard prompt > 0 else { throw row.failure("inp", "less than a token a request") }
    guard output > 0 else { throw row.failure("out", "less than a token a request") }
    throughput = try row.required("out_tps", row.number("out_tps", in: 0...1e9))
    tpot = try row.required("tpot", row.number("tpot", in: 0...1e9))
  }

  /// The requests, each of which asks for any of the adapters.
  fileprivate func trace() throws -> Trace {
    var builder = TraceBuilder(name: "overhead")
    let sets = (0..<adapters).map { builder.internSingle("adapter-\($0)") }
    for index in builder.adapters.indices { builder.adapters[index].rank = Int32(rank) }
    var choice = RandomStream(seed: 1, purpose: "published adapters")
    for index in 0..<requests {
      var request = TraceBuilder.Row(arrival: 0)
      if adapters > 0 { request.adapterSet = sets[choice.index(below: adapters)] }
      request.promptTokens = Int32(clamping: prompt)
      request.outputTokens = Int32(clamping: output)
      request.session = Int32(index)
      builder.append(request)
    }
    return try builder.finish()
  }
}

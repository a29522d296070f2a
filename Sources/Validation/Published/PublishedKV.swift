import Orchestration
import Primitives
import Replay
import Simulation
import Workload

/// Measured room in vLLM's KV cache beside what byte counts and profiles predict.
public struct PublishedKV: Sendable {
  /// Memory of the device that the published capacities were measured on, as CUDA reports it, in GiB.
  public static let measuredMemory = 63.43

  private let accelerator: Accelerator
  private let utilization: Double

  /// - Parameters:
  ///   - memory: of the device, in GiB.
  ///   - utilization: the share of it that the server takes.
  public init(memory: Double = measuredMemory, utilization: Double = 0.9) {
    // Its other figures play no part in how memory is divided.
    accelerator = Accelerator(
      name: "device", flops: 1, memoryBandwidth: 1, memory: Bytes(memory * 1_073_741_824),
      hostLink: 1)
    self.utilization = utilization
  }

  /// A server that was started, or not.
  public struct Row: Sendable, Equatable {
    /// `file:line`.
    public var place: String
    /// The base model.
    public var model: ModelShape
    /// Adapter slots; 0 without LoRA.
    public var slots: Int
    /// The rank that they are made for; 0 without LoRA.
    public var rank: Int
    /// What the server said of its cache, in tokens; nil where it said nothing.
    public var tokens: Int?
    /// Whether it started; nil where something else went wrong.
    public var starts: Bool?
  }

  /// Puts predictions beside measurements.
  /// - Parameter profile: what was fitted; a model that it lacks gets no prediction from it.
  public func compare(_ rows: [Row], with profile: Profile?) -> PublishedComparison {
    var comparison = PublishedComparison(
      models: profile == nil ? ["arithmetic"] : ["arithmetic", "profile"])
    for row in rows {
      guard let starts = row.starts else {
        comparison.leaveOut(because: "the server was not the reason why it failed")
        continue
      }
      var rooms: [Room?] = [room(row)]
      if let profile {
        rooms.append(
          profile.model(row.model.name).map {
            Room(
              tokens: $0.kv.tokens(slots: row.slots, rank: row.rank),
              starts: $0.refusal(slots: row.slots, rank: row.rank) == nil)
          })
      }
      func figure(_ quantity: String, _ published: Double, _ value: (Room) -> Double)
        -> PublishedFigure
      {
        PublishedFigure(
          group: row.model.name, setting: "\(row.slots) slots of rank \(row.rank)",
          quantity: quantity, published: published, predicted: rooms.map { $0.map(value) })
      }
      if starts, let tokens = row.tokens {
        comparison.figures.append(figure("KV tokens", Double(tokens)) { Double($0.tokens) })
      }
      comparison.figures.append(figure("starts", starts ? 1 : 0) { $0.starts ? 1 : 0 })
    }
    return comparison
  }

  /// What a model says of a server.
  private struct Room {
    var tokens: Int
    var starts: Bool
  }

  /// By counting bytes.
  private func room(_ row: Row) -> Room {
    var server = ServerSpec(model: row.model, accelerator: accelerator)
    server.memoryUtilization = utilization
    server.adapterMemory = .slots(row.slots)
    let tokens = server.kvTokens(slotRank: row.rank)
    return Room(tokens: tokens, starts: tokens >= row.model.maxContext)
  }
}

extension PublishedKV.Row {
  private static let columns = ["model", "max_loras", "max_lora_rank", "kv_tokens", "outcome"]

  /// Reads a file of measured capacities.
  /// - Throws: `PitwallError`: noInput if it cannot be read, data, with line and column, for
  ///   anything that is not such a row.
  public static func read(_ path: String) throws -> [PublishedKV.Row] {
    try parse(CSVTable.read(path, required: columns))
  }

  /// Reads capacities from a text.
  /// - Throws: as ``read(_:)`` does.
  public static func parse(_ text: String, file: String) throws -> [PublishedKV.Row] {
    try parse(CSVTable(text, file: file, required: columns))
  }

  private static func parse(_ table: CSVTable) throws -> [PublishedKV.Row] {
    try table.byModel().flatMap { group in
      try group.rows.map { try PublishedKV.Row($0, group.model) }
    }
  }

  private init(_ row: CSVTable.Row, _ model: ModelShape) throws {
    place = "\(row.file):\(row.line)"
    self.model = model
    slots = try row.required("max_loras", row.integer("max_loras", in: 0...1_000_000))
    let rank = try row.integer("max_lora_rank", in: 1...65_536)
    self.rank = slots == 0 ? rank ?? 0 : try row.required("max_lora_rank", rank)
    tokens = try row.integer("kv_tokens", in: 0...1_000_000_000)
    let outcome = try row.required("outcome", row.text("outcome"))
    starts = outcome == "ok" ? true : outcome.hasPrefix("memory:") ? false : nil
    if starts == true { tokens = try row.required("kv_tokens", tokens) }
  }
}

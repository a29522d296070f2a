import Primitives
import Replay
import Simulation
import Workload

// The measurements that need no simulation to be understood. Each reader takes the rows of one file
// and one model; the columns are those of the files' documentation.

extension CSVTable {
  /// The rows of each model, in the models' order by name.
  ///
  /// - Parameter column: the column with the server's name for the model.
  /// - Throws: `PitwallError` (data) for a name that means no model in ``ModelShape/catalogue``.
  public func byModel(column: String = "model") throws -> [(model: ModelShape, rows: [Row])] {
    var groups: [String: (model: ModelShape, rows: [Row])] = [:]
    for row in rows {
      let name = try row.required(column, row.text(column))
      guard let model = ModelShape.known(as: name) else {
        let known = ModelShape.catalogue.map(\.name)
        throw row.failure(
          column, "unknown model \"\(name.prefix(80))\"" + Suggestion.hint(for: name, in: known))
      }
      groups[model.name, default: (model, [])].rows.append(row)
    }
    return groups.values.sorted { $0.model.name < $1.model.name }
  }
}

/// Room in the KV cache as servers with different slots logged it.
public struct MeasuredCapacity: Sendable, Equatable {
  /// Adapter slots.
  public var slots: Int
  /// The rank that they are made for.
  public var rank: Int
  /// Tokens; nil where the server did not start.
  public var tokens: Int?

  /// The columns that a file must have.
  public static let columns = ["model", "max_loras", "max_lora_rank", "kv_tokens", "outcome"]

  init(slots: Int, rank: Int, tokens: Int?) {
    self.slots = slots
    self.rank = rank
    self.tokens = tokens
  }

  /// Reads a row.
  /// - Throws: `PitwallError` (data).
  public init(_ row: CSVTable.Row) throws {
    slots = try row.required("max_loras", row.integer("max_loras", in: 0...1_000_000))
    rank = try row.required("max_lora_rank", row.integer("max_lora_rank", in: 1...65_536))
    let tokens = try row.integer("kv_tokens", in: 0...1_000_000_000)
    guard try row.required("outcome", row.text("outcome")) == "ok" else { return }
    self.tokens = try row.required("kv_tokens", tokens)
  }
}

extension KVCapacity {
  /// Fits the room that slots leave to the servers that started.
  /// - Throws: `PitwallError` (data) if there are too few different ones.
  public static func fitted(to measurements: [MeasuredCapacity]) throws -> KVCapacity {
    var problem = LeastSquares(["base", "per-slot-rank", "per-slot"])
    for measured in measurements {
      guard let tokens = measured.tokens else { continue }
      let slots = Double(measured.slots)
      problem.add([1, -slots * Double(measured.rank), -slots], target: Double(tokens))
    }
    let fit = try problem.fit().coefficients
    return KVCapacity(base: fit[0], perSlotRank: fit[1], perSlot: fit[2])
  }
}

/// Loads of adapters of one rank into slots of one rank.
public struct MeasuredLoads: Sendable, Equatable {
  /// The rank that slots are made for.
  public var slotRank: Int
  /// The adapters' rank.
  public var rank: Int
  /// The median time of a copy into the device, ms.
  public var milliseconds: Double
  /// Copies that were timed.
  public var count: Int
  /// Whether the server was serving; copies while it starts are not held up by steps.
  public var isServing: Bool

  /// The columns that a file must have.
  public static let columns = ["model", "adapter_rank", "max_lora_rank", "kind", "n", "median_ms"]

  /// Reads a row; nil for loads that do not lead into the device.
  /// - Throws: `PitwallError` (data).
  public init?(_ row: CSVTable.Row) throws {
    slotRank = try row.required("max_lora_rank", row.integer("max_lora_rank", in: 1...65_536))
    rank = try row.required("adapter_rank", row.integer("adapter_rank", in: 1...65_536))
    milliseconds = try row.required("median_ms", row.number("median_ms", in: 0...3.6e6))
    count = try row.required("n", row.integer("n", in: 1...1_000_000_000))
    switch row.text("kind") {
    case "memory_serving": isServing = true
    case "memory_init": isServing = false
    case "disk": return nil
    default: throw row.failure("kind", "expected disk, memory_init or memory_serving")
    }
  }
}

extension Profile.Model.Load {
  /// The load times by ranks: the median over groups of copies (weighted by their number), of those
  /// while serving where there are any.
  public static func fitted(to measurements: [MeasuredLoads]) -> [Profile.Model.Load] {
    let ranks = Set(measurements.map { [$0.slotRank, $0.rank] })
    return ranks.sorted { $0.lexicographicallyPrecedes($1) }.compactMap { pair in
      let all = measurements.filter { [$0.slotRank, $0.rank] == pair }
      let serving = all.filter(\.isServing)
      let median = weightedMedian(
        (serving.isEmpty ? all : serving).map { ($0.milliseconds, Double($0.count)) })
      return median.map {
        Profile.Model.Load(slotRank: pair[0], rank: pair[1], milliseconds: $0)
      }
    }
  }
}

/// The value below which half of the weight lies, of two that share the middle the lower; nil where
/// there are no values.
func weightedMedian(_ values: [(value: Double, weight: Double)]) -> Double? {
  let sorted = values.sorted { $0.value < $1.value }
  let half = sorted.reduce(0) { $0 + $1.weight } / 2
  var below = 0.0
  for (value, weight) in sorted {
    below += weight
    if below >= half { return value }
  }
  return sorted.last?.value
}

import Primitives

/// Which columns of a foreign file hold what, and how their values are written.
///
/// A column may be given as alternatives, `time|created`: in each record the first that has a value
/// counts. In JSON a dot steps into an object, `usage.prompt_tokens`.
struct ColumnMapping {
  /// How times are written.
  enum TimeUnit: String, CaseIterable {
    case s, ms, us, ns
    /// ISO 8601, UTC unless it names a zone.
    case iso
    /// ISO 8601 where it is no number; numbers are seconds since 1970, or milliseconds,
    /// microseconds or nanoseconds where they are too large for seconds.
    case auto

    /// The power of ten that makes nanoseconds of it.
    var power: Int? {
      switch self {
      case .s: 9
      case .ms: 6
      case .us: 3
      case .ns: 0
      case .iso, .auto: nil
      }
    }
  }

  var arrival = ""
  var unit = TimeUnit.s
  var adapters: String?
  var weights: String?
  var separator = ";"
  var promptTokens: String?
  var outputTokens: String?
  var tenant: String?
  var session: String?
  var priority: String?
  var baseModel: String?
  var rank: String?
  var bytes: String?
  var metadata: [String] = []
  /// Adapter names that mean the base model.
  var baseNames: [String] = []
  /// Whether records without an adapter are kept.
  var keepsBaseRows = true
  /// Whether an adapter's rank stands in its name, as in `dummy-lora-7b-rank-8-13`.
  var readsRankFromName = false
  /// Columns, as they are spelled here, that a file may lack.
  var optional: Set<String> = []
  /// Where the values come from.
  var provenance = Provenance.recorded
  /// What is noted as the source of every column.
  var source = ""

  static let options: [ImportOption] = [
    ImportOption("arrival", "column of the arrival time (required)"),
    ImportOption("unit", "of arrival: s (default), ms, us, ns, iso, auto"),
    ImportOption("adapters", "column of adapter names, several with the separator between"),
    ImportOption("weights", "column of their weights, likewise"),
    ImportOption("separator", "between adapters (default ;)"),
    ImportOption("prompt_tokens", "column of prompt lengths"),
    ImportOption("output_tokens", "column of output lengths"),
    ImportOption("tenant", "column of tenants"),
    ImportOption("session", "column of sessions"),
    ImportOption("priority", "column of priorities"),
    ImportOption("base_model", "column of the base model of a record's adapters"),
    ImportOption("rank", "column of the rank of a record's adapters"),
    ImportOption("bytes", "column of the size of a record's adapters"),
    ImportOption("metadata", "columns that become metadata, with commas between"),
    ImportOption("base", "adapter names that mean the base model, with commas between"),
    ImportOption("keep-base-rows", "true (default) or false: keep records without an adapter"),
    ImportOption("rank-from-name", "true or false (default): read ranks from names with rank-N"),
    ImportOption("provenance", "recorded (default), fitted or assigned"),
    ImportOption("source", "where the file comes from, in words"),
  ]

  /// Replaces what the options name.
  mutating func apply(_ options: inout Parameters) throws {
    arrival = options.string("arrival", default: arrival)
    unit = try options.choice("unit", default: unit)
    adapters = options.string("adapters") ?? adapters
    weights = options.string("weights") ?? weights
    separator = options.string("separator", default: separator)
    promptTokens = options.string("prompt_tokens") ?? promptTokens
    outputTokens = options.string("output_tokens") ?? outputTokens
    tenant = options.string("tenant") ?? tenant
    session = options.string("session") ?? session
    priority = options.string("priority") ?? priority
    baseModel = options.string("base_model") ?? baseModel
    rank = options.string("rank") ?? rank
    bytes = options.string("bytes") ?? bytes
    metadata = options.string("metadata")?.pieces(between: ",") ?? metadata
    baseNames = options.string("base")?.pieces(between: ",") ?? baseNames
    keepsBaseRows = try options.bool("keep-base-rows", default: keepsBaseRows)
    readsRankFromName = try options.bool("rank-from-name", default: readsRankFromName)
    provenance = try options.choice("provenance", default: provenance)
    source = options.string("source", default: source)
    guard !arrival.isEmpty else {
      throw PitwallError(
        .usage,
        "\(options.owner): name the column of the arrival time, such as arrival=timestamp"
          + options.misspelling(of: "arrival"))
    }
    guard separator.utf8.count == 1 else {
      throw options.invalid("separator", "expected one ASCII character")
    }
  }
}

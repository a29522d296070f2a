import Primitives

/// A stream of requests, as columns: row i is request i, in order of arrival.
///
/// Names (of adapters, tenants, sessions) are interned once, when a trace is made; rows hold dense
/// indices. Invariants, established by ``TraceBuilder`` and by every reader: all columns have the
/// same length; arrivals are non-negative and never decrease; token counts are not negative;
/// every index is within its table.
public struct Trace: Sendable {
  /// A name for people: a file's name, a generator's.
  public var name: String
  /// Arrival, in nanoseconds since the start of the trace.
  public var arrival: Column<Nanoseconds>
  /// Which adapters the request asks for: an index into ``adapterSets``. Set 0 is the base model.
  public var adapterSet: Column<Int32>
  /// Prompt length in tokens.
  public var promptTokens: Column<Int32>
  /// Output length in tokens, as it really was or will be. No online policy sees it.
  public var outputTokens: Column<Int32>
  /// Index into ``tenants``.
  public var tenant: Column<Int32>
  /// Session number, dense from 0; requests of a session follow one another.
  public var session: Column<Int32>
  /// Larger is more urgent; 0 is the default.
  public var priority: Column<Int32>
  /// Index into ``metadataTable``; 0 is "none".
  public var metadata: Column<Int32>

  /// Every adapter that may be asked for.
  public var adapters: [AdapterEntry]
  /// The distinct combinations of adapters that requests ask for; the first is the empty one.
  public var adapterSets: [AdapterSet]
  /// Tenant names; the first is "" (unknown).
  public var tenants: [String]
  /// Distinct metadata of requests, each a list of key-value pairs sorted by key; the first is empty.
  public var metadataTable: [[MetadataField]]
  /// Where each column came from.
  public var origins: [ColumnName: Origin]

  /// Number of requests.
  public var count: Int { arrival.count }
  /// From the first arrival to the last; 0 for traces of less than two requests.
  public var span: Nanoseconds {
    count < 2 ? 0 : arrival[count - 1] - arrival[0]
  }
}

/// What a trace knows about an adapter. Rank and size may be unknown (nil) until assigned.
public struct AdapterEntry: Sendable, Equatable {
  /// The name in requests.
  public var name: String
  /// The base model that it was trained for, if the trace says so.
  public var baseModel: String?
  /// LoRA rank.
  public var rank: Int32?
  /// Size in bytes, where it is recorded rather than computed from rank and model shape.
  public var bytes: Bytes?

  /// Makes an entry.
  public init(
    name: String, baseModel: String? = nil, rank: Int32? = nil, bytes: Bytes? = nil
  ) {
    self.name = name
    self.baseModel = baseModel
    self.rank = rank
    self.bytes = bytes
  }
}

/// One combination of adapters, in the order in which the request names them.
public struct AdapterSet: Sendable, Hashable {
  /// Indices into ``Trace/adapters``, without repetition.
  public var members: [Int32]
  /// The scale of each member, parallel to `members`.
  public var weights: [Float]

  /// Makes a set; weights default to 1.
  public init(_ members: [Int32], weights: [Float]? = nil) {
    self.members = members
    self.weights = weights ?? members.map { _ in 1 }
  }

  /// The base model alone.
  public static let base = AdapterSet([])
}

/// One key and value of a request's metadata.
public struct MetadataField: Sendable, Hashable {
  /// The key.
  public var key: String
  /// The value.
  public var value: String

  /// Makes a field.
  public init(_ key: String, _ value: String) {
    self.key = key
    self.value = value
  }
}

import Primitives

/// Builds a trace row by row: interns names, sorts by arrival (stably), counts time from the first
/// row, and checks what a ``Trace`` promises.
public struct TraceBuilder {
  /// One request as a reader or generator sees it, with names instead of indices.
  public struct Row: Sendable {
    /// Nanoseconds on the source's own clock; ``TraceBuilder/finish(keepingOrigin:)`` shifts it.
    public var arrival: Nanoseconds
    /// Index of the adapter set, from ``TraceBuilder/internSet(_:)``.
    public var adapterSet: Int32 = 0
    /// Prompt tokens.
    public var promptTokens: Int32 = 0
    /// Output tokens.
    public var outputTokens: Int32 = 0
    /// Index from ``TraceBuilder/internTenant(_:)``.
    public var tenant: Int32 = 0
    /// Index from ``TraceBuilder/internSession(_:)``, or a dense number of the caller's own.
    public var session: Int32 = 0
    /// Priority.
    public var priority: Int32 = 0
    /// Index from ``TraceBuilder/internMetadata(_:)``.
    public var metadata: Int32 = 0

    /// A request at a time, everything else default.
    public init(arrival: Nanoseconds) { self.arrival = arrival }
  }

  /// The trace's name.
  public var name: String
  /// Where columns come from; columns not named here are `assigned`, "default".
  public var origins: [ColumnName: Origin] = [:]
  /// The adapters interned so far; ranks and sizes may be filled in here.
  public var adapters: [AdapterEntry] = []

  private var rows: [Row] = []
  private var adapterIndex: [String: Int32] = [:]
  private var sets: [AdapterSet] = [.base]
  private var setIndex: [AdapterSet: Int32] = [.base: 0]
  private var tenants: [String] = [""]
  private var tenantIndex: [String: Int32] = ["": 0]
  private var sessionIndex: [String: Int32] = [:]
  private var metadata: [[MetadataField]] = [[]]
  private var metadataIndex: [[MetadataField]: Int32] = [[]: 0]

  /// An empty builder.
  public init(name: String) { self.name = name }

  /// Number of rows so far.
  public var count: Int { rows.count }

  /// Sets aside room for rows.
  public mutating func reserve(_ count: Int) { rows.reserveCapacity(count) }

  /// The index of an adapter's name, added if it is new.
  public mutating func internAdapter(_ name: String) -> Int32 {
    if let known = adapterIndex[name] { return known }
    let index = Int32(adapters.count)
    adapters.append(AdapterEntry(name: name))
    adapterIndex[name] = index
    return index
  }

  /// The index of a combination of adapters; a repeated member counts once, at its first place.
  public mutating func internSet(_ set: AdapterSet) -> Int32 {
    if let known = setIndex[set] { return known }
    var unique = AdapterSet([])
    for (member, weight) in zip(set.members, set.weights) where !unique.members.contains(member) {
      unique.members.append(member)
      unique.weights.append(weight)
    }
    if let known = setIndex[unique] { return known }
    let index = Int32(sets.count)
    sets.append(unique)
    setIndex[unique] = index
    return index
  }

  /// The set that holds one adapter, by name.
  public mutating func internSingle(_ name: String) -> Int32 {
    internSet(AdapterSet([internAdapter(name)]))
  }

  /// The index of a tenant's name.
  public mutating func internTenant(_ name: String) -> Int32 {
    if let known = tenantIndex[name] { return known }
    let index = Int32(tenants.count)
    tenants.append(name)
    tenantIndex[name] = index
    return index
  }

  /// The dense number of a session's name.
  public mutating func internSession(_ name: String) -> Int32 {
    if let known = sessionIndex[name] { return known }
    let index = Int32(sessionIndex.count)
    sessionIndex[name] = index
    return index
  }

  /// The index of a request's metadata.
  public mutating func internMetadata(_ fields: [MetadataField]) -> Int32 {
    let sorted = fields.sorted { ($0.key, $0.value) < ($1.key, $1.value) }
    if let known = metadataIndex[sorted] { return known }
    let index = Int32(metadata.count)
    metadata.append(sorted)
    metadataIndex[sorted] = index
    return index
  }

  /// Adds a request.
  public mutating func append(_ row: Row) { rows.append(row) }

  /// The finished trace. Rows are sorted by arrival; ties keep the order in which they were added.
  /// - Parameter keepingOrigin: false shifts the first arrival to 0; true leaves times as they are
  ///   (they must then not be negative).
  /// - Throws: `PitwallError` (data) for a negative time or token count, or an index out of range.
  public func finish(keepingOrigin: Bool = false) throws -> Trace {
    let order = rows.indices.sorted {
      (rows[$0].arrival, $0) < (rows[$1].arrival, $1)
    }
    let start = keepingOrigin ? 0 : order.first.map { rows[$0].arrival } ?? 0
    for index in order {
      let row = rows[index]
      let (time, overflow) = row.arrival.subtractingReportingOverflow(start)
      guard !overflow, time >= 0, row.promptTokens >= 0, row.outputTokens >= 0, row.session >= 0,
        sets.indices.contains(Int(row.adapterSet)), tenants.indices.contains(Int(row.tenant)),
        metadata.indices.contains(Int(row.metadata))
      else { throw PitwallError.data(name, "request \(index): a value is out of range") }
    }
    func column<T: BitwiseCopyable & Sendable>(_ value: (Row) -> T) -> Column<T> {
      Column(order.map { value(rows[$0]) })
    }
    var origins = origins
    for column in ColumnName.allCases where origins[column] == nil {
      origins[column] = Origin(.assigned, "default")
    }
    return Trace(
      name: name, arrival: column { $0.arrival - start }, adapterSet: column { $0.adapterSet },
      promptTokens: column { $0.promptTokens }, outputTokens: column { $0.outputTokens },
      tenant: column { $0.tenant }, session: column { $0.session },
      priority: column { $0.priority }, metadata: column { $0.metadata }, adapters: adapters,
      adapterSets: sets, tenants: tenants, metadataTable: metadata, origins: origins)
  }
}

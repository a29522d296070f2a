import Orchestration
import Primitives
import Workload

extension ObjectTrace {
  /// Opens a trace of any format; libCacheSim's oracleGeneral is mapped into memory.
  /// - Parameters:
  ///   - format: nil to tell it from the content and the name.
  ///   - withTimes: whether to take the times of oracleGeneral along, which few policies ask for;
  ///     without them a request's time is its index.
  /// - Throws: `PitwallError`: noInput if the file cannot be read, data if it is malformed.
  public init(
    opening path: String, format: TraceFormat? = nil, cost: LoadCost = LoadCost(),
    withTimes: Bool = true
  ) throws {
    switch try TraceReader.open(path, format: format) {
    case .records(let records): try self.init(records, cost: cost, withTimes: withTimes)
    case .trace(let trace): try self.init(trace, cost: cost)
    }
  }

  /// Takes bytes of oracleGeneral.
  /// - Throws: `PitwallError` (data) if they are not a whole number of records with sizes.
  public init(oracleGeneral bytes: [UInt8], name: String) throws {
    try self.init(OracleRecords(bytes, named: name))
  }

  /// Takes the references to adapters: each adapter of a request, in the order in which it names
  /// them, is requested. Requests for the base model alone ask for nothing.
  /// - Throws: `PitwallError` (data) if an adapter is recorded with no bytes, or if there are more
  ///   references than can be numbered.
  public init(_ trace: Trace, cost: LoadCost = LoadCost()) throws {
    self.init(
      name: trace.name, objects: [], times: [], keys: trace.adapters.map { Self.key($0.name) },
      bytes: trace.adapters.map { $0.bytes ?? 1 }, loadCost: [])
    if let index = bytes.firstIndex(where: { $0 <= 0 }) {
      throw PitwallError.data(
        trace.name, "adapter \(trace.adapters[index].name) has \(bytes[index]) bytes")
    }
    unsized = trace.adapters.count { $0.bytes == nil }
    loadCost = bytes.map { cost($0) }
    var times: [Nanoseconds] = []
    for (set, time) in zip(trace.adapterSet, trace.arrival) {
      for member in trace.adapterSets[Int(set)].members {
        objects.append(member)
        times.append(time)
      }
    }
    self.times = times
    try checkRange(trace.name)
  }

  /// A number in a name is the key, as in oracleGeneral; other names are hashed.
  private static func key(_ name: String) -> UInt64 {
    UInt64(name).flatMap { String($0) == name ? $0 : nil } ?? RandomStream.hash(name)
  }

  /// Reads records where they stand and numbers their objects.
  ///
  /// A block of records at a time: first all are looked up where they probably are, so that the
  /// table's cache misses overlap, then the few that were not there.
  /// - Parameter withTimes: whether to take the times along, which few policies ask for.
  /// - Throws: `PitwallError` (data) for a record without a size, or if there are more records than
  ///   can be numbered.
  public init(_ records: OracleRecords, cost: LoadCost = LoadCost(), withTimes: Bool = true) throws
  {
    var interner = ObjectInterner()
    var objects = Array(repeating: ObjectInterner.absent, count: records.count)
    var resized = 0
    var numbered = objects.mutableSpan
    for start in stride(from: 0, to: records.count, by: Self.block) {
      let block = start..<min(start + Self.block, records.count)
      var isComplete = true
      for index in block {
        let slot = interner.find(records.object(index))
        numbered[index] = slot.object
        let isFound = slot.object != ObjectInterner.absent
        isComplete = isComplete && isFound
        resized += isFound && slot.bytes != records.bytes(index) ? 1 : 0
      }
      if isComplete { continue }
      for index in block where numbered[index] == ObjectInterner.absent {
        let size = records.bytes(index)
        guard size > 0 else { throw records.empty(index) }
        guard let slot = interner.intern(records.object(index), bytes: size) else {
          throw PitwallError.data(records.name, "record \(index): too many different objects")
        }
        numbered[index] = slot.object
        resized += slot.bytes != size ? 1 : 0
      }
    }
    self.init(
      name: records.stem, objects: objects,
      times: withTimes
        ? (0..<records.count).map { Nanoseconds(records.seconds($0)) * 1_000_000_000 } : nil,
      keys: interner.keys, bytes: interner.bytes.map { Bytes($0) },
      loadCost: interner.bytes.map { cost(Bytes($0)) })
    self.resized = resized
    try checkRange(records.name)
  }

  private static let block = 64

  /// Positions of requests are numbered with 32 bits, and sums are counted with 63.
  private func checkRange(_ place: String) throws {
    guard count < Int(Int32.max) else {
      throw PitwallError.data(place, "\(count) requests are more than can be replayed")
    }
    for (what, most) in [("bytes", bytes.max() ?? 0), ("load times", loadCost.max() ?? 0)]
    where most.multipliedReportingOverflow(by: Int64(max(1, count))).overflow {
      throw PitwallError.data(place, "the \(what) of all requests are more than can be counted")
    }
  }
}

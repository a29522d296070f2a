import Primitives

/// Makes a trace out of nothing but parameters and a seed.
///
/// To add one: a file here and a line in ``GeneratorRegistry/all``.
public protocol TraceGenerator: Sendable {
  /// The name on the command line and in generator files.
  static var name: String { get }
  /// One line for a list of generators. It says so where adapters are drawn i.i.d., because that
  /// removes nearly all reuse in time that real traces have.
  static var summary: String { get }
  /// The parameters, as a person would write them, with their defaults.
  static var usage: String { get }

  /// Reads the parameters; the registry then refuses those that were not read.
  init(_ parameters: inout Parameters) throws

  /// Generates so many requests. The same seed gives the same trace.
  /// - Throws: `PitwallError` where the parameters do not allow it.
  func generate(requests: Int, seed: UInt64) throws -> Trace
}

/// All generators, by name.
public enum GeneratorRegistry {
  /// In the order in which they are listed for people; the first is the default.
  public static let all: [any TraceGenerator.Type] = [
    SessionsGenerator.self, SLoRAGenerator.self, PunicaGenerator.self, ZipfGenerator.self,
  ]

  /// Makes the generator that `parameters` names as its owner.
  /// - Throws: `PitwallError` for an unknown name (with the nearest) or bad parameters.
  public static func make(_ parameters: Parameters) throws -> any TraceGenerator {
    guard let type = all.first(where: { $0.name == parameters.owner }) else {
      throw PitwallError(
        parameters.place == nil ? .usage : .data, at: parameters.place,
        "unknown generator \"\(parameters.owner)\""
          + Suggestion.hint(for: parameters.owner, in: all.map { $0.name }))
    }
    var parameters = parameters
    let generator = try type.init(&parameters)
    try parameters.finish()
    return generator
  }
}

/// The columns of a trace in the making. Generators fill them in order of arrival, so that nothing
/// needs to be sorted.
struct GeneratedColumns {
  var arrival: [Nanoseconds] = []
  var adapterSet: [Int32] = []
  var promptTokens: [Int32] = []
  var outputTokens: [Int32] = []
  var tenant: [Int32] = []
  var session: [Int32] = []
  var adapters: [AdapterEntry] = []
  var adapterSets: [AdapterSet] = [.base]
  var tenants = [""]

  init() {}

  /// Sets aside room for requests.
  /// - Throws: `PitwallError` (usage) for a number of requests that cannot be.
  init(requests: Int) throws {
    guard (0...Int(Int32.max)).contains(requests) else {
      throw PitwallError(.usage, "\(requests) requests: expected 0 to \(Int32.max)")
    }
    arrival.reserveCapacity(requests)
    adapterSet.reserveCapacity(requests)
    promptTokens.reserveCapacity(requests)
    outputTokens.reserveCapacity(requests)
  }

  /// Adds an adapter and the set that holds it alone; returns the index of the set.
  @discardableResult
  mutating func addAdapter(rank: Int32? = nil) -> Int32 {
    let index = Int32(adapters.count)
    adapters.append(AdapterEntry(name: "adapter-\(index)", rank: rank))
    adapterSets.append(AdapterSet([index]))
    return Int32(adapterSets.count - 1)
  }

  /// The trace; columns that were not filled get their defaults: no tenant, each request a session
  /// of its own.
  func trace(name: String, origin: String) -> Trace {
    let count = arrival.count
    var origins: [ColumnName: Origin] = [:]
    for column in ColumnName.allCases { origins[column] = Origin(.assigned, origin) }
    origins[.priority] = Origin(.assigned, "default")
    origins[.metadata] = Origin(.assigned, "default")
    return Trace(
      name: name, arrival: Column(arrival), adapterSet: Column(adapterSet),
      promptTokens: Column(promptTokens), outputTokens: Column(outputTokens),
      tenant: tenant.isEmpty ? Column(repeating: 0, count: count) : Column(tenant),
      session: session.isEmpty ? Column((0..<count).lazy.map { Int32($0) }) : Column(session),
      priority: Column(repeating: 0, count: count), metadata: Column(repeating: 0, count: count),
      adapters: adapters, adapterSets: adapterSets, tenants: tenants, metadataTable: [[]],
      origins: origins)
  }
}

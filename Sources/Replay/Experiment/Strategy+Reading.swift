import Orchestration
import Primitives

extension Strategy {
  /// Reads one strategy of an experiment. A policy is a name, or `{name: {key: value}}`; scheduling that
  /// it does not name is the server's.
  /// - Throws: `PitwallError` (data) for unknown policies and unknown parameters, with the nearest
  ///   known one. Values of parameters are checked when the policy is made.
  init(
    name: String, _ value: YAMLValue, for server: ServerSpec, _ registry: PolicyRegistry
  ) throws {
    try self.init(name: name)
    scheduling = try Parameters(server.scheduling)
    var map = try value.mapping()
    func read<Context, Policy: ~Copyable>(
      _ key: String, _ kind: String, _ entries: [PolicyEntry<Context, Policy>],
      _ parameters: inout Parameters
    ) throws {
      guard let value = map.value(key) else { return }
      parameters = try value.named("policy")
      let known = entries.map(\.name)
      guard let entry = entries.first(where: { $0.name == parameters.owner }) else {
        throw value.failure(
          "unknown \(kind) policy \"\(parameters.owner)\""
            + Suggestion.hint(for: parameters.owner, in: known))
      }
      try parameters.checkKeys(against: entry.parameters.map(\.name))
    }
    try read("eviction", "eviction", registry.eviction, &eviction)
    try read("host-eviction", "eviction", registry.eviction, &hostEviction)
    try read("prefetch", "prefetch", registry.prefetch, &prefetch)
    try read("scheduling", "scheduling", registry.scheduling, &scheduling)
    try read("routing", "routing", registry.routing, &routing)
    try read("selection", "selection", registry.selection, &selection)
    if let value = map.value("loading") { loading = try value.choice() }
    if let value = map.value("activation") { activation = try value.choice() }
    try map.finish()
  }
}

extension Parameters {
  /// Refuses keys that are not among the known ones.
  fileprivate func checkKeys(against known: [String]) throws {
    for entry in entries where !known.contains(entry.key) {
      let hint = known.isEmpty ? " (it has none)" : Suggestion.hint(for: entry.key, in: known)
      throw PitwallError(
        .data, at: entry.place, "\(owner): unknown parameter \"\(entry.key)\"" + hint)
    }
  }

  /// `name key=value ...`, as on the command line, keys sorted.
  var canonicalText: String {
    let pairs = entries.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
    return ([owner] + pairs).joined(separator: " ")
  }
}

extension YAMLValue {
  /// A thing with parameters: `name`, or `{name: {key: value, ...}}`.
  func named(_ what: String) throws -> Parameters {
    if isScalar { return try Parameters(string(), at: place) }
    guard isMapping, let entry = try mapping().entries.first, try mapping().entries.count == 1
    else { throw failure("expected a \(what): its name, or {name: {key: value}}") }
    if entry.value.isNull { return try Parameters(entry.key, at: entry.place) }
    var parameters = try entry.value.mapping()
    return try parameters.remainingParameters(of: entry.key)
  }
}

import Primitives

/// A policy as a world receives it: a name, what it is, and how to make one.
///
/// `Policy` is an existential such as `any EvictionPolicy & ~Copyable`: types are erased once, here,
/// so that any policy file works in every world.
public struct PolicyEntry<Context, Policy: ~Copyable>: Sendable {
  /// The name in experiment files.
  public let name: String
  /// The idea, in a line.
  public let summary: String
  /// The idea at more length, for `pitwall policies show`; empty where the summary says it all.
  public let idea: String
  /// What one operation costs, in the number n of adapters that the tier holds; empty if unstated.
  public let cost: String
  /// Whether it knows the future: a bound, that no server can run.
  public let isClairvoyant: Bool
  /// Parameters with their defaults and meaning, in the order to show them.
  public let parameters: [PolicyParameter]
  /// The paper or system that it comes from.
  public let source: String
  /// Makes the policy; throws for parameters that make no sense.
  public let make: @Sendable (Context, inout Parameters) throws -> Policy

  /// Makes an entry.
  public init(
    _ name: String, _ summary: String, idea: String = "", cost: String = "",
    isClairvoyant: Bool = false, parameters: [PolicyParameter] = [], source: String,
    make: @escaping @Sendable (Context, inout Parameters) throws -> Policy
  ) {
    self.name = name
    self.summary = summary
    self.idea = idea
    self.cost = cost
    self.isClairvoyant = isClairvoyant
    self.parameters = parameters
    self.source = source
    self.make = make
  }
}

/// One parameter of a policy, for people.
public struct PolicyParameter: Sendable {
  /// The key.
  public let name: String
  /// The default, as text.
  public let standard: String
  /// What it does.
  public let meaning: String

  /// Makes a parameter.
  public init(_ name: String, _ standard: String, _ meaning: String) {
    self.name = name
    self.standard = standard
    self.meaning = meaning
  }
}

/// An entry for an eviction policy.
public typealias EvictionEntry = PolicyEntry<EvictionContext, any EvictionPolicy & ~Copyable>
/// An entry for a prefetch policy.
public typealias PrefetchEntry = PolicyEntry<PrefetchContext, any PrefetchPolicy & ~Copyable>
/// An entry for a scheduling policy.
public typealias SchedulingEntry = PolicyEntry<SchedulingContext, any SchedulingPolicy & ~Copyable>
/// An entry for a routing policy.
public typealias RoutingEntry = PolicyEntry<RoutingContext, any RoutingPolicy & ~Copyable>
/// An entry for a selection policy.
public typealias SelectionEntry = PolicyEntry<SelectionContext, any SelectionPolicy & ~Copyable>

/// The policies that a program offers, by kind.
public struct PolicyRegistry: Sendable {
  /// Eviction policies.
  public var eviction: [EvictionEntry]
  /// Prefetch policies.
  public var prefetch: [PrefetchEntry]
  /// Scheduling policies.
  public var scheduling: [SchedulingEntry]
  /// Routing policies.
  public var routing: [RoutingEntry]
  /// Selection policies.
  public var selection: [SelectionEntry]

  /// Makes a registry.
  public init(
    eviction: [EvictionEntry] = [], prefetch: [PrefetchEntry] = [],
    scheduling: [SchedulingEntry] = [], routing: [RoutingEntry] = [],
    selection: [SelectionEntry] = []
  ) {
    self.eviction = eviction
    self.prefetch = prefetch
    self.scheduling = scheduling
    self.routing = routing
    self.selection = selection
  }

  /// These policies and others.
  /// - Throws: `PitwallError` (usage) if two of a kind have one name.
  public func adding(_ others: PolicyRegistry) throws -> PolicyRegistry {
    PolicyRegistry(
      eviction: try Self.joined("eviction", eviction, others.eviction),
      prefetch: try Self.joined("prefetch", prefetch, others.prefetch),
      scheduling: try Self.joined("scheduling", scheduling, others.scheduling),
      routing: try Self.joined("routing", routing, others.routing),
      selection: try Self.joined("selection", selection, others.selection))
  }

  private static func joined<Context, Policy: ~Copyable>(
    _ kind: String, _ known: [PolicyEntry<Context, Policy>], _ new: [PolicyEntry<Context, Policy>]
  ) throws -> [PolicyEntry<Context, Policy>] {
    var all = known
    for entry in new {
      guard !all.contains(where: { $0.name == entry.name }) else {
        throw PitwallError(.usage, "there are two \(kind) policies \"\(entry.name)\"")
      }
      all.append(entry)
    }
    return all
  }

  /// Makes the policy that `parameters.owner` names.
  /// - Throws: `PitwallError` for an unknown name (with the nearest known one) or bad parameters.
  public static func make<Context, Policy: ~Copyable>(
    _ parameters: Parameters, kind: String, from entries: [PolicyEntry<Context, Policy>],
    _ context: Context
  ) throws -> Policy {
    let entry = try entry(parameters, kind: kind, from: entries)
    var parameters = parameters
    let policy = try entry.make(context, &parameters)
    try parameters.finish()
    return policy
  }

  /// The entry that `parameters.owner` names.
  /// - Throws: `PitwallError` for an unknown name, with the nearest known one.
  public static func entry<Context, Policy: ~Copyable>(
    _ parameters: Parameters, kind: String, from entries: [PolicyEntry<Context, Policy>]
  ) throws -> PolicyEntry<Context, Policy> {
    guard let entry = entries.first(where: { $0.name == parameters.owner }) else {
      throw PitwallError(
        parameters.place == nil ? .usage : .data, at: parameters.place,
        "unknown \(kind) policy \"\(parameters.owner)\""
          + Suggestion.hint(for: parameters.owner, in: entries.map(\.name)))
    }
    return entry
  }
}

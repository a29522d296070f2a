import Primitives

/// A dense index into an ``AdapterCatalogue``.
public typealias AdapterID = Int32

/// A dense index into an ``AdapterSets`` table; 0 is the base model alone.
public typealias AdapterSetID = Int32

/// A LoRA adapter as orchestration sees it.
public struct Adapter: Sendable, Equatable {
  /// The name in requests.
  public var name: String
  /// The base model that it belongs to.
  public var baseModel: String
  /// LoRA rank.
  public var rank: Int
  /// The projections that it changes (`q_proj`, ...).
  public var targetModules: [String]
  /// Size of its weights.
  public var bytes: Bytes
  /// Number of tensors it consists of: each costs a copy of its own where copies are not coalesced.
  public var tensors: Int

  /// Makes an adapter.
  public init(
    name: String, baseModel: String, rank: Int, targetModules: [String], bytes: Bytes, tensors: Int
  ) {
    self.name = name
    self.baseModel = baseModel
    self.rank = rank
    self.targetModules = targetModules
    self.bytes = bytes
    self.tensors = tensors
  }
}

/// Every adapter that requests may ask for, by dense index.
public struct AdapterCatalogue: Sendable {
  /// The adapters.
  public let adapters: [Adapter]

  /// Makes a catalogue.
  public init(_ adapters: [Adapter]) { self.adapters = adapters }

  /// Number of adapters.
  public var count: Int { adapters.count }
  /// Size of an adapter.
  public func bytes(_ adapter: AdapterID) -> Bytes { adapters[Int(adapter)].bytes }
}

/// The combinations of adapters that requests ask for, flat: most have one member.
public struct AdapterSets: Sendable {
  private var offsets: [Int32] = [0, 0]
  private var flat: [AdapterID] = []

  /// A table with only set 0, the base model.
  public init() {}

  /// A table of the given sets. The first must be empty: it is the base model.
  public init(_ sets: [[AdapterID]]) {
    for set in sets.dropFirst() { append(set) }
  }

  /// Number of sets.
  public var count: Int { offsets.count - 1 }

  /// Adds a set and returns its index.
  @discardableResult
  public mutating func append(_ members: [AdapterID]) -> AdapterSetID {
    flat += members
    offsets.append(Int32(flat.count))
    return Int32(count - 1)
  }

  /// Number of members of a set.
  public func size(_ set: AdapterSetID) -> Int {
    Int(offsets[Int(set) + 1] - offsets[Int(set)])
  }

  /// The members of a set.
  public func members(_ set: AdapterSetID) -> ArraySlice<AdapterID> {
    flat[Int(offsets[Int(set)])..<Int(offsets[Int(set) + 1])]
  }
}

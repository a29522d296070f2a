import Orchestration
import Primitives

/// The adapters that the request names.
public struct Explicit: SelectionPolicy, ~Copyable {
  /// The policy has no state.
  public init() {}

  public mutating func select(for request: Request) -> AdapterSetID { request.adapterSet }
}

/// An adapter by the request's metadata: the first rule that matches decides; without a match, what
/// the request names.
public struct MetadataRules: SelectionPolicy, ~Copyable {
  /// The set for each metadata index, or -1 where no rule matches.
  private let chosen: [AdapterSetID]

  /// - Parameters:
  ///   - rules: `key=value:adapter`, separated by semicolons.
  ///   - context: names.
  /// - Throws: `PitwallError` for a malformed rule or an unknown adapter, through `failure`.
  public init(
    rules: String, _ context: SelectionContext, failure: (String) -> PitwallError
  ) throws {
    let parsed = try rules.split(separator: ";").map { rule in
      let halves = rule.split(separator: ":", maxSplits: 1).map { String($0.trimmed) }
      let condition = halves.first?.split(separator: "=", maxSplits: 1).map { String($0.trimmed) }
      guard halves.count == 2, let condition, condition.count == 2 else {
        throw failure("\"\(rule)\" is not of the form key=value:adapter")
      }
      guard let set = context.setByAdapter[halves[1]] else {
        throw failure(
          "unknown adapter \"\(halves[1])\""
            + Suggestion.hint(for: halves[1], in: Array(context.setByAdapter.keys)))
      }
      return (key: condition[0], value: condition[1], set: set)
    }
    chosen = context.metadata.map { fields in
      parsed.first { rule in fields.contains { $0.key == rule.key && $0.value == rule.value } }?.set
        ?? -1
    }
  }

  public mutating func select(for request: Request) -> AdapterSetID {
    let index = Int(request.metadata)
    guard chosen.indices.contains(index), chosen[index] >= 0 else { return request.adapterSet }
    return chosen[index]
  }
}

/// An A/B split: each session (or tenant) is dealt to a variant once and stays with it, in
/// proportion to the variants' weights, whatever else arrives.
public struct Split: SelectionPolicy, ~Copyable {
  /// What a sticky choice holds on to.
  public enum Unit: String, CaseIterable, Sendable { case session, tenant }

  private let variants: [(set: AdapterSetID, upTo: Double)]
  private let unit: Unit
  private let seed: UInt64

  /// - Parameters:
  ///   - variants: adapters' sets with weights, none negative, one above 0.
  ///   - unit: what stays with its variant.
  ///   - seed: another seed deals anew.
  public init(variants: [(set: AdapterSetID, weight: Double)], unit: Unit, seed: UInt64) {
    let total = variants.reduce(0) { $0 + $1.weight }
    var sum = 0.0
    self.variants = variants.map {
      sum += $0.weight / total
      return ($0.set, sum)
    }
    self.unit = unit
    self.seed = seed
  }

  public mutating func select(for request: Request) -> AdapterSetID {
    let entity = unit == .session ? request.session : request.tenant
    var draw = RandomStream(
      seed: seed, purpose: "selection.split", entity: UInt64(UInt32(bitPattern: entity)))
    let x = draw.uniform()
    return (variants.first { x < $0.upTo } ?? variants[variants.count - 1]).set
  }
}

extension Substring {
  fileprivate var trimmed: Substring {
    var text = self
    while text.first == " " { text = text.dropFirst() }
    while text.last == " " { text = text.dropLast() }
    return text
  }
}

import Orchestration
import Primitives

/// Decides whether an adapter that is missed is worth a place, whatever policy evicts.
///
/// It stands before an eviction policy (see ``AdmittedEviction``), which sees only what it lets
/// through.
public protocol AdmissionFilter: ~Copyable, Sendable {
  /// A request for an adapter, whether it is in the tier or not; told before anything is decided.
  mutating func requested(_ adapter: AdapterID)
  /// Whether an adapter that was requested and that the policy does not hold may come.
  mutating func admits(_ adapter: AdapterID) -> Bool
  /// Whether an adapter that may come is worth more than the one that would go for it.
  mutating func prefers(_ incoming: AdapterID, to victim: AdapterID) -> Bool
  /// The tier's capacity has changed.
  mutating func capacityChanged(to capacity: Bytes)
}

extension AdmissionFilter where Self: ~Copyable {
  /// Most filters remember nothing.
  public mutating func requested(_ adapter: AdapterID) {}
  /// Most filters look only at what comes.
  public mutating func prefers(_ incoming: AdapterID, to victim: AdapterID) -> Bool { true }
  /// Most filters do not need to know.
  public mutating func capacityChanged(to capacity: Bytes) {}
}

/// An entry for an admission filter.
public typealias AdmissionEntry = PolicyEntry<EvictionContext, any AdmissionFilter & ~Copyable>

extension PolicyRegistry {
  /// The admission filters that ship, simplest first. Each is described in its own file.
  public static let builtInAdmission: [AdmissionEntry] = [
    .always, .probability, .size, .sizeProbability, .secondRequest, .tinyLFU, .adaptSize,
  ]
}

extension EvictionEntry {
  /// The same policy with a filter before it where the parameter `admission` names one, whose own
  /// parameters begin with `admission.`.
  func withAdmission() -> EvictionEntry {
    let admission = PolicyParameter(
      "admission", "always",
      "which adapters may come: "
        + PolicyRegistry.builtInAdmission.map(\.name).joined(separator: ", ")
        + "; its parameters are written admission.KEY")
    return EvictionEntry(
      name, summary, idea: idea, cost: cost, isClairvoyant: isClairvoyant,
      parameters: parameters + [admission], source: source
    ) { context, parameters in
      guard let filter = parameters.string("admission") else {
        return try make(context, &parameters)
      }
      let admitted = AdmittedEviction(
        try make(context, &parameters),
        by: try PolicyRegistry.make(
          try parameters.nested("admission", owner: filter), kind: "admission",
          from: PolicyRegistry.builtInAdmission, context),
        count: context.count)
      return admitted
    }
  }
}

import Orchestration
import Primitives

/// How large a cache is, as people say it.
public enum CacheSize: Sendable, Hashable {
  /// So many objects, whatever their sizes.
  case slots(Int)
  /// So many bytes.
  case bytes(Bytes)
  /// A share of the bytes of all objects of the trace.
  case share(Double)

  /// Parses `5%`, `256MiB` or `1048576`; nil if it is neither, or nothing would fit.
  public init?(_ text: String) {
    if text.hasSuffix("%") {
      guard let percent = Double(text.dropLast()), percent > 0, percent <= 1e6 else { return nil }
      self = .share(percent / 100)
    } else {
      guard let bytes = Quantity.bytes(text), bytes > 0 else { return nil }
      self = .bytes(bytes)
    }
  }

  /// Whether it is a number of objects.
  public var countsSlots: Bool { if case .slots = self { true } else { false } }

  /// What fits, in objects for slots and in bytes otherwise: at least 1.
  public func capacity(for trace: ObjectTrace) -> Bytes {
    switch self {
    case .slots(let slots): Bytes(slots)
    case .bytes(let bytes): bytes
    case .share(let share): max(1, Bytes((share * Double(trace.workingSet)).rounded(.down)))
    }
  }

  /// What a policy of a cache of this size knows.
  public func context(
    for trace: ObjectTrace, seed: UInt64, future: RequestedFuture? = nil
  ) -> EvictionContext {
    let capacity = capacity(for: trace)
    var slots: Int?
    if case .slots(let count) = self { slots = count }
    return EvictionContext(
      tier: .device, bytes: trace.bytes, loadCost: trace.loadCost, seed: seed, slots: slots,
      capacity: capacity, keys: trace.keys, future: future)
  }
}

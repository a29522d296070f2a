import BasicContainers
import Orchestration
import Primitives

/// TinyLFU: what comes must have been requested more often lately than what would go for it.
///
/// Requests are counted up to 15; after each sample of ten times as many requests as the tier holds
/// adapters, all counts are halved, so that what was popular fades. Adapters have dense ids: the
/// counts are exact, where a cache of unbounded keys estimates them with a sketch and a doorkeeper.
/// Several small victims are compared with what comes one after the other.
/// G. Einziger, R. Friedman, B. Manes, "TinyLFU: a highly efficient cache admission policy", ACM
/// Transactions on Storage 13(4), 2017, doi:10.1145/3149371.
public struct TinyLFU: AdmissionFilter, ~Copyable {
  struct Count: BitwiseCopyable {
    var value: UInt8
    /// Halvings that it has been through.
    var halvings: Int32
  }

  private static let most: UInt8 = 15

  private var counts: UniqueArray<Count>
  private var halvings: Int32 = 0
  private var sinceHalving = 0
  private var sample: Int
  private let factor: Int
  private let meanSize: Double

  /// Nothing counted yet.
  /// - Parameter factor: requests between halvings, for each adapter that the tier holds.
  public init(_ context: EvictionContext, factor: Int = 10) {
    counts = UniqueArray(repeating: Count(value: 0, halvings: 0), count: context.count)
    self.factor = factor
    let total = context.sizes.reduce(0.0) { $0 + Double($1) }
    meanSize = max(1, total / Double(max(1, context.count)))
    sample = 1
    capacityChanged(to: context.capacity)
  }

  public mutating func capacityChanged(to capacity: Bytes) {
    let held = min(Double(capacity) / meanSize, Double(counts.count))
    sample = factor * max(1, Int(held))
  }

  private func count(of adapter: AdapterID) -> UInt8 {
    let count = counts[Int(adapter)]
    return count.value >> min(7, halvings - count.halvings)
  }

  public mutating func requested(_ adapter: AdapterID) {
    counts[Int(adapter)] = Count(
      value: min(Self.most, count(of: adapter) + 1), halvings: halvings)
    sinceHalving += 1
    guard sinceHalving >= sample else { return }
    sinceHalving = 0
    halvings += 1
  }

  public mutating func admits(_ adapter: AdapterID) -> Bool { true }

  public mutating func prefers(_ incoming: AdapterID, to victim: AdapterID) -> Bool {
    count(of: incoming) > count(of: victim)
  }
}

extension AdmissionEntry {
  static let tinyLFU = AdmissionEntry(
    "tinylfu", "what was requested more often lately than the victim may come",
    idea: """
      Requests are counted, and all counts halved now and then. What comes must have a higher count \
      than what would go for it.
      """, cost: "O(1)",
    parameters: [
      PolicyParameter("sample", "10", "requests between halvings, for each adapter the tier holds")
    ], source: "Einziger et al., ACM ToS 13(4), 2017, doi:10.1145/3149371"
  ) { context, parameters in
    TinyLFU(context, factor: try parameters.int("sample", default: 10, in: 1...1_000_000))
  }
}

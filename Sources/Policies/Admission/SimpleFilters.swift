import BasicContainers
import Foundation
import Orchestration
import Primitives

/// Admits everything.
public struct AlwaysAdmission: AdmissionFilter {
  /// Makes the filter.
  public init() {}

  public mutating func admits(_ adapter: AdapterID) -> Bool { true }
}

/// Admits what has been requested before: one-hit wonders take no room.
///
/// Elsewhere a Bloom filter remembers what was requested. Adapters have dense ids, so a bit for each
/// does it exactly. B. Maggs, R. Sitaraman, "Algorithmic nuggets in content delivery", SIGCOMM CCR
/// 45(3), 2015.
public struct SecondRequestAdmission: AdmissionFilter, ~Copyable {
  private var wasMissed: UniqueArray<Bool>

  /// Nothing requested yet of `count` adapters.
  public init(count: Int) { wasMissed = UniqueArray(repeating: false, count: count) }

  public mutating func admits(_ adapter: AdapterID) -> Bool {
    defer { wasMissed[Int(adapter)] = true }
    return wasMissed[Int(adapter)]
  }
}

/// Admits what is no larger than a limit.
public struct SizeAdmission: AdmissionFilter {
  private let bytes: [Bytes]
  private let limit: Bytes

  /// Makes the filter.
  public init(bytes: [Bytes], limit: Bytes) {
    self.bytes = bytes
    self.limit = limit
  }

  public mutating func admits(_ adapter: AdapterID) -> Bool { bytes[Int(adapter)] <= limit }
}

/// Admits each adapter with a probability of its own, by lot at every miss.
public struct ChanceAdmission: AdmissionFilter {
  private let chances: [Double]
  private var random: Lehmer

  /// Makes the filter.
  /// - Parameter chances: the probability for each adapter.
  public init(chances: [Double], seed: UInt64) {
    self.chances = chances
    random = Lehmer(seed: seed)
  }

  public mutating func admits(_ adapter: AdapterID) -> Bool {
    random.admissionLot() < chances[Int(adapter)]
  }
}

extension Lehmer {
  /// A number in [0, 1) with seven decimals, as libCacheSim draws it for admission.
  mutating func admissionLot() -> Double { Double(next() % 10_000_000) / 1e7 }
}

extension PolicyParameter {
  static let admissionSeed = PolicyParameter("seed", "the run's", "seed of the lots")
}

extension AdmissionEntry {
  static let always = AdmissionEntry(
    "always", "everything may come", cost: "O(1)", source: "common practice"
  ) { _, _ in AlwaysAdmission() }

  static let probability = AdmissionEntry(
    "prob", "each may come with one probability",
    idea: "A lot at every miss: what is requested often comes sooner or later.", cost: "O(1)",
    parameters: [
      PolicyParameter("probability", "0.5", "of being admitted"), PolicyParameter.admissionSeed,
    ], source: "libCacheSim, prob"
  ) { context, parameters in
    let chance = try parameters.double("probability", default: 0.5, in: 0...1)
    return ChanceAdmission(
      chances: context.bytes.map { _ in chance }, seed: try parameters.seed(default: context.seed))
  }

  static let size = AdmissionEntry(
    "size", "what is no larger than a limit may come", cost: "O(1)",
    parameters: [PolicyParameter("limit", "no limit", "the largest size that may come")],
    source: "libCacheSim, size"
  ) { context, parameters in
    SizeAdmission(bytes: context.bytes, limit: try parameters.bytes("limit") ?? .max)
  }

  static let sizeProbability = AdmissionEntry(
    "size-prob", "the smaller, the likelier it may come",
    idea: "A lot at every miss: exp(-exponent x bytes) is the probability of being admitted.",
    cost: "O(1)",
    parameters: [
      PolicyParameter("exponent", "1e-6", "how fast the probability falls with a byte"),
      PolicyParameter.admissionSeed,
    ], source: "Berger et al., NSDI'17 (Exp-LRU); libCacheSim, sizeProbabilistic"
  ) { context, parameters in
    let exponent = try parameters.double("exponent", default: 1e-6, in: 0...1)
    return ChanceAdmission(
      chances: context.bytes.map { exp(-exponent * Double($0)) },
      seed: try parameters.seed(default: context.seed))
  }

  static let secondRequest = AdmissionEntry(
    "bloom", "what has been missed before may come",
    idea: "The first miss is only remembered, so that what is requested once takes no room.",
    cost: "O(1)", source: "Maggs and Sitaraman, SIGCOMM CCR 45(3), 2015; libCacheSim, bloomfilter"
  ) { context, _ in SecondRequestAdmission(count: context.count) }
}

extension Parameters {
  mutating func seed(default value: UInt64) throws -> UInt64 {
    try optionalInt("seed", in: 0...Int.max).map { UInt64($0) } ?? value
  }
}

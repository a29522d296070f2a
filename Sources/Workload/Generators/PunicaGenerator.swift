import Foundation
import Primitives

/// The workload of Punica, with its four popularities.
///
/// L. Chen et al., "Punica: Multi-Tenant LoRA Serving", MLSys'24; functions `get_lora_lens` and
/// `generate_request_set` in its repository's `benchmarks/`. Counts of requests are fixed and
/// their order is shuffled. What it calls Zipf-1.5 is geometric: each adapter gets 1.5 times the
/// requests of the next.
struct PunicaGenerator: TraceGenerator {
  static let name = "punica"
  static let summary = "Punica's recipe: four popularities with fixed counts, order shuffled"
  static let usage =
    "[popularity=distinct|uniform|skewed|identical] [ratio=1.5] [maxlen=2048] "
    + "[arrivals=closed|poisson] [rate=1]"

  private enum Popularity: String, CaseIterable {
    /// Each request its own adapter.
    case distinct
    /// ceil(sqrt(n)) adapters with equal counts.
    case uniform
    /// Geometric.
    case skewed
    /// One adapter.
    case identical
  }
  private enum Arrivals: String, CaseIterable {
    /// All requests wait at time 0: a closed queue.
    case closed
    case poisson
  }

  private let popularity: Popularity
  private let ratio: Double
  private let maxLength: Int
  private let arrivals: Arrivals
  private let rate: Double

  init(_ parameters: inout Parameters) throws {
    popularity = try parameters.choice("popularity", default: .skewed)
    ratio = try parameters.double("ratio", default: 1.5, in: 1.01...1000)
    maxLength = try parameters.int("maxlen", default: 2048, in: 4...Int(Int32.max))
    let rate = try parameters.optionalDouble("rate", in: 1e-9...1e9)
    arrivals = try parameters.choice("arrivals", default: rate == nil ? .closed : .poisson)
    if arrivals == .closed, rate != nil {
      throw parameters.invalid("rate", "a closed queue has no rate")
    }
    self.rate = rate ?? 1
  }

  func generate(requests: Int, seed: UInt64) throws -> Trace {
    var columns = try GeneratedColumns(requests: requests)
    for count in counts(requests) {
      let set = columns.addAdapter(rank: 16)
      columns.adapterSet.append(contentsOf: repeatElement(set, count: count))
    }
    var order = RandomStream(seed: seed, purpose: "punica adapters")
    columns.adapterSet.shuffle(using: &order)
    switch arrivals {
    case .closed: columns.arrival = Array(repeating: 0, count: requests)
    case .poisson:
      var gaps = RandomStream(seed: seed, purpose: "punica arrivals")
      columns.arrival = try RenewalProcess(.poisson, rate: rate, cv: 1)
        .arrivals(requests, &gaps, name: Self.name)
    }
    var lengths = RandomStream(seed: seed, purpose: "punica lengths")
    for _ in 0..<requests {
      // scipy's lognorm(0.8, -1, 18), cut to a whole number; at least 1 here, where the code
      // allows empty prompts. Two tokens at least come out.
      let drawn = min(18 * exp(0.8 * lengths.normal()) - 1, Double(maxLength - 2))
      let prompt = max(1, Int(drawn))
      let total = max(prompt + 2, lengths.index(below: maxLength))
      columns.promptTokens.append(Int32(prompt))
      columns.outputTokens.append(Int32(total - prompt))
    }
    return columns.trace(
      name: Self.name, origin: "generator punica \(popularity.rawValue), seed \(seed)")
  }

  /// Requests of each adapter, the most popular first; they sum to `requests`.
  func counts(_ requests: Int) -> [Int] {
    guard requests > 0 else { return [] }
    switch popularity {
    case .identical: return [requests]
    case .distinct: return Array(repeating: 1, count: requests)
    case .uniform:
      let adapters = Int(Double(requests).squareRoot().rounded(.up))
      let (each, rest) = requests.quotientAndRemainder(dividingBy: adapters)
      return (0..<adapters).map { each + ($0 < rest ? 1 : 0) }
    case .skewed:
      var counts: [Int] = []
      var left = requests
      var next = 1.0
      while left > Int(next) {
        counts.append(Int(next))
        left -= Int(next)
        next *= ratio
      }
      return (counts + [left]).sorted(by: >)
    }
  }
}

import Primitives

/// The synthetic workload of S-LoRA, as its code makes it.
///
/// Y. Sheng et al., "S-LoRA: Serving Thousands of Concurrent LoRA Adapters", MLSys'24; function
/// `generate_requests` in its repository's `benchmarks/trace.py`: one global Gamma renewal process
/// (the paper speaks of one per adapter), adapter `floor(n X)` with X from numpy's `power(alpha)`,
/// and integer lengths uniform over half-open ranges. At alpha 1 adapters are uniform.
struct SLoRAGenerator: TraceGenerator {
  static let name = "s-lora"
  static let summary = "S-LoRA's recipe: Gamma arrivals, power-law adapters drawn i.i.d."
  static let usage =
    "[adapters=200] [alpha=1] [rate=2] [cv=1] [prompt=8,512] [output=8,512] [ranks=8]"

  private let adapters: Int
  private let alpha: Double
  private let arrivals: RenewalProcess
  private let prompt: Range<Int32>
  private let output: Range<Int32>
  private let ranks: [Int32]

  init(_ parameters: inout Parameters) throws {
    adapters = try parameters.int("adapters", default: 200, in: 1...10_000_000)
    alpha = try parameters.double("alpha", default: 1, in: 0.01...1000)
    let rate = try parameters.double("rate", default: 2, in: 1e-9...1e9)
    let cv = try parameters.double("cv", default: 1, in: 0.01...50)
    arrivals = RenewalProcess(.gamma, rate: rate, cv: cv)
    prompt = try parameters.tokenRange("prompt", default: 8..<512)
    output = try parameters.tokenRange("output", default: 8..<512)
    ranks = try parameters.ranks("ranks", default: [8])
  }

  func generate(requests: Int, seed: UInt64) throws -> Trace {
    var columns = try GeneratedColumns(requests: requests)
    for index in 0..<adapters { columns.addAdapter(rank: ranks[index % ranks.count]) }
    var gaps = RandomStream(seed: seed, purpose: "s-lora arrivals")
    // The code adds the first gap before the first request; a trace starts at its first request.
    columns.arrival = try arrivals.arrivals(requests, &gaps, name: Self.name)
    var choice = RandomStream(seed: seed, purpose: "s-lora adapters")
    var lengths = RandomStream(seed: seed, purpose: "s-lora lengths")
    for _ in 0..<requests {
      let index = min(Int(Double(adapters) * choice.power(alpha)), adapters - 1)
      columns.adapterSet.append(Int32(index + 1))
      columns.promptTokens.append(Int32.random(in: prompt, using: &lengths))
      columns.outputTokens.append(Int32.random(in: output, using: &lengths))
    }
    return columns.trace(name: Self.name, origin: "generator s-lora, seed \(seed)")
  }
}

extension Parameters {
  /// Token counts as `low,high`, half-open as in numpy's `randint`.
  fileprivate mutating func tokenRange(
    _ key: String, default value: Range<Int32>
  ) throws -> Range<Int32> {
    guard let numbers = try doubles(key) else { return value }
    let bounds = numbers.compactMap { Int32(exactly: $0) }
    guard numbers.count == 2, bounds.count == 2, bounds[0] >= 1, bounds[0] < bounds[1] else {
      throw invalid(key, "expected two whole numbers LOW,HIGH with 1 <= LOW < HIGH")
    }
    return bounds[0]..<bounds[1]
  }

  /// A list of LoRA ranks.
  mutating func ranks(_ key: String, default value: [Int32]) throws -> [Int32] {
    guard let numbers = try doubles(key) else { return value }
    let ranks = numbers.compactMap { Int32(exactly: $0) }.filter { (1...65_536).contains($0) }
    guard ranks.count == numbers.count else {
      throw invalid(key, "expected whole numbers from 1 to 65536")
    }
    return ranks
  }
}

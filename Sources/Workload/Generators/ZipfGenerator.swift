import Primitives

/// Independent draws from a law of popularity: what most papers use, and what real traces are not.
struct ZipfGenerator: TraceGenerator {
  static let name = "zipf"
  static let summary =
    "Adapters drawn i.i.d. from a Zipf (or other) law: no reuse in time beyond it"
  static let usage =
    "[adapters=200] [popularity=zipf(1)] [rate=2] [process=poisson] [cv=1] [prompt=...] "
    + "[output=...] [correlation=0]"

  private let adapters: Int
  private let popularity: AliasTable
  private let arrivals: RenewalProcess
  private let lengths: LengthModel

  init(_ parameters: inout Parameters) throws {
    adapters = try parameters.int("adapters", default: 200, in: 1...10_000_000)
    let law = try parameters.popularity("popularity", default: .zipf(exponent: 1))
    guard let table = AliasTable(weights: law.weights(adapters)) else {
      throw parameters.invalid("popularity", "the weights of \(adapters) adapters are not finite")
    }
    popularity = table
    arrivals = try RenewalProcess(&parameters, rate: 2)
    lengths = try LengthModel(
      &parameters, prompt: .defaultPrompt, output: .defaultOutput)
  }

  func generate(requests: Int, seed: UInt64) throws -> Trace {
    var columns = try GeneratedColumns(requests: requests)
    for _ in 0..<adapters { columns.addAdapter() }
    var gaps = RandomStream(seed: seed, purpose: "zipf arrivals")
    columns.arrival = try arrivals.arrivals(requests, &gaps, name: Self.name)
    var choice = RandomStream(seed: seed, purpose: "zipf adapters")
    var sizes = RandomStream(seed: seed, purpose: "zipf lengths")
    for _ in 0..<requests {
      columns.adapterSet.append(Int32(popularity.draw(&choice) + 1))
      let (prompt, output) = lengths.draw(&sizes)
      columns.promptTokens.append(prompt)
      columns.outputTokens.append(output)
    }
    return columns.trace(
      name: Self.name, origin: "generator zipf (independent draws), seed \(seed)")
  }
}

extension Distribution {
  /// Mean 500 tokens, with the long right tail of real prompts.
  static let defaultPrompt = Distribution.lognormal(median: 303.3, sigma: 1)
  /// Mean 200 tokens.
  static let defaultOutput = Distribution.lognormal(median: 151, sigma: 0.75)
}

import ArgumentParser
import Foundation
import Inference
import Primitives

extension EngineFault: ExpressibleByArgument {}

/// `pitwall engine verify`
struct EngineVerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Prove that requests in any company give the tokens that they give alone.",
    discussion: """
      Requests over many random adapters run in random batches, orders and pieces, while adapters \
      are evicted, loaded again, also with other weights under the same id, merged and unmerged. \
      Each must give the tokens that it gives alone on a fresh engine, and the base weights must be \
      the same bits afterwards. Exits with 1 where that does not hold. --plant puts a fault into \
      the engine under test, which must be found.

      Without a model, a small random one is made.

      EXAMPLES
        pitwall engine verify --requests 500 --adapters 48
        pitwall engine verify smollm2 --requests 100
        pitwall engine verify --plant stale-slot
      """)

  @Argument(help: "A GGUF file, a Hugging Face folder, or the name of a fetched model.")
  var model: String?
  @Option(help: "Requests.") var requests = 500
  @Option(help: "Adapters, each in two versions.") var adapters = 48
  @Option(help: "Keep weights widened to 32 bits, or packed as the file has them.")
  var weights = WeightStorage.widened
  @Option(help: "Threads that compute (default: one for each core).") var threads: Int?
  @Option(help: "Tokens of a key-value block, a multiple of 16.") var block = 16
  @Option(help: "The seed.") var seed: UInt64 = 1
  @Option(help: "A fault to plant in the engine under test.") var plant: EngineFault?
  @Option(help: "How to print the result.") var format = OutputFormat.table

  func validate() throws { try EngineOptions.check(block: block) }

  func run() throws {
    try NumberOption.check(requests, "--requests", in: 1...1_000_000)
    try NumberOption.check(adapters, "--adapters", in: 1...4096)
    try EngineOptions.check(threads: threads)
    let result = try TemporaryFolder.use { try verify(in: $0) }
    print(table(result).rendered(as: format), terminator: "")
    for difference in result.differences.prefix(5) {
      Terminal.write(difference + "\n")
    }
    guard result.passes else { throw ExitCode(1) }
  }

  private func verify(in folder: String) throws -> Verification.Result {
    let checkpoint = try Checkpoint.open(modelPath(in: folder))
    var configuration = EngineConfiguration()
    configuration.storage = weights
    configuration.kvBlockTokens = block
    if let threads { configuration.workers = threads }
    let progress = CountProgress(requests, of: "requests", isShown: Terminal.isInteractive)
    defer { progress.clear() }
    return try Verification(requests: requests, seed: seed, fault: plant).run(
      checkpoint, adapters: makeAdapters(checkpoint.configuration, in: folder),
      configuration: configuration
    ) { _ in _ = progress.advance() }
  }

  private func modelPath(in folder: String) throws -> String {
    if let model {
      return try ModelLibrary(environment: ProcessInfo.processInfo.environment).resolve(model)
    }
    let path = folder + "/model"
    let shape = ModelConfiguration(
      hiddenSize: 64, layers: 3, heads: 4, keyValueHeads: 2, headSize: 16, feedForwardSize: 160,
      vocabularySize: 512, maxContext: 256, ropeTheta: 10_000, normEpsilon: 1e-5,
      tiesEmbeddings: true)
    try RandomModel(configuration: shape, seed: seed).write(to: path)
    return path
  }

  /// Ranks and matrices of every kind.
  private func makeAdapters(_ model: ModelConfiguration, in folder: String) throws
    -> [[LoRAAdapter]]
  {
    let ranks = [4, 8, 16, 32, 64]
    return try (0..<adapters).map { number in
      try (0..<2).map { version in
        let synthesis = AdapterSynthesis(
          rank: ranks[number % ranks.count], alpha: Double(2 * ranks[number % ranks.count]),
          usesRSLoRA: number % 7 == 0,
          projections: number % 3 == 0 ? Set(Projection.allCases) : [.query, .value],
          strength: 1, seed: seed &+ UInt64(version))
        let path = "\(folder)/\(number)-\(version)"
        let type: ElementType = [.f32, .f16, .bf16][number % 3]
        try synthesis.make(number: UInt64(number), for: model).write(to: path, as: type)
        return try LoRAAdapter.open(path, for: model)
      }
    }
  }

  private func table(_ result: Verification.Result) -> TextTable {
    var table = TextTable(["figure", "value"])
    let counts = [
      ("requests", result.requests), ("different from alone", result.differences.count),
      ("tokens", result.tokens), ("steps", result.steps), ("loads", result.loads),
      ("evictions", result.evictions), ("loads of other weights", result.changes),
      ("merges", result.merges),
    ]
    for (figure, count) in counts { table.append([.text(figure), .integer(Int64(count))]) }
    let isSame = result.checksums.before == result.checksums.after
    table.append(["base weights", isSame ? "unchanged" : "changed"])
    table.append(["verdict", result.passes ? "passed" : "failed"])
    return table
  }
}

import ArgumentParser
import Inference
import Primitives

/// `pitwall adapter synth`
struct AdapterSynthCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "synth",
    abstract: "Make adapters of random numbers for a model.",
    discussion: """
      Neither A nor B is zero, and the difference of weights B A has about the same size whatever \
      the rank, so that adapters change what the model says and their mixing up would show. The \
      same options give the same bytes.

      EXAMPLES
        pitwall adapter synth smollm2 --output r8
        pitwall adapter synth model.gguf --output r64 --rank 64 --modules all --type bf16
        pitwall adapter synth model.gguf --output many --count 32 --rank 4,8,16,64 --seed 7
      """)

  @Argument(
    help: "A GGUF file, a Hugging Face folder, or the name of a fetched model.", completion: .file()
  )
  var model: String

  @Option(
    help: ArgumentHelp(
      "Where to write; with --count above 1 a folder of folders.", valueName: "folder"),
    completion: .directory)
  var output: String

  @Option(help: "How many; they are numbered from 000.")
  var count = 1

  @Option(help: "The rank; of several, with commas between, each adapter takes the next.")
  var rank = "8"

  @Option(help: "Numerator of the scale (default: twice the rank; with --rslora the rank).")
  var alpha: Double?

  @Option(help: "q_proj, v_proj and so on with commas between; or all, or attention.")
  var modules = "q_proj,v_proj"

  @Option(help: "Precision of the matrices: f32, f16 or bf16.")
  var type = AdapterPrecision.f32

  @Flag(name: .customLong("rslora"), help: "Scale by alpha over the square root of the rank.")
  var usesRSLoRA = false

  @Option(help: "Size of the difference of weights, 1 being that of a model's own.")
  var strength = 0.35

  @Option(help: "The seed.")
  var seed: UInt64 = 1

  func run() throws {
    try NumberOption.check(count, "--count", in: 1...100_000)
    let ranks = try NumberOption.list(rank, "--rank", in: AdapterConfiguration.ranks)
    let projections = try projections()
    try AtomicFolder.checkIsFree(output)
    let model = try Checkpoint.open(named: model).configuration
    guard count > 1 else { return try write(0, rank: ranks[0], projections, model, to: output) }
    try AtomicFolder.write(to: output, makesParents: true) { folder in
      for number in 0..<count {
        let path = "\(folder)/\(name(number))"
        try write(number, rank: ranks[number % ranks.count], projections, model, to: path)
      }
    }
  }

  private func write(
    _ number: Int, rank: Int, _ projections: Set<Projection>, _ model: ModelConfiguration,
    to folder: String
  ) throws {
    let synthesis = AdapterSynthesis(
      rank: rank, alpha: alpha ?? Double(usesRSLoRA ? rank : 2 * rank), usesRSLoRA: usesRSLoRA,
      projections: projections, strength: strength, seed: seed)
    try synthesis.make(number: UInt64(number), for: model).write(to: folder, as: type.elementType)
  }

  /// Numbered with as many digits as the last needs, at least three.
  private func name(_ number: Int) -> String {
    let width = max(3, String(count - 1).count)
    let digits = String(number)
    return String(repeating: "0", count: width - digits.count) + digits
  }

  private func projections() throws -> Set<Projection> {
    switch modules {
    case "all": return Set(Projection.allCases)
    case "attention": return Set(Projection.allCases.filter { $0.block == "self_attn" })
    default:
      let names = Projection.allCases.map(\.name)
      return Set(
        try modules.split(separator: ",", omittingEmptySubsequences: false).map { name in
          guard let projection = Projection.allCases.first(where: { $0.name == name }) else {
            throw PitwallError(
              .usage,
              "--modules: no module \"\(name)\""
                + Suggestion.hint(for: String(name), in: names + ["all", "attention"]))
          }
          return projection
        })
    }
  }
}

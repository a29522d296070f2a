import ArgumentParser
import Foundation
import Inference
import Primitives

/// `pitwall engine bench`
struct EngineBenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Time prefill, decode and adapters against what the machine can do.",
    discussion: """
      Cases take turns within each repeat, so that whatever else the machine does falls on all of \
      them; medians are printed. The shares are of memory bandwidth and of products that the same \
      run measures; "others" is the share of the cores that other programs had meanwhile, and \
      above a few per cent no figure is worth keeping. Without --adapter, random ones are made.

      A decode reads, in a step, all weights, each adapter of the batch and every position of each \
      sequence; that is "MB/step". "over base" is the rate with adapters over that without.
      """)

  @OptionGroup var engine: EngineOptions
  @Option(help: "Batch sizes, with commas between.") var batches = "1,4,16,32"
  @Option(help: "Numbers of distinct adapters, with commas between.") var distinct = "0,1,8,32"
  @Option(help: "Rank of the random adapters.") var rank = 8
  @Flag(help: "Random adapters change all seven matrices, not query and value alone.")
  var allModules = false
  @Option(help: "Tokens of each sequence's prompt.") var prompt = 64
  @Option(help: "Decodes of a case in each repeat.") var tokens = 16
  @Option(help: "Tokens of the prompts whose prefill is timed.") var prefill = 512
  @Option(help: "Repeats.") var repeats = 5
  @Option(help: "How to print the result.") var format = OutputFormat.table

  /// Tokens that a step can have.
  private static let stepTokens = 1...1 << 16

  func run() throws {
    let batches = try NumberOption.list(batches, "--batches", in: 1...4096)
    let distinct = try NumberOption.list(distinct, "--distinct", in: 0...4096)
    try NumberOption.check(rank, "--rank", in: EngineConfiguration.ranks)
    try NumberOption.check(prompt, "--prompt", in: Self.stepTokens)
    try NumberOption.check(prefill, "--prefill", in: Self.stepTokens)
    try NumberOption.check(tokens, "--tokens", in: EngineOptions.tokenCounts)
    try NumberOption.check(repeats, "--repeats", in: 1...1_000_000)
    let adapters = engine.adapters.isEmpty ? distinct.max() ?? 0 : engine.adapters.count
    let cases = EngineBench.cases(
      batches: batches, distinct: distinct.filter { $0 <= adapters }, prefill: prefill)
    guard !cases.isEmpty else {
      throw PitwallError(.usage, "--distinct: more adapters than there are or a batch can have")
    }
    let checkpoint = try engine.checkpoint()
    try check(fits: checkpoint.configuration.maxContext)
    var configuration = try engine.configuration
    configuration.maxSequences = batches.max() ?? 1
    configuration.maxBatchTokens = max(prefill, prompt, configuration.maxSequences)
    try TemporaryFolder.use { folder in
      let folders = try adapterFolders(for: checkpoint.configuration, count: adapters, in: folder)
      let bench = try EngineBench(
        checkpoint, configuration, adapters: folders, prompt: prompt, tokens: tokens)
      try time(cases, by: bench)
    }
  }

  private func time(_ cases: [EngineBench.Case], by bench: EngineBench) throws {
    let meter = CPUMeter()
    let limits = try bench.measureLimits()
    for _ in 0..<repeats { for test in cases { try bench.time(test) } }
    for _ in 0..<repeats {
      try bench.timeAdapters()
      try bench.timeFirstToken()
      try bench.timeBesideLoads(batch: bench.engine.configuration.maxSequences)
    }
    let report = EngineBenchReport(bench: bench, cases: cases, limits: limits)
    print(report.table.rendered(as: format), terminator: "")
    Terminal.write(report.summary(others: meter.others) + "\n")
  }

  /// The adapters that were named, or random ones.
  private func adapterFolders(
    for model: ModelConfiguration, count: Int, in folder: String
  ) throws -> [String] {
    guard engine.adapters.isEmpty else { return engine.adapters.map(\.folder) }
    let synthesis = AdapterSynthesis(
      rank: rank, alpha: 2 * Double(rank),
      projections: allModules ? Set(Projection.allCases) : [.query, .value])
    return try (0..<count).map { number in
      let path = "\(folder)/\(number)"
      try synthesis.make(number: UInt64(number), for: model).write(to: path, as: .f16)
      return path
    }
  }

  /// Refuses sequences that are longer than the model can have them.
  private func check(fits context: Int) throws {
    let lengths = [("--prefill", prefill), ("--prompt", prompt), ("--tokens", prompt + tokens)]
    for (option, length) in lengths where length > context {
      throw PitwallError(
        .usage, "\(option): a sequence of \(length) tokens; the model takes \(context)")
    }
  }
}

/// What share of the cores other programs have.
struct CPUMeter {
  private struct Reading {
    var all = 0.0
    var busy = 0.0
    var own = 0.0
  }

  private let start = CPUMeter.read()

  /// Since the meter was made, from 0 to 1.
  var others: Double {
    let now = CPUMeter.read()
    guard now.all > start.all else { return 0 }
    return max(0, (now.busy - start.busy) - (now.own - start.own)) / (now.all - start.all)
  }

  /// In ticks, from Linux's accounting.
  private static func read() -> Reading {
    func words(_ path: String) -> [Double] {
      let text = String(
        decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
      // Of a process the fields after its name, which may hold anything, in brackets.
      let line = text.split(separator: "\n").first ?? ""
      let fields = line.lastIndex(of: ")").map { line[line.index(after: $0)...] } ?? line
      return fields.split(separator: " ").map { Double($0) ?? 0 }
    }
    let cores = words("/proc/stat")
    let own = words("/proc/self/stat")
    guard cores.count > 8, own.count > 12 else { return Reading() }
    let all = cores[1...8].reduce(0, +)
    return Reading(all: all, busy: all - cores[4] - cores[5], own: own[11] + own[12])
  }
}

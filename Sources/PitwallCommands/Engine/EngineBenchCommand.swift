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

  func validate() throws {
    let counts = EngineOptions.tokenCounts
    guard [prompt, tokens, prefill, repeats].allSatisfy(counts.contains) else {
      throw ValidationError("numbers must be from 1 to \(counts.upperBound)")
    }
  }

  func run() throws {
    let batches = try EngineBenchCommand.numbers(batches, "--batches", from: 1)
    let distinct = try EngineBenchCommand.numbers(distinct, "--distinct", from: 0)
    let checkpoint = try engine.checkpoint()
    var configuration = try engine.configuration
    configuration.maxBatchTokens = max(prefill, prompt, batches.max() ?? 1)
    configuration.maxSequences = max(1, batches.max() ?? 1)
    configuration.maxRank = max(configuration.maxRank, rank)
    let adapters = try BenchAdapters(
      engine.adapters, model: checkpoint.configuration, count: distinct.max() ?? 0, rank: rank,
      projections: allModules ? Set(Projection.allCases) : [.query, .value])
    let bench = try EngineBench(
      checkpoint, configuration, adapters: adapters.folders, prompt: prompt, tokens: tokens)
    let meter = CPUMeter()
    let limits = try bench.measureLimits()
    let cases = EngineBench.cases(
      batches: batches, distinct: distinct.filter { $0 <= bench.adapterCount }, prefill: prefill)
    for _ in 0..<repeats { for test in cases { try bench.time(test) } }
    for _ in 0..<repeats {
      try bench.timeAdapters()
      try bench.timeFirstToken()
      try bench.timeBesideLoads(batch: configuration.maxSequences)
    }
    let report = EngineBenchReport(bench: bench, cases: cases, limits: limits)
    print(report.table.rendered(as: format), terminator: "")
    Terminal.write(report.summary(others: meter.others) + "\n")
  }

  private static func numbers(_ text: String, _ option: String, from least: Int) throws -> [Int] {
    try text.split(separator: ",").map {
      guard let number = Int($0), (least...4096).contains(number) else {
        throw PitwallError(.usage, "\(option): \"\($0)\" is not a number from \(least) to 4096")
      }
      return number
    }
  }
}

/// Adapters to time: those that were named, or random ones in a folder of their own, which goes when
/// they do.
final class BenchAdapters {
  /// PEFT folders.
  let folders: [String]
  private let folder: URL?

  init(
    _ named: [NamedFolder], model: ModelConfiguration, count: Int, rank: Int,
    projections: Set<Projection>
  ) throws {
    guard named.isEmpty else {
      folder = nil
      folders = named.map(\.folder)
      return
    }
    let folder = FileManager.default.temporaryDirectory.appending(path: "pitwall-\(UUID())")
    self.folder = folder
    let synthesis = AdapterSynthesis(
      rank: rank, alpha: 2 * Double(rank), projections: projections)
    folders = try (0..<count).map { number in
      let path = folder.appending(path: "\(number)").path
      try synthesis.make(number: UInt64(number), for: model).write(to: path, as: .f16)
      return path
    }
  }

  deinit { if let folder { try? FileManager.default.removeItem(at: folder) } }
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

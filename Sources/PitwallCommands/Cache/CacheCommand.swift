import ArgumentParser
import CacheReplay
import Foundation
import Orchestration
import Policies
import Primitives
import Reporting

/// `pitwall cache`
struct CacheCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cache",
    abstract: "Replay only the cache: many policies at many sizes, beside the bounds.",
    discussion: """
      Each reference to an adapter, or each record of a libCacheSim trace (oracleGeneral, which is \
      mapped into memory), is a request to a cache that holds nothing at first. Prints the share of \
      the requests, of their bytes and of their load time that missed, and which share of the way \
      from LRU to the best that knows the future a policy goes: LRU is 0, that is 1. pfoo-l is what no \
      cache can be below, in each column by itself (Berger et al., 2018); where objects are equal a \
      cache can reach it, else perhaps not.

      Objects whose size the trace does not say count as 1; all loads take 1 ms unless \
      --load-latency and --load-bandwidth say otherwise. A size that changes counts as it was first.

      --mrc draws miss ratios by size: LRU's exactly at every size (Mattson et al., 1970), the other \
      policies' at --sizes or --slots. --shards samples objects instead (Waldspurger et al., FAST'15) \
      and says how far the estimate may be off.

      --parity replays libCacheSim's own test trace and compares with what its policies miss. Exit \
      code 1: a policy that must be exact is not.

      EXAMPLES
        pitwall cache gentd26_timed_dev.csv --slots 8,16,32
        pitwall cache day.oracleGeneral.bin --policies lru,sieve --sizes 1%,5%,256MiB
        pitwall cache day.oracleGeneral.bin --policies "slru segments=5,arc" --format csv
        pitwall cache day.oracleGeneral.bin --policies s3-fifo,arc --mrc charts --shards 0.01
        pitwall cache gentd26_timed_dev.csv --slots 8,16 --level "day=fold span=1d" \
          --level "hour=fold span=1h" --report Reports/out/cache
        pitwall cache --parity
      """)

  @Argument(
    help: "The trace: any format that pitwall trace reads, or a generator file.",
    completion: .file())
  var trace: String?

  @Option(
    help: ArgumentHelp(
      "all, or policies with commas between, each with its parameters.", valueName: "list"))
  var policies = "all"

  @Option(
    help: ArgumentHelp(
      "Sizes with commas between: shares of the bytes of all objects, or bytes.", valueName: "list")
  )
  var sizes: CacheSizeList?

  @Option(help: ArgumentHelp("Sizes in objects, with commas between.", valueName: "list"))
  var slots: SlotList?

  @Option(
    name: .customLong("warm-up"),
    help: ArgumentHelp("Requests that are not counted: a number, or a share such as 10%."))
  var warmUp = WarmUp.none

  @OptionGroup var load: LoadCostOptions
  @OptionGroup var traceOptions: TraceOptions

  @OptionGroup var keeping: CacheKeeping

  @Flag(name: .customLong("no-bounds"), help: "Leave out LRU and the bounds where not asked for.")
  var noBounds = false

  @Option(
    help: ArgumentHelp("Draw miss-ratio curves into a folder; needs gnuplot.", valueName: "folder"),
    completion: .directory)
  var mrc: String?

  @Option(
    help: ArgumentHelp(
      "Sample LRU's curve: a share of the objects (0.01), or a number of them (8192).",
      valueName: "sample"))
  var shards: ShardsSample?

  @OptionGroup var parity: ParityOptions

  @Option(help: "Replays at a time (default: one for each core).") var threads: Int?
  @Option(help: "How to print the result.") var format = OutputFormat.table
  @Flag(name: .shortAndLong, help: "Show no progress.") var quiet = false

  func validate() throws {
    if (trace == nil) != parity.parity { throw ValidationError("name a trace, or --parity") }
    if sizes != nil && slots != nil { throw ValidationError("--sizes and --slots exclude another") }
    if shards != nil && mrc == nil { throw ValidationError("--shards is for --mrc") }
    if let threads, threads < 1 { throw ValidationError("--threads must be at least 1") }
  }

  private var workers: Int { threads ?? ProcessInfo.processInfo.activeProcessorCount }

  func run() async throws {
    guard let trace else { return try await runParity() }
    let known = Pitwall.registry.eviction
    let names = try CachePolicyList.names(policies, among: known)
    let bounds = noBounds ? [] : known.filter(\.isClairvoyant).map(\.name)
    let extra = noBounds ? [] : (["lru"] + bounds).filter { !names.contains($0) }
    let start = Date()
    var replays: [CacheReplays] = []
    for level in levels {
      let sweep = try sweep(trace, level.transforms, policies: names + extra, known)
      replays.append(
        CacheReplays(
          workload: level.name ?? sweep.trace.name,
          transforms: traceOptions.apply + level.transforms, sweep: sweep,
          cells: try await replay(sweep)))
    }
    let levels = replays.map { replay in
      (
        keeping.level.isEmpty ? nil : replay.workload,
        replay.cells + (noBounds ? [] : replay.sweep.lowerBounds())
      )
    }
    print(CacheTable(levels).table.rendered(as: format), terminator: "")
    if mrc != nil { for replay in replays { try await draw(replay) } }
    try await keeping.keep(replays.flatMap { $0.runs(startedAt: start) })
  }

  /// The levels of load; one without a name where none was asked for.
  private var levels: [(name: String?, transforms: [String])] {
    keeping.level.isEmpty ? [(nil, [])] : keeping.level.map { ($0.name, [$0.transform]) }
  }

  private func sweep(
    _ trace: String, _ transforms: [String], policies: [String], _ known: [EvictionEntry]
  ) throws -> CacheSweep {
    var options = traceOptions
    options.apply += transforms
    let objects = try options.openObjects(trace, cost: load.cost)
    if objects.resized > 0 {
      Terminal.note(
        "note: \(objects.resized) requests gave their object another size; its first counts")
    }
    if objects.unsized > 0 && objects.unsized < objects.keys.count {
      Terminal.note(
        "note: \(objects.unsized) adapters have no size in the trace and count as 1 byte")
    }
    var sweep = CacheSweep(objects, policies: policies, sizes: cacheSizes, known: known)
    sweep.seed = traceOptions.seed
    sweep.warmUp = warmUp.requests(of: objects.count)
    return sweep
  }

  private func draw(_ replay: CacheReplays) async throws {
    guard var folder = mrc else { return }
    if !keeping.level.isEmpty { folder += "/" + replay.workload }
    let curves = CacheCurves(
      replay.sweep.trace, cells: replay.cells, inSlots: slots != nil, sample: shards?.sample)
    let charts = try await Gnuplot().save(curves.charts, to: folder)
    Terminal.note("\(charts.count) charts in \(folder)")
    if let note = curves.note { Terminal.note(note) }
  }

  /// Where nothing is asked for: a few sizes for a table, many for a curve.
  private var cacheSizes: [CacheSize] {
    if let sizes { return sizes.sizes }
    if let slots { return slots.slots.map { .slots($0) } }
    let shares = mrc == nil ? [0.01, 0.05, 0.1] : [0.001, 0.003, 0.01, 0.03, 0.1, 0.2, 0.4, 0.8]
    return shares.map { .share($0) }
  }

  private func replay(_ sweep: CacheSweep) async throws -> [CacheSweep.Cell] {
    let progress = CountProgress(sweep.count, of: "replays", isShown: !quiet)
    let interruption = Interruption { progress.stop() }
    defer {
      interruption.end()
      progress.clear()
    }
    do {
      return try await sweep.run(threads: workers) { progress.advance() }
    } catch is CancellationError {
      throw ExitCode(130)
    }
  }

  private func runParity() async throws {
    let truth = try ParityTruth(reading: parity.truth)
    let objects = try ObjectTrace(opening: parity.trace)
    let progress = CountProgress(truth.entries.count, of: "replays", isShown: !quiet)
    defer { progress.clear() }
    let results = try await Parity.compare(
      truth, objects, known: Pitwall.registry.eviction, threads: workers
    ) { progress.advance() }
    let output = ParityOutput(results)
    print(output.rendered(as: format), terminator: "")
    if !output.isMet { throw ExitCode(1) }
  }
}

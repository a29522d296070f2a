import ArgumentParser
import CacheReplay
import Foundation
import Orchestration
import Policies
import Primitives
import Workload

/// `pitwall bench cache`
struct BenchCacheCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cache",
    abstract: "Time the replay of a cache on one core, beside libCacheSim.",
    discussion: """
      Makes a trace of independent requests with Zipf popularity as a file (oracleGeneral, objects of \
      one byte) and replays it with each policy on one thread. A timing begins with opening the file, \
      which is mapped into memory, and ends with the miss ratio; the column dense leaves out the \
      reading and numbering of objects, as for a catalogue of adapters. A request's time \
      is its index. Times are of the processor, in rounds in which all policies take turns; medians \
      are printed.

      With --peer, a Python that has libcachesim, its process_trace takes its turn after each policy, \
      on the same file and at the same size, opening it likewise. The ratio is of two timings of one \
      round; the median over the rounds is printed.

      EXAMPLES
        pitwall bench cache
        pitwall bench cache --policies lru,sieve --rounds 9
        pitwall bench cache --peer peers/bin/python --format csv
      """)

  @Option(help: "Requests of the trace.") var requests = 5_000_000
  @Option(help: "Objects.") var objects = 100_000
  @Option(help: "The exponent of Zipf's law.") var skew = 1.0
  @Option(help: "The cache, as a share of the objects or in bytes, which each take one.")
  var size = CacheSizeList(.share(0.1))
  @Option(help: "all, or policies with commas between.") var policies = "all"
  @Option(help: "Rounds.") var rounds = 5
  @Option(help: "The seed of the trace and of policies that draw lots.") var seed: UInt64 = 1
  @Option(
    help: ArgumentHelp(
      "Take this trace, of oracleGeneral, instead of making one.", valueName: "file"),
    completion: .file())
  var trace: String?
  @Option(help: ArgumentHelp("A Python with libcachesim.", valueName: "program"))
  var peer: String?
  @Option(help: "How to print the result.") var format = OutputFormat.table
  @Flag(name: .shortAndLong, help: "Show no progress.") var quiet = false

  func validate() throws {
    guard requests > 0, objects > 0, rounds > 0, skew >= 0 else {
      throw ValidationError("numbers must be above 0")
    }
    guard size.sizes.count == 1 else { throw ValidationError("--size: expected one size") }
  }

  func run() async throws {
    let names = try CachePolicyList.names(policies, among: Pitwall.registry.eviction)
    let temporary = FileManager.default.temporaryDirectory
      .appending(
        path: "pitwall-bench-\(ProcessInfo.processInfo.processIdentifier).oracleGeneral.bin"
      ).path
    defer { try? FileManager.default.removeItem(atPath: temporary) }
    if trace == nil {
      var zipf = ZipfTraceFile()
      (zipf.requests, zipf.objects, zipf.exponent, zipf.seed) = (requests, objects, skew, seed)
      try zipf.write(to: temporary)
    }
    let path = trace ?? temporary
    let peer = peer.map { CachePeer(python: $0, trace: path) }
    let progress = CountProgress(names.count * rounds, of: "timings", isShown: !quiet)
    defer { progress.clear() }
    var rows = names.map { BenchRow(policy: $0) }
    for _ in 0..<rounds {
      for index in rows.indices {
        let own = try CacheTiming(rows[index].policy, path, size: size.sizes[0], seed: seed)
        rows[index].own.append(own)
        if let theirs = try await peer?.time(rows[index].policy, capacity: own.capacity) {
          rows[index].theirs.append(theirs)
        }
        _ = progress.advance()
      }
    }
    progress.clear()
    print(table(rows).rendered(as: format), terminator: "")
  }

  private func table(_ rows: [BenchRow]) -> TextTable {
    var table = TextTable(
      ["policy", "miss_ratio", "million_per_s", "dense_million_per_s"]
        + (peer == nil ? [] : ["theirs", "their_miss_ratio", "their_million_per_s", "ratio"]))
    for row in rows {
      guard let first = row.own.first else { continue }
      func rate(_ seconds: [Double]) -> TextTable.Cell {
        seconds.isEmpty
          ? .missing : .number(Double(first.requests) / median(seconds) / 1e6, decimals: 2)
      }
      let ratios = zip(row.own, row.theirs).map { $1.seconds / $0.seconds }
      table.append([
        .text(row.policy), .number(first.missRatio, decimals: 6), rate(row.own.map(\.seconds)),
        rate(row.own.map(\.replaySeconds)),
        row.theirs.first.map { .text($0.name) } ?? .missing,
        row.theirs.first.map { .number($0.missRatio, decimals: 6) } ?? .missing,
        rate(row.theirs.map(\.seconds)),
        ratios.isEmpty ? .missing : .number(median(ratios), decimals: 2),
      ])
    }
    return table
  }

  private func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  }

  private struct BenchRow {
    let policy: String
    var own: [CacheTiming] = []
    var theirs: [CachePeer.Timing] = []
  }
}

/// One replay of ours, from the file to the miss ratio.
private struct CacheTiming {
  let seconds: Double
  /// Without reading and numbering.
  let replaySeconds: Double
  let requests: Int
  let capacity: Bytes
  let missRatio: Double

  init(_ policy: String, _ path: String, size: CacheSize, seed: UInt64) throws {
    let known = Pitwall.registry.eviction
    let parameters = try Parameters(parsing: policy)
    let entry = try PolicyRegistry.entry(parameters, kind: "eviction", from: known)
    let start = Self.processorTime
    let trace = try ObjectTrace(opening: path, format: .oracleGeneral, withTimes: false)
    let read = Self.processorTime
    let context = size.context(
      for: trace, seed: seed, future: entry.isClairvoyant ? trace.future : nil)
    let counts = try trace.replay(
      PolicyRegistry.make(parameters, kind: "eviction", from: known, context), context)
    let end = Self.processorTime
    seconds = end - start
    replaySeconds = end - read
    requests = trace.count
    capacity = context.capacity
    missRatio = counts.missRatio
  }

  /// Seconds that this thread has computed.
  private static var processorTime: Double {
    var time = timespec()
    unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}

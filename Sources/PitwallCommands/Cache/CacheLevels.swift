import ArgumentParser
import CacheReplay
import Foundation
import Orchestration
import Primitives
import Reporting
import Results

/// `hour=fold span=1h`: a level of load, which the trace comes to by one transform more.
struct CacheLevel: ExpressibleByArgument {
  let name: String
  let transform: String

  init?(argument: String) {
    let parts = argument.split(separator: "=", maxSplits: 1).map {
      $0.trimmingCharacters(in: .whitespaces)
    }
    // It may become a folder's name.
    guard parts.count == 2, !parts.contains(""), parts[0] != ".", parts[0] != "..",
      !parts[0].contains("/")
    else { return nil }
    (name, transform) = (parts[0], parts[1])
  }
}

/// The options of what is kept and reported of replays.
struct CacheKeeping: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "A level of load: a name and a transform, such as \"hour=fold span=1h\"; may be repeated.",
      valueName: "name=transform"))
  var level: [CacheLevel] = []

  @Option(
    help: ArgumentHelp("Write a report with a chart and the ids of all runs.", valueName: "folder"),
    completion: .directory)
  var report: String?

  @Option(help: ArgumentHelp("The report's heading.", valueName: "text"))
  var title = "What eviction policies miss"

  @Option(
    name: .customLong("db"),
    help: ArgumentHelp("Keep the counts of all runs in a database.", valueName: "file"),
    completion: .file(extensions: ["sqlite"]))
  var database: String?

  func validate() throws {
    guard Set(level.map(\.name)).count == level.count else {
      throw ValidationError("two levels have one name")
    }
  }

  /// Keeps and reports runs, where that was asked for.
  func keep(_ runs: [CacheRun]) async throws {
    if let database { try RunStore(database, for: .writing).save(runs) }
    if let report {
      let command = CommandLine.arguments.dropFirst().map(Self.quoted).joined(separator: " ")
      let page = try await Report(runs, title: title, command: "pitwall " + command)
        .write(to: report)
      Terminal.note("report: \(page)")
    }
  }

  /// A word as a shell takes it.
  private static func quoted(_ word: String) -> String {
    let plain = word.allSatisfy { $0.isLetter || $0.isNumber || "-_./,=%:".contains($0) }
    return plain && !word.isEmpty ? word : "'" + word.replacing("'", with: "'\\''") + "'"
  }
}

/// One level's replays, and what they are called.
struct CacheReplays {
  let workload: String
  let transforms: [String]
  let sweep: CacheSweep
  let cells: [CacheSweep.Cell]

  /// The replays as runs, with their ids.
  func runs(startedAt: Date) -> [CacheRun] {
    let digest = sweep.trace.digest()
    return cells.map { cell in
      let isSlots = cell.size.countsSlots
      var run = CacheRun(
        workload: workload, traceName: sweep.trace.name, transforms: transforms,
        traceDigest: digest, policy: cell.policy, isClairvoyant: cell.isClairvoyant,
        slots: isSlots ? Int(cell.capacity) : nil, capacity: isSlots ? nil : cell.capacity,
        seed: sweep.seed, warmUp: sweep.warmUp)
      let counts = cell.counts
      (run.requests, run.misses) = (counts.requests, counts.misses)
      (run.bytes, run.missedBytes) = (counts.bytes, counts.missedBytes)
      (run.cost, run.missedCost) = (counts.cost, counts.missedCost)
      run.evictions = counts.evictions
      (run.codeRevision, run.host) = (CodeRevision.current, Host.description)
      run.startedAt = startedAt
      return run
    }
  }
}

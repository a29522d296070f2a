import ArgumentParser
import Foundation
import Policies
import Primitives
import Replay
import Results

/// `pitwall verify`
struct VerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify", abstract: "Prove promises on an experiment of yours.",
    discussion: """
      EXAMPLES
        pitwall verify determinism Experiments/quickstart.yaml
      """,
    subcommands: [VerifyDeterminismCommand.self])
}

/// `pitwall verify determinism`
struct VerifyDeterminismCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "determinism",
    abstract: "Run an experiment three times and compare every stored number.",
    discussion: """
      Runs it into three temporary databases: twice with one thread, once with two. Prints, for \
      each run, the SHA-256 of its request records, time series, residency, token gaps, counters \
      and metrics as read back from the database. Fails if any differs. Runs in the kernel world \
      are left out: wall-clock times never repeat.

      EXAMPLES
        pitwall verify determinism Experiments/quickstart.yaml
        pitwall verify determinism my.yaml --seeds 2
      """)

  @Argument(help: "The experiment.", completion: .file(extensions: ["yaml"]))
  var file: String

  @Option(help: "Seeds in place of the file's: how many, or a list with commas between.")
  var seeds: SeedList?

  @Option(help: "How to print the result.") var format = OutputFormat.table

  /// Threads of the three passes.
  private static let passes = [1, 1, 2]

  func run() async throws {
    var experiment = try Experiment.read(
      file, recordings: ProcessInfo.processInfo.environment["PITWALL_TRACES"],
      seeds: seeds?.values, registry: Pitwall.registry)
    experiment.backends.removeAll { $0 == .kernel }
    guard !experiment.backends.isEmpty else {
      throw PitwallError(.usage, at: file, "no run in wall-clock time is deterministic")
    }
    let plan = try ExperimentPlan(experiment)
    var digests: [[String: String]] = []
    for threads in Self.passes { digests.append(try await self.digests(of: plan, threads)) }

    var table = TextTable(["run", "workload", "strategy", "seed", "digest", "identical"])
    var differing = 0
    for run in plan.runs {
      let found = digests.map { $0[run.id] }
      let isIdentical = found.allSatisfy { $0 == found[0] }
      if !isIdentical { differing += 1 }
      table.append([
        .text(run.id), .text(run.workload), .text(run.strategy.name), .integer(Int64(run.seed)),
        found[0].map { .text(String($0.prefix(16))) } ?? .missing,
        .text(isIdentical ? "yes" : "NO"),
      ])
    }
    print(table.rendered(as: format), terminator: "")
    if differing > 0 {
      throw PitwallError.fault("\(differing) of \(plan.runs.count) runs are not deterministic")
    }
    if format == .table {
      print("\n\(plan.runs.count) runs, each three times on 1, 1 and 2 threads: identical")
    }
  }

  /// Carries a plan out in a database of its own, and reads it back.
  private func digests(of plan: ExperimentPlan, _ threads: Int) async throws -> [String: String] {
    let folder =
      FileManager.default.temporaryDirectory.path
      + "/pitwall-verify-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let store = try RunStore(folder + "/runs.sqlite", for: .writing)
    let recorder = try RunRecorder(plan, store, showsProgress: false)
    _ = try await ExperimentRunner(plan, threads: threads).run(recorder)
    return try Dictionary(
      plan.runs.map { ($0.id, try store.digest(of: $0.id)) },
      uniquingKeysWith: { first, _ in first })
  }
}

extension RunStore {
  /// SHA-256 over every number that is stored of a run and comes from the replay, in other words
  /// all but wall-clock times.
  func digest(of run: String) throws -> String {
    var hash = SHA256()
    for record in try requests(of: run) { hash.update("\(record)\n") }
    for sample in try samples(of: run) { hash.update("\(sample)\n") }
    for span in try residency(of: run) { hash.update("\(span)\n") }
    for gap in try tokenGaps(of: run) { hash.update("\(gap)\n") }
    hash.update("\(try counters(of: run))\n")
    for metric in try metrics(of: run) {
      hash.update("\(metric.name) \(metric.value.bitPattern)\n")
    }
    return hash.hexDigest()
  }
}

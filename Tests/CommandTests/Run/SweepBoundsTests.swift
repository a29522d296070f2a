import ArgumentParser
import Foundation
import Orchestration
import Policies
import Replay
import Results
import Testing
import Workload

@testable import PitwallCommands

@Suite struct SweepBoundsTests {
  private static let experiment = """
    name: small
    traces:
      history: {generate: trace.yaml}
    workloads:
      day: {from: history}
    server:
      model: llama-2-7b
      accelerator: a100-80g
      adapters: {slots: 4, start: remote, host-memory: 8GiB}
    strategies:
      lru: {eviction: lru, prefetch: none}
      fifo: {eviction: fifo, prefetch: none}
    seeds: 2
    slo: {ttft: 1500ms, e2e: 1m}
    sweep: {slots: [2, 4, 8]}
    """

  private static let trace = """
    generator: zipf
    requests: 120
    parameters: {adapters: 12, rate: 2}
    """

  @Test func aSweepOverSlotsKeepsWhatItsTracesAllow() async throws {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("pitwall-run-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let (file, path) = (folder.appendingPathComponent("e.yaml"), folder.path + "/r.sqlite")
    try Self.experiment.write(to: file, atomically: true, encoding: .utf8)
    try Self.trace.write(
      to: folder.appendingPathComponent("trace.yaml"), atomically: true, encoding: .utf8)
    let words = ["run", file.path, "--db", path, "--no-report", "--quiet"]
    let command = try #require(try Pitwall.parseAsRoot(words) as? any AsyncParsableCommand)
    // The second time finds everything there.
    for _ in 0..<2 {
      var command = command
      try await command.run()
    }

    let store = try RunStore(path)
    let swept = try store.runs().filter { $0.description.sweep != nil }
    #expect(swept.count == 6)
    let digest = try #require(swept.first?.description.traceDigest)
    let experiment = try Experiment.read(
      file.path, recordings: nil, seeds: nil, registry: .builtIn)
    let plan = try ExperimentPlan(experiment)
    let group = try #require(plan.groups.first { $0.traceDigest == digest })
    let trace = try plan.trace(of: group)
    let reuse = ReuseStatistics(
      of: trace.adapterReferences(), adapters: trace.adapters.count, slots: [2, 4, 8])
    let bounds = try store.bounds(ofTrace: digest)
    #expect(bounds.map(\.slots) == [2, 4, 8])
    #expect(bounds.map(\.lru) == reuse.hitRatios.map(\.lru))
    #expect(bounds.map(\.opt) == reuse.hitRatios.map(\.opt))

    // What was promised reads back from any run.
    for run in try store.runs() {
      #expect(SLO(configuration: run.description.configuration) == experiment.slo)
    }
    #expect(experiment.slo == SLO(ttft: 1_500_000_000, e2e: 60_000_000_000))
  }
}

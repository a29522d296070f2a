import Foundation
import Orchestration
import Policies
import Primitives

@testable import Replay

/// A folder with a small generator file, and experiments that use it.
struct ExperimentFixture: ~Copyable {
  let folder: String

  init() throws {
    folder = FileManager.default.temporaryDirectory.path + "/pitwall-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try write(
      """
      generator: sessions
      requests: 60
      parameters: {tenants: 4, adapters: 12, rate: 4, prompt: 50, output: 8}
      """, to: "small.yaml")
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  func write(_ text: String, to name: String) throws {
    try text.write(toFile: "\(folder)/\(name)", atomically: true, encoding: .utf8)
  }

  /// An experiment with two strategies and two seeds; the arguments replace whole sections.
  static func text(
    traces: String = "", workloads: String = "workloads: {day: {generate: small.yaml}}",
    server: String = "server: {model: llama-2-7b, accelerator: a100-80g, adapters: {slots: 4}}",
    strategies: String = "strategies: {lru: {}, lookahead: {prefetch: lookahead}}",
    more: String = "seeds: 2"
  ) -> String {
    ["name: test", traces, workloads, server, strategies, more].filter { !$0.isEmpty }
      .joined(separator: "\n")
  }

  func experiment(_ text: String = ExperimentFixture.text()) throws -> Experiment {
    try write(text, to: "e.yaml")
    return try Experiment.read(folder + "/e.yaml", registry: .builtIn)
  }

  /// The error that reading (and planning) an experiment ends with, without the folder's name.
  func error(_ text: String) -> String {
    do {
      _ = try ExperimentPlan(experiment(text))
      return "no error"
    } catch {
      return "\(error)".replacing(folder + "/", with: "")
    }
  }
}

/// Keeps finished runs in memory; fails or stops the experiment after so many.
final class MemoryObserver: RunObserver {
  private let lock = NSLock()
  nonisolated(unsafe) private var runs: [String: FinishedRun] = [:]
  private let known: Set<String>
  private let limit: Int
  private let stop: Int

  init(known: Set<String> = [], limit: Int = .max, stop: Int = .max) {
    self.known = known
    self.limit = limit
    self.stop = stop
  }

  var outcomes: [String: RunOutcome] { lock.withLock { runs.mapValues(\.outcome) } }

  func hasResult(of run: PlannedRun) -> Bool { known.contains(run.id) }
  func advanced(_ run: PlannedRun, to requests: Int) -> Bool {
    lock.withLock { runs.count < stop }
  }
  func finished(_ run: FinishedRun) throws {
    try lock.withLock {
      if runs.count == limit { throw PitwallError(.inputOutput, "no room") }
      runs[run.plan.id] = run
    }
  }
}

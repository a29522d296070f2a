import ArgumentParser
import Foundation
import Orchestration
import Primitives
import Results
import Testing

@testable import PitwallCommands

/// A folder with a database of two strategies, one of them 10 % slower, over six seeds.
private final class Fixture {
  let folder = FileManager.default.temporaryDirectory
    .appendingPathComponent("pitwall-commands-\(UUID().uuidString)")

  init() throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let store = try RunStore(path("r.sqlite"), for: .writing)
    for seed in UInt64(1)...6 {
      for (strategy, factor) in [("lru", 1.0), ("slow", 1.1)] {
        let value = factor * (100 + Double(seed * 17 % 30))
        try store.save(
          RunDescription(
            runID: "\(strategy)\(seed)", workload: "day", strategy: strategy,
            backend: "simulation", seed: seed, traceName: "t", traceDigest: "d",
            traceColumns: [
              TraceColumn(column: "arrival", provenance: "recorded", note: "x, \"y\"")
            ],
            configuration: "", codeRevision: "c", modelVersion: "1", host: "h",
            startedAt: Date(timeIntervalSince1970: 0),
            finishedAt: Date(timeIntervalSince1970: 1)),
          RunOutcome(
            requests: [], samples: [], residency: [], counters: Counters(), tokenGaps: [],
            memory: DeviceMemory(capacity: 1, weights: 1, adapterSlots: 0), end: 1),
          metrics: [MetricValue(name: "ttft_p99", value: value, unit: .milliseconds)])
      }
    }
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

  func gate(_ limits: String) throws -> String {
    try Data("baseline: lru\nlimits: \(limits)\n".utf8)
      .write(to: URL(fileURLWithPath: path("gate.yaml")))
    return path("gate.yaml")
  }
}

@Suite struct ResultsCommandTests {
  private let fixture: Fixture

  init() throws { fixture = try Fixture() }

  /// The exit code of a command line; 0 where it ends without an error.
  private func exitCode(_ arguments: [String]) -> Int32 {
    do {
      var command = try Pitwall.parseAsRoot(arguments)
      try command.run()
      return 0
    } catch let error as PitwallError {
      return error.code.rawValue
    } catch {
      return Pitwall.exitCode(for: error).rawValue
    }
  }

  @Test(arguments: [
    ("[{metric: ttft_p99, strategy: lru, max: 1 s}]", 0 as Int32),
    ("[{metric: ttft_p99, strategy: slow, max_increase: 20 %}]", 0),
    ("[{metric: ttft_p99, strategy: slow, max_increase: 5 %}]", 2),
    ("[{metric: ttft_p99, strategy: none, max: 1 s}]", 65),
    ("[{metric: ttft_p99, strategy: lru, sweep: 8, max: 1 s}]", 3),
    ("[{metric: ttft_p99, strategy: lru, max: many}]", 65),
  ])
  func gateExitsWithItsOutcome(limits: String, code: Int32) throws {
    let gate = try fixture.gate(limits)
    let arguments = ["gate", gate, "--db", fixture.path("r.sqlite")]
    let reports = ["--markdown", fixture.path("g.md"), "--junit", fixture.path("g.xml")]
    #expect(exitCode(arguments + reports) == code)
    let written = FileManager.default.fileExists(atPath: fixture.path("g.md"))
    #expect(written == (code != 65))
    #expect(FileManager.default.fileExists(atPath: fixture.path("g.xml")) == written)
  }

  @Test func errorsHaveTheirOwnExitCodes() throws {
    let db = fixture.path("r.sqlite")
    #expect(exitCode(["gate", "/nowhere.yaml", "--db", db]) == 66)
    #expect(exitCode(["gate"]) == 64)
    #expect(exitCode(["compare", "lru", "--db", db]) == 64)
    #expect(exitCode(["compare", "lru", "lru", "--db", db]) == 64)
    #expect(exitCode(["compare", "lru", "--baseline-db", db, "--db", db]) == 64)
    #expect(exitCode(["compare", "lru", "slow", "--db", fixture.path("none.sqlite")]) == 66)
    #expect(exitCode(["compare", "lru", "slow", "--db", db, "--metrics", "ttft"]) == 64)
    #expect(exitCode(["compare", "lru", "sloww", "--db", db]) == 65)
    #expect(exitCode(["runs", "nobody", "--db", db]) == 65)
    #expect(exitCode(["runs", "lr", "--db", db]) == 65, "six runs begin so")
    let gate = try fixture.gate("[{metric: ttft_p99, strategy: lru, max: 1 s}]")
    #expect(
      exitCode(["gate", gate, "--db", db, "--baseline-db", db]) == 64, "nothing has a baseline")
    #expect(
      exitCode(["gate", gate, "--db", db, "--junit", fixture.path("r.sqlite") + "/x"]) == 74)
  }

  @Test func aRunIsFoundByTheBeginningOfItsId() throws {
    let path = fixture.path("r.sqlite")
    let store = try RunStore(path)
    #expect(try store.run(startingWith: "lru3").id == "lru3")
    #expect(throws: PitwallError(.data, at: path, "there is no run LRU")) {
      try store.run(startingWith: "LRU")
    }
    #expect(
      throws: PitwallError(
        .data, at: path, "6 runs begin with slow: slow1, slow2, slow3, slow4, slow5, ...")
    ) { try store.run(startingWith: "slow") }
  }

  @Test(arguments: [
    (["rum", "x.yaml"], "unknown command \"rum\" (did you mean \"run\"?)"),
    (["trace", "stat"], "unknown command \"stat\" (did you mean \"stats\"?)"),
  ])
  func aCommandThatIsNoneIsNamed(words: [String], message: String) throws {
    #expect(throws: PitwallError(.usage, message)) { try Pitwall.checkNames(words[...]) }
  }

  @Test(arguments: [["run", "rum"], ["policies", "shw"], ["help", "rum"], ["--version"], []])
  func otherWordsAreLeftToTheParser(words: [String]) throws {
    try Pitwall.checkNames(words[...])
  }

  @Test(arguments: ["table", "json", "csv"])
  func everyFormatPrints(format: String) {
    let common = ["--db", fixture.path("r.sqlite"), "--format", format]
    #expect(exitCode(["compare", "lru", "slow"] + common) == 0)
    #expect(exitCode(["compare", "lru", "slow", "--metrics", "all"] + common) == 0)
    #expect(exitCode(["runs"] + common) == 0)
    #expect(exitCode(["runs", "lru1"] + common) == 0)
    #expect(exitCode(["runs", "--definitions"] + common) == 0)
  }

  @Test func comparisonForProgramsHasEveryNumber() throws {
    let store = try RunStore(fixture.path("r.sqlite"))
    let comparison = try Comparison(
      RunSelection(store, strategy: "lru"), RunSelection(store, strategy: "slow"))
    let text = comparison.forPrograms().rendered(as: .json)
    let rows = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [[String: Any]]
    let row = try #require(rows?.first)
    #expect(rows?.count == 1)
    #expect(row["metric"] as? String == "ttft_p99")
    #expect(row["verdict"] as? String == "worse")
    #expect(row["n"] as? Int == 6)
    #expect(abs((row["relative"] as? Double ?? 0) - 0.1) < 1e-9)
    #expect(row["sweep_value"] is NSNull)
  }
}

import Foundation
import Primitives
import Results
import Testing

@testable import PitwallCommands

@Suite struct RunCommandTests {
  private func ready(_ more: String = "") throws -> Program {
    let program = try Program()
    try program.write(SmallExperiment.text(more: more), to: "e.yaml")
    try program.write(SmallExperiment.trace, to: "t.csv")
    return program
  }

  @Test func runsComparesAndResumes() throws {
    let program = try ready("sweep: {slots: [1, 3]}")
    let first = try program.run("run", "e.yaml", "--db", "r.sqlite", "--no-report")
    #expect(first.code == 0)
    #expect(first.errors.contains("day: read t.csv"))
    #expect(first.errors.contains("8 runs in "))
    #expect(first.output.contains("ttft_mean"))
    #expect(first.output.contains("A: lru   B: lookahead   seeds: 1, 2"))
    #expect(first.output.contains("exact, one trace"))
    #expect(first.output.contains("so nothing is known about other traces"))
    #expect(!first.errors.contains("saturated"))

    let again = try program.run("run", "e.yaml", "--db", "r.sqlite", "--no-report")
    #expect(again.errors.contains("0 runs in "))
    #expect(again.errors.contains("8 were in the database already"))
    #expect(again.output == first.output)

    let more = try program.run("run", "e.yaml", "--db", "r.sqlite", "--no-report", "--seeds", "3")
    #expect(more.errors.contains("2 runs in "))
    try expectStored(program.folder + "/r.sqlite")
  }

  private func expectStored(_ path: String) throws {
    let store = try RunStore(path)
    let runs = try store.runs()
    #expect(runs.count == 10)
    for run in runs {
      let description = run.description
      #expect(
        try store.requests(of: run.id).map(\.request)
          == (description.sweep == nil ? [0, 1, 2, 3, 4, 5] : []))
      #expect(try store.metrics(of: run.id).count > 20)
      #expect(description.runID == SHA256.hex(description.configuration).prefix(16))
      #expect(description.codeRevision.hasPrefix("0.1.0 (git "))
      #expect(description.traceColumns.map(\.column).contains("adapters"))
      #expect(description.host.contains("Linux"))
      #expect(description.finishedAt >= description.startedAt)
    }
    #expect(try store.experiments().map(\.planned) == [10])
  }

  @Test func warnsOfASaturatedServer() throws {
    let program = try ready()
    let lines = (0..<40).map { "\(Double($0) / 1000),a,2000,4000\n" }.joined()
    try program.write("time,adapter,prompt,output\n" + lines, to: "t.csv")
    let result = try program.run("run", "e.yaml", "--no-report", "--seeds", "1")
    #expect(result.code == 0, "\(result.errors)")
    #expect(
      result.errors.contains("warning: day: the server is saturated under lookahead, lru: a trace"))
  }

  @Test func aDryRunWritesNothing() throws {
    let program = try ready()
    let result = try program.run("run", "e.yaml", "--dry-run")
    #expect(result.code == 0)
    #expect(result.output.split(separator: "\n").count == 2 + 4)
    #expect(program.files == ["e.yaml", "t.csv"])
  }

  @Test func saysThatAFittedTraceStandsIn() throws {
    let program = try Program()
    try program.write(
      SmallExperiment.text(workload: "read: gone.csv, otherwise: g.yaml"), to: "e.yaml")
    try program.write(
      "generator: sessions\nrequests: 20\nfitted: {adapters: a service}", to: "g.yaml")
    let result = try program.run("run", "e.yaml", "--no-report")
    #expect(result.code == 0)
    #expect(
      result.errors.contains(
        "day: the recording gone.csv is not here; fitted trace g.yaml stands in for it\n"))
    let run = try #require(try RunStore(program.folder + "/results.sqlite").runs().first)
    #expect(run.description.configuration.contains("generate g.yaml (in place of gone.csv)"))
    #expect(run.description.traceColumns.first { $0.column == "adapters" }?.provenance == "fitted")
  }

  @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/gnuplot")))
  func writesAReport() throws {
    let program = try ready("report: {title: Small but whole}")
    let result = try program.run("run", "e.yaml", "--out", "report")
    #expect(result.code == 0, "\(result.errors)")
    #expect(result.output.hasSuffix("report: report/report.html\n"))
    let page = try String(contentsOfFile: program.folder + "/report/report.html", encoding: .utf8)
    #expect(page.contains("Small but whole"))
  }

  @Test func interruptionLeavesWholeRunsAndSaysHowToGoOn() throws {
    let program = try Program()
    try program.write(SmallExperiment.text(workload: "generate: g.yaml"), to: "e.yaml")
    try program.write(
      "generator: sessions\nrequests: 20000\nparameters: {rate: 3}", to: "g.yaml")
    let result = try program.shell(
      """
      $0 run e.yaml --no-report --threads 1 2> log & run=$!
      until grep -q generate log; do sleep 0.1; done
      sleep 0.5; kill -TERM $run; wait $run; code=$?; cat log >&2; exit $code
      """)
    #expect(result.code == 130)
    #expect(result.errors.contains("pitwall: interrupted; "))
    try expectWholeRuns(program.folder + "/results.sqlite", rows: 20_000)
  }

  @Test func verifiesDeterminism() throws {
    let program = try ready()
    let result = try program.run("verify", "determinism", "e.yaml")
    #expect(result.code == 0)
    #expect(result.output.contains("4 runs, each three times on 1, 1 and 2 threads: identical"))
    #expect(program.files == ["e.yaml", "t.csv"])
  }

  @Test func benchSimulates() throws {
    let program = try Program()
    let result = try program.run(
      "bench", "simulate", "--requests", "2000", "--repeats", "1", "--prefetch", "none,lookahead",
      "--format", "csv")
    #expect(result.code == 0)
    #expect(result.output.split(separator: "\n").count == 3)
  }

  @Test func listsPoliciesAndHardware() throws {
    let program = try Program()
    #expect(try program.run("policies").output.contains("gdsf"))
    #expect(try program.run("policies", "show", "affinity").output.contains("slack"))
    #expect(try program.run("hardware", "--models").output.contains("llama-3.1-8b"))
    let hardware = try program.run("hardware", "--format", "json").output
    let tables = try JSONSerialization.jsonObject(with: Data(hardware.utf8)) as? [String: [Any]]
    #expect(tables?["models"]?.isEmpty == false && tables?["accelerators"]?.isEmpty == false)
    #expect(try program.run("hardware", "--format", "csv").code == 64)
  }

  @Test func findsTheRevisionOfACheckout() throws {
    let program = try Program()
    _ = try program.shell(
      """
      git init -q a && cd a && git -c user.name=n -c user.email=e commit -q --allow-empty -m m &&
      git worktree add -q ../b && mkdir -p deep/er ../b/deep
      """)
    let commit = try program.shell("cd a && git rev-parse HEAD").output.dropLast()
    #expect(CodeRevision.head(above: program.folder + "/a/deep/er/x") == String(commit))
    #expect(CodeRevision.head(above: program.folder + "/b/deep/x") == String(commit))
    _ = try program.shell("cd a && git pack-refs --all")
    #expect(CodeRevision.head(above: program.folder + "/b/deep/x") == String(commit))
    #expect(CodeRevision.head(above: "/nowhere/x") == nil)
  }
}

import Foundation
import GRDB
import Testing

/// Whatever is wrong: one line on standard error, the right exit code, nothing half-written.
@Suite struct BadInputTests {
  private static let data: Int32 = 65
  private static let noInput: Int32 = 66
  private static let inputOutput: Int32 = 74

  /// Runs the small experiment on a trace, and expects it to end before anything is written.
  private func expectRefusal(
    _ experiment: String = SmallExperiment.text(), trace: Data, code: Int32 = data,
    _ message: String, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let program = try Program()
    try program.write(experiment, to: "e.yaml")
    try trace.write(to: URL(fileURLWithPath: program.folder + "/t.csv"))
    let result = try program.run("run", "e.yaml", "--db", "r.sqlite", "--no-report")
    #expect(result.code == code, sourceLocation: sourceLocation)
    #expect(result.isOneLine, "\(result.errors)", sourceLocation: sourceLocation)
    #expect(
      result.errors.contains(message), "\(result.errors)", sourceLocation: sourceLocation)
    #expect(result.output.isEmpty, sourceLocation: sourceLocation)
    #expect(program.files == ["e.yaml", "t.csv"], sourceLocation: sourceLocation)
  }

  private func expectRefusal(
    _ experiment: String = SmallExperiment.text(), trace: String, _ message: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    try expectRefusal(
      experiment, trace: Data(trace.utf8), message, sourceLocation: sourceLocation)
  }

  private static let native = SmallExperiment.text(workload: "read: t.csv")

  /// Two rows of Pitwall's own format, with what the arguments replace.
  private func native(
    adapter: String = "# adapter a", second: String = "2.5,a,10,10"
  ) -> String {
    """
    # pitwall-trace 1
    \(adapter)
    arrival:s,adapters:set,prompt_tokens:int,output_tokens:int
    1.5,a,10,10
    \(second)

    """
  }

  // MARK: Traces

  @Test func truncatedGzip() throws {
    let program = try Program()
    try program.write(SmallExperiment.trace, to: "t")
    _ = try program.shell("gzip t")
    let whole = try Data(contentsOf: URL(fileURLWithPath: program.folder + "/t.gz"))
    try expectRefusal(trace: whole.dropLast(9), "t.csv: ")
  }

  @Test func textThatIsNotUTF8() throws {
    var bytes = Data(SmallExperiment.trace.utf8)
    bytes.replaceSubrange(23..<24, with: [0xff])
    try expectRefusal(trace: bytes, "UTF-8")
  }

  @Test(arguments: ["-1", "NaN", "inf", "soon", ""])
  func timesThatAreNone(time: String) throws {
    try expectRefusal(trace: SmallExperiment.trace + "\(time),a,5,5\n", "t.csv:8")
    try expectRefusal(
      Self.native, trace: native(second: "\(time),a,10,10"), "t.csv:5")
  }

  @Test func timesOutOfOrder() throws {
    try expectRefusal(Self.native, trace: native(second: "1.25,a,10,10"), "t.csv:5")
  }

  @Test func missingColumns() throws {
    try expectRefusal(
      trace: SmallExperiment.trace.replacing("prompt,", with: "promt,"), "prompt")
  }

  @Test func unknownAdapters() throws {
    try expectRefusal(Self.native, trace: native(second: "2.5,b,10,10"), "t.csv:5")
  }

  @Test func adaptersOfZeroBytes() throws {
    try expectRefusal(
      Self.native, trace: native(adapter: "# adapter a bytes=0"), "t.csv:2")
  }

  @Test(arguments: ["slots: 2", "pool: true"])
  func anAdapterLargerThanTheDevice(memory: String) throws {
    try expectRefusal(
      SmallExperiment.text(
        workload: "read: t.csv",
        server: "model: llama-2-7b, accelerator: a100-80g, adapters: {\(memory)}"),
      trace: native(adapter: "# adapter a bytes=99000000000"), "\"a\"")
  }

  @Test(arguments: [
    ("host-memory: 1MiB, start: disk", "host memory of 1048576 B"),
    ("disk: 1MiB, start: remote", "disk of 1048576 B"),
  ])
  func anAdapterLargerThanATierOnItsWay(adapters: String, message: String) throws {
    try expectRefusal(
      SmallExperiment.text(
        server: "model: llama-2-7b, accelerator: a100-80g, adapters: {\(adapters)}"),
      trace: SmallExperiment.trace, message)
  }

  @Test(arguments: ["9223372036", "9223372036.854775807", "5000000000"])
  func arrivalsBeyondAllTime(time: String) throws {
    let program = try Program()
    try program.write(SmallExperiment.text(workload: "read: t.csv"), to: "e.yaml")
    try program.write(native(second: "\(time),a,10,10"), to: "t.csv")
    let result = try program.run("run", "e.yaml", "--no-report", "--quiet")
    #expect(result.code == Self.data)
    #expect(result.errors.hasSuffix("pitwall: the run would last longer than 146 years\n"))
    #expect(
      try program.run("trace", "transform", "t.csv", "o.csv", "--apply", "repeat times=3").code
        == Self.data)
    #expect(program.files == ["e.yaml", "results.sqlite", "t.csv"])
  }

  @Test func aTimeSeriesThatWouldFillTheMemory() throws {
    let program = try Program()
    try program.write(
      SmallExperiment.text(more: "record: {series: 1ms}"), to: "e.yaml")
    try program.write(SmallExperiment.trace + "9000,a,50,5\n", to: "t.csv")
    let result = try program.run("run", "e.yaml", "--no-report", "--quiet")
    #expect(result.code == Self.data)
    #expect(result.errors.contains("record.series"))
  }

  @Test func aNameAsLongAsABook() throws {
    let name = String(repeating: "a", count: 3_000_000)
    try expectRefusal(Self.native, trace: native(second: "2.5,\(name),10,10"), "t.csv:5")
  }

  @Test func aRequestLongerThanTheCache() throws {
    try expectRefusal(
      trace: SmallExperiment.trace + "10,a,9000000,5\n",
      "e.yaml:2:18: workloads.day: ")
    // It can be rejected instead.
    let program = try Program()
    try program.write(
      SmallExperiment.text(
        server: "model: llama-2-7b, accelerator: a100-80g, limits: {oversized: reject}"),
      to: "e.yaml")
    try program.write(SmallExperiment.trace + "10,a,9000000,5\n", to: "t.csv")
    #expect(try program.run("run", "e.yaml", "--no-report", "--check").code == 0)
  }

  // MARK: Experiments

  @Test func unknownPolicies() throws {
    try expectRefusal(
      SmallExperiment.text().replacing("lookahead}", with: "lokahead}"),
      trace: SmallExperiment.trace,
      "e.yaml:4:45: strategies.lookahead.prefetch: unknown prefetch policy \"lokahead\" "
        + "(did you mean \"lookahead\"?)")
  }

  @Test func unknownMetrics() throws {
    try expectRefusal(
      SmallExperiment.text(more: "report: {metrics: [ttft_p9]}"), trace: SmallExperiment.trace,
      "e.yaml:6:20: report.metrics: unknown metric \"ttft_p9\" (did you mean \"ttft_p90\"?)")
  }

  @Test func experimentsThatAreNotThere() throws {
    let program = try Program()
    let result = try program.run("run", "gone.yaml")
    #expect(result.code == Self.noInput)
    #expect(result.isOneLine)
    #expect(program.files.isEmpty)
  }

  @Test func wrongOptions() throws {
    let program = try Program()
    for arguments in [
      ["run", "e.yaml", "--threads", "0"], ["run", "e.yaml", "--seeds", "1,1"],
      ["run", "e.yaml", "--seeds", "x"], ["run"], ["policies", "show", "lur"],
    ] {
      let result = try program.shell(
        "$0 " + arguments.map { "'\($0)'" }.joined(separator: " "))
      #expect(result.code == 64)
      #expect(result.output.isEmpty)
    }
  }

  // MARK: Results

  private func ready() throws -> Program {
    let program = try Program()
    try program.write(SmallExperiment.text(), to: "e.yaml")
    try program.write(SmallExperiment.trace, to: "t.csv")
    return program
  }

  @Test func aDatabaseOfAnotherSchemaVersion() throws {
    let program = try ready()
    #expect(try program.run("run", "e.yaml", "--db", "r.sqlite", "--no-report").code == 0)
    let queue = try DatabaseQueue(path: program.folder + "/r.sqlite")
    try queue.write { try $0.execute(sql: "PRAGMA user_version = 99") }
    try queue.close()
    let result = try program.run("run", "e.yaml", "--db", "r.sqlite", "--no-report")
    #expect(result.code == Self.data)
    #expect(result.isOneLine)
    #expect(result.errors.contains("schema version 99"))
  }

  @Test func aDatabaseThatIsNone() throws {
    let program = try ready()
    try program.write(String(repeating: "not a database ", count: 99), to: "r.sqlite")
    let result = try program.run("run", "e.yaml", "--db", "r.sqlite", "--no-report")
    #expect(result.code == Self.data)
    #expect(result.isOneLine)
    #expect(result.errors.contains("r.sqlite"))
  }

  @Test func aFolderThatIsNotThere() throws {
    let program = try ready()
    let result = try program.run("run", "e.yaml", "--db", "none/r.sqlite", "--no-report")
    #expect(result.code == Self.inputOutput)
    #expect(result.isOneLine)
  }

  @Test func aReportThatCannotBeWritten() throws {
    let program = try ready()
    let result = try program.run("run", "e.yaml", "--out", "t.csv/report")
    #expect(result.code == Self.inputOutput)
    #expect(result.errors.contains("\npitwall: t.csv/report"))
  }

  private static let canMount = (try? Program().shell("unshare -rm true").code) == 0

  /// A file system that fills up: what was finished before is whole, the database opens.
  @Test(.enabled(if: canMount), arguments: [32, 200, 300, 400])
  func aFullDisk(kilobytes: Int) throws {
    let program = try ready()
    try program.write(
      SmallExperiment.text(
        workload: "generate: g.yaml", more: "record: {residency: false}"), to: "e.yaml")
    try program.write(
      "generator: sessions\nrequests: 400\nparameters: {tenants: 3, adapters: 9, rate: 2}",
      to: "g.yaml")
    let result = try program.shell(
      """
      unshare -rm bash -c '
      mkdir small && mount -t tmpfs -o size=\(kilobytes)k tmpfs small &&
      "$0" run e.yaml --no-report --quiet --db small/r.sqlite; code=$?;
      cp -r small copy; exit $code' "$0"
      """)
    if result.code == 0 {
      #expect(kilobytes > 300)
    } else {
      #expect(result.code == Self.inputOutput)
      let last = result.errors.split(separator: "\n").last ?? ""
      #expect(last.hasPrefix("pitwall: small/r.sqlite: "), "\(result.errors)")
    }
    // Closed without a last word, the database still holds whole runs, and goes on elsewhere.
    let rerun = try program.run("run", "e.yaml", "--no-report", "--db", "copy/r.sqlite")
    #expect(rerun.code == 0, "\(rerun.errors)")
    try expectWholeRuns(program.folder + "/copy/r.sqlite", rows: 400, runs: 4)
  }
}

/// Expects a sound database in which every run has all its request records.
func expectWholeRuns(_ path: String, rows: Int, runs: Int? = nil) throws {
  let queue = try DatabaseQueue(path: path)
  defer { try? queue.close() }
  try queue.read { db in
    #expect(try String.fetchAll(db, sql: "PRAGMA integrity_check") == ["ok"])
    #expect(try Row.fetchAll(db, sql: "PRAGMA foreign_key_check").isEmpty)
    let counts = try Int.fetchAll(
      db,
      sql: """
        SELECT (SELECT count(*) FROM request WHERE run_key = r.run_key)
          * ((SELECT count(*) FROM metric WHERE run_key = r.run_key) > 20)
          * ((SELECT count(*) FROM counter WHERE run_key = r.run_key) > 20)
          * ((SELECT count(*) FROM sample WHERE run_key = r.run_key) > 1) FROM run r
        """)
    #expect(counts.allSatisfy { $0 == rows })
    if let runs { #expect(counts.count == runs) }
  }
}

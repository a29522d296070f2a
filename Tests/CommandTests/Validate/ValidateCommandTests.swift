import Foundation
import Primitives
import Replay
import Results
import Testing

@testable import PitwallCommands

@Suite struct ValidateCommandTests {
  private static let header =
    "run_no,family,group,model,engine,dataset,max_loras,max_lora_rank,n_adapters,adapter_ranks,"
    + "adapter_rates_req_s,total_time_s,max_num_seqs,status,regime,completed,total_tok_s,"
    + "itl_mean_ms,ttft_mean_ms,twin_total_tok_s,twin_itl_ms"

  /// Four runs of a minute: two that serve, one that does not start, one that means nothing.
  private static let runs =
    header + """

      3,day,g,llama-3.1-8b-instruct,V1,sharegpt,8,8,16,8,0.5-0.25,60,64,ok,unloaded,355,1750,17,30,1900,22
      4,day,g,llama-3.1-8b-instruct,V1,sharegpt,16,8,16,8,0.5-0.25,60,64,ok,unloaded,360,1800,18,30,,
      5,day,g,llama-3.1-8b-instruct,V1,sharegpt,900,8,16,8,0.5,60,64,memory_error,memory_error,,,,,,
      6,night,g,llama-3.1-8b-instruct,V1,sharegpt,8,8,16,8,0.5,60,64,invalid,,,,,,,

      """

  private static let profile = Profile(
    name: "round", engine: "vllm-v1 0.8.5", accelerator: "one H100", fittedFrom: [],
    models: [
      Profile.Model(
        name: "llama-3.1-8b", maxModelLength: 10_000,
        kv: KVCapacity(
          base: Estimate(100_000, standardError: 1), perSlotRank: Estimate(50, standardError: 1),
          perSlot: Estimate(10, standardError: 1)),
        step: [.init(.step, microseconds: Estimate(15_000, standardError: 1))],
        lengths: Profile.Lengths(
          prompt: [.init(low: 10, high: 400, share: 1)],
          output: [.init(low: 10, high: 200, share: 1)], promptMean: 200, outputMean: 100,
          correlation: 0, stopShare: 0, stoppedOutputRatio: 1))
    ])

  private func ready() throws -> Program {
    let program = try Program()
    try program.write(Self.runs, to: "runs.csv")
    try program.write(Self.profile.yaml, to: "p.yaml")
    return program
  }

  private struct Output: Decodable {
    struct File: Decodable {
      var sha256: String
    }
    struct Entry: Decodable {
      var metric: String
      var regime: String
      var model: String
      var n: Int
      var smape_mean: Double
      var smape_median: Double
      var smape_p90: Double
      var bias: Double
      var twin_n: Int
      var twin_smape_mean: Double?
    }
    struct Row: Decodable {
      var run_no: Int
    }
    struct Ablation: Decodable {
      var without: String
      var metric: String
      var smape_mean: Double
      var change: Double?
    }
    var validation: String
    var runs: File
    var profile: File
    var seeds: [String]
    var wall_s: Double
    var errors: [Entry]
    var rows: [Row]?
    var ablations: [Ablation]?
  }

  private func json(_ program: borrowing Program, _ more: String = "") throws -> Output {
    let result = try program.shell(
      "\"$0\" validate --runs runs.csv --profile p.yaml --no-report --format json \(more)")
    #expect(result.code == 0, "\(result.errors)")
    return try JSONDecoder().decode(Output.self, from: Data(result.output.utf8))
  }

  @Test func printsErrorsByMetricRegimeAndModel() throws {
    let program = try ready()
    let output = try json(program, "--db v.sqlite --threads 1")
    #expect(output.profile.sha256 == SHA256.hex(Self.profile.yaml))
    #expect(output.runs.sha256 == SHA256.hex(Self.runs))
    #expect(output.seeds == ["1"])
    let throughput = try #require(output.errors.first)
    #expect(
      [throughput.metric, throughput.regime, throughput.model] == [
        "total_throughput", "all", "all",
      ])
    #expect(throughput.n == 2 && throughput.twin_n == 1)
    #expect(throughput.smape_mean > 0 && throughput.smape_mean < 10)
    #expect(throughput.bias.magnitude <= throughput.smape_mean)
    // 100 * 150 / 3650.
    #expect(abs(try #require(throughput.twin_smape_mean) - 4.109_589) < 1e-6)
    let starts = try #require(output.errors.first { $0.metric == "starts" })
    #expect(starts.n == 3 && starts.smape_mean == 0 && starts.twin_smape_mean == nil)
    #expect(output.rows == nil && output.ablations == nil)

    let again = try json(program, "--db other.sqlite --threads 2")
    #expect(again.validation == output.validation)
    #expect(
      again.errors.map(\.smape_mean) == output.errors.map(\.smape_mean), "on any number of threads")
    #expect(try json(program, "--db v.sqlite --seeds 2").validation != output.validation)

    let store = try RunStore(program.folder + "/v.sqlite")
    #expect(try store.validations().count == 2)
    let runs = try store.validatedRuns(of: output.validation)
    #expect(runs.map(\.number) == [3, 4, 5])
    #expect(runs[2].predicted[.starts] == 0)
    #expect(runs[0].measured[.itlMean] == 17)
  }

  @Test func printsATableThatFitsAndWritesAReport() throws {
    let program = try ready()
    let result = try program.run("validate", "--runs", "runs.csv", "--profile", "p.yaml")
    #expect(result.code == 0)
    #expect(result.output.split(separator: "\n").allSatisfy { $0.count <= 100 })
    #expect(result.output.contains("total_throughput  all"))
    #expect(result.output.contains("3 runs, seeds 1"))
    #expect(result.errors.contains("report: Reports/out/validate-"))
    let folders = try FileManager.default.contentsOfDirectory(
      atPath: program.folder + "/Reports/out")
    let page = try String(
      contentsOfFile: "\(program.folder)/Reports/out/\(try #require(folders.first))/report.md",
      encoding: .utf8)
    #expect(page.contains("# Validation of round"))
  }

  @Test func showsSingleRuns() throws {
    let program = try ready()
    let result = try program.run(
      "validate", "--runs", "runs.csv", "--profile", "p.yaml", "--only", "4,5", "--no-report")
    #expect(result.output.contains("quantity"))
    #expect(result.output.contains("itl_mean"))
    #expect(result.output.split(separator: "\n").allSatisfy { $0.count <= 100 })
    #expect(Set(try #require(try json(program, "--only 4,5").rows).map(\.run_no)) == [4, 5])
  }

  @Test func leavesOutParts() throws {
    let program = try ready()
    let output = try json(program, "--only 3 --ablate")
    let parts = try #require(output.ablations)
    let step = try #require(parts.first { $0.without == "step" && $0.metric == "itl_mean" })
    #expect(step.smape_mean > 90, "without it a step takes no time")
    let whole = try #require(output.errors.first { $0.metric == "itl_mean" })
    #expect(step.change == step.smape_mean - whole.smape_mean)
    let cap = parts.filter { $0.without == "connection-cap" }
    #expect(!cap.isEmpty && cap.allSatisfy { $0.change == 0 }, "it never binds here")
  }

  @Test(arguments: [
    ("--runs gone.csv --profile p.yaml", 66, "gone.csv"),
    ("--runs runs.csv --profile gone.yaml", 66, "gone.yaml"),
    ("--runs p.yaml --profile p.yaml", 65, "p.yaml:1"),
    ("--runs runs.csv --profile runs.csv", 65, "runs.csv"),
    ("--runs runs.csv --profile p.yaml --family dya", 64, "did you mean \"day\"?"),
    ("--runs runs.csv --profile p.yaml --only 99", 64, "there is no run 99"),
    ("--runs runs.csv --profile p.yaml --family night", 64, "no run is left"),
    ("--runs runs.csv --profile p.yaml --db /proc/none/v.sqlite", 74, "v.sqlite"),
  ])
  func refuses(arguments: String, code: Int32, text: String) throws {
    let program = try ready()
    let result = try program.shell("\"$0\" validate --no-report \(arguments)")
    #expect(result.code == code)
    #expect(result.isOneLine && result.errors.contains(text), "\(result.errors)")
  }

  @Test func jsonOfValuesWithinValues() {
    let value = JSONValue.object([
      ("a", .array([.object([("b", .integer(1)), ("c", .array([.string("\"")]))]), .null])),
      ("d", .array([])),
    ])
    #expect(
      value.rendered()
        == "{\n  \"a\": [\n    {\"b\": 1, \"c\": [\"\\\"\"]},\n    null\n  ],\n  \"d\": []\n}")
    #expect(value.flattened().map(\.path) == ["a.0.b", "a.0.c.0", "a.1"])
  }
}

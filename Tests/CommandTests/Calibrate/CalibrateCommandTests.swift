import Foundation
import Primitives
import Replay
import Simulation
import Testing

@testable import PitwallCommands

/// A folder of measurements of a server whose steps take 12 ms, and 0.4 ms for each adapter.
private struct MadeUpMeasurements {
  static let files = [
    "kv_memory.csv": """
    model,max_loras,max_lora_rank,kv_tokens,outcome
    llama-3.1-8b,8,8,299000,ok
    llama-3.1-8b,64,8,290000,ok
    llama-3.1-8b,64,32,240000,ok
    llama-3.1-8b,900,32,,memory_error

    """,
    "adapter_load.csv": """
    model,adapter_rank,max_lora_rank,kind,n,median_ms
    llama-3.1-8b,8,8,memory_serving,100,5

    """,
    "length_hist.csv": """
    which,lo_tok,hi_tok,frac
    prompt,10,200,0.5
    prompt,200,400,0.5
    output,10,200,1

    """,
    "estimator_runs.csv": """
    run_id,max_num_seqs,max_num_batched_tokens,completed,total_input_tokens,total_output_tokens,running_max
    few,10,2048,10,1000,1000,10
    many,100,2048,100,10000,10000,100

    """,
    "step_groups.csv": """
    run_id,model,max_loras,max_lora_rank,enable_lora,unique_adapters,batched_tokens,n_steps,step_ms_mean,step_ms_median
    few,llama-3.1-8b,8,8,1,1,10,90,12.4,12.4
    few,llama-3.1-8b,8,8,1,5,10,90,14.1,14.1
    many,llama-3.1-8b,8,8,1,8,100,90,15.3,15.3

    """,
    "runs_v1.csv": """
    run_no,family,group,model,engine,dataset,max_loras,max_lora_rank,n_adapters,adapter_ranks,\
    adapter_rates_req_s,total_time_s,max_num_seqs,status,regime,pool_mean_in_tok,\
    pool_mean_out_tok,completed,finished_by_eos,total_output_tokens,running_mean,kv_usage_mean,\
    kv_tokens,preemptions,total_tok_s,itl_mean_ms,ttft_mean_ms
    1,f,g,llama-3.1-8b,V1,sharegpt,8,8,16,8,0.1-0.05,60,64,ok,unloaded,200,100,70,0,7000,2,0.001,299000,0,350,12.8,40
    2,f,g,llama-3.1-8b,V1,sharegpt,16,8,16,8,0.5-0.25,60,64,ok,unloaded,200,100,350,0,35000,10,0.01,299000,0,1750,15,40
    3,f,g,llama-3.1-8b,V1,sharegpt,16,8,16,8,0.5-0.25,60,64,memory_error,memory_error,200,100,,,,,,,,,,

    """,
  ]

  static func write(to program: borrowing Program, changing name: String = "", _ text: String = "")
    throws
  {
    try FileManager.default.createDirectory(
      atPath: "\(program.folder)/m", withIntermediateDirectories: true)
    for (file, content) in files {
      try program.write(file == name ? text : content, to: "m/\(file)")
    }
  }
}

@Suite struct CalibrateCommandTests {
  private func calibrate(_ program: borrowing Program, _ arguments: String) throws
    -> Program.Result
  {
    try program.shell("$0 calibrate --from m --output p.yaml --quiet \(arguments)")
  }

  @Test func writesAProfileAndSaysHowGoodItIs() throws {
    let program = try Program()
    try MadeUpMeasurements.write(to: program)
    let result = try calibrate(program, "--iterations 2 --name mine --cross-validate")
    #expect(result.code == 0, "\(result.errors)")
    let text = try String(contentsOfFile: "\(program.folder)/p.yaml", encoding: .utf8)
    let profile = try Profile(text, file: "p.yaml")
    #expect(profile.name == "mine" && profile.fittedFrom.count == 6)
    let steps = try #require(profile.model("llama-3.1-8b")).step
    #expect(steps.contains { $0.term == .step && abs($0.microseconds.value - 12_000) < 1500 })
    for word in ["adapter-split", "itl_mean", "each in turn", "runs_v1.csv 3"] {
      #expect(result.output.contains(word), "\(word)")
    }
    #expect(result.output.split(separator: "\n").allSatisfy { $0.count <= 100 })
  }

  private struct Output: Decodable {
    struct Coefficient: Decodable {
      var term: String
      var us: Double
      var standard_error: Double
      var alone_us: Double
    }
    struct Entry: Decodable {
      var metric: String
      var n: Int
      var smape_mean: Double
    }
    var coefficients: [Coefficient]
    var errors: [Entry]
  }

  /// Without refinement the profile is what the steps timed alone say.
  @Test func withoutIterationsThereIsNoRefinement() throws {
    let program = try Program()
    try MadeUpMeasurements.write(to: program)
    let result = try calibrate(program, "--iterations 0 --format json")
    #expect(result.code == 0, "\(result.errors)")
    let output = try JSONDecoder().decode(Output.self, from: Data(result.output.utf8))
    #expect(output.coefficients.map(\.term) == StepTerm.allCases.map(\.rawValue))
    #expect(
      output.coefficients.allSatisfy { abs($0.us - $0.alone_us) <= 1e-5 * max(1, $0.alone_us) })
    #expect(output.errors.contains { $0.metric == "itl_mean" && $0.n == 2 && $0.smape_mean > 0 })
  }

  @Test func threadsChangeNothing() throws {
    let program = try Program()
    try MadeUpMeasurements.write(to: program)
    let one = try calibrate(program, "--iterations 1 --threads 1 --format csv")
    let four = try calibrate(program, "--iterations 1 --threads 4 --format csv")
    #expect(one.code == 0 && one.output == four.output && !one.output.isEmpty)
  }

  @Test(arguments: [
    ("--model qwen2.5-7b", "no model \"qwen2.5-7b\" was measured"),
    ("--leave-out 3-2", "no run has the rates \"3-2\""),
    ("--iterations 1000", "--iterations: expected 0 to 100"),
    ("--threads 0", "--threads must be at least 1"),
  ])
  func refusesWhatMakesNoSense(arguments: String, message: String) throws {
    let program = try Program()
    try MadeUpMeasurements.write(to: program)
    let result = try calibrate(program, arguments)
    #expect(result.code == 64 && result.errors.contains(message), "\(result.errors)")
    let isThere = program.exists("p.yaml")
    #expect(!isThere)
  }

  @Test(arguments: [
    ("kv_memory.csv", "model,max_loras\n", "max_lora_rank"),
    ("runs_v1.csv", "run_no\n1\n", "runs_v1.csv"),
    ("length_hist.csv", "which,lo_tok,hi_tok,frac\nprompt,10,x,1\n", "length_hist.csv:2: hi_tok"),
    (
      "adapter_load.csv",
      "model,adapter_rank,max_lora_rank,kind,n,median_ms\nllama-3.1-8b,8,8,x,1,1\n",
      "adapter_load.csv:2: kind"
    ),
  ])
  func saysWhichFileIsMalformed(file: String, text: String, message: String) throws {
    let program = try Program()
    try MadeUpMeasurements.write(to: program, changing: file, text)
    let result = try calibrate(program, "")
    #expect(result.code == 65 && result.isOneLine && result.errors.contains(message))
    let isThere = program.exists("p.yaml")
    #expect(!isThere)
  }

  @Test func aFolderWithoutMeasurements() throws {
    let program = try Program()
    let result = try calibrate(program, "")
    #expect(result.code == 66 && result.isOneLine && result.errors.contains("kv_memory.csv"))
  }
}

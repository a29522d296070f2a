import Foundation
import Replay
import Testing

@Suite struct PublishedCommandTests {
  private static let sLoRA =
    "file,num_adapters,alpha,req_rate,cv,duration_s,in_lo,in_hi,out_lo,out_hi,throughput,"
    + "avg_latency,avg_first_token_latency,avg_attainment\n"
    + "synthetic/slora/x_a10g_S1_slora.jsonl,5,1,2,1,10,8,32,8,32,1.5,1,.2,1\n"
    + "synthetic/bmm/x_a10g_S1_bmm.jsonl,5,1,2,1,10,8,32,8,32,1.5,1,.2,1\n"

  private struct Output: Decodable {
    struct Figure: Decodable {
      var quantity: String
      var published: Double
      var predicted: [String: Double?]
    }
    struct Entry: Decodable {
      var quantity: String
      var group: String
      var n: Int
      var smape_mean: Double
    }
    struct LeftOut: Decodable {
      var reason: String
      var rows: Int
    }
    var models: [String]
    var figures: [Figure]
    var errors: [Entry]
    var not_predicted: [LeftOut]
  }

  @Test func sLoRAPrintsBothSidesAndWhatIsLeftOut() throws {
    let program = try Program()
    try program.write(Self.sLoRA, to: "s.csv")
    let result = try program.run(
      "published", "s-lora", "--from", "s.csv", "--no-fit", "--quiet", "--format", "json")
    #expect(result.code == 0 && result.errors.isEmpty, "\(result.errors)")
    let output = try JSONDecoder().decode(Output.self, from: Data(result.output.utf8))
    #expect(output.models == ["datasheet"] && output.figures.count == 4)
    #expect(output.not_predicted.map(\.reason) == ["padded batched matrix products"])
    let throughput = try #require(output.figures.first { $0.quantity == "throughput req/s" })
    let predicted = try #require(throughput.predicted["datasheet"] ?? nil)
    let entry = try #require(
      output.errors.first { $0.quantity == "throughput req/s" && $0.group == "all predicted" })
    #expect(abs(entry.smape_mean - 100 * abs(predicted - 1.5) / (predicted + 1.5)) < 1e-9)
  }

  /// The same numbers on any number of threads, in a table and in CSV.
  @Test func threadsChangeNothing() throws {
    let program = try Program()
    try program.write(Self.sLoRA, to: "s.csv")
    func print(_ threads: String, _ format: String) throws -> String {
      try program.run(
        "published", "s-lora", "--from", "s.csv", "--no-fit", "-q", "--threads", threads,
        "--format", format
      ).output
    }
    #expect(try print("1", "csv") == print("3", "csv"))
    #expect(
      try print("1", "csv").hasPrefix("group,setting,quantity,published,datasheet,fitted_to\n"))
    #expect(try print("1", "table").contains("padded batched matrix products"))
  }

  @Test func kvComparesStarts() throws {
    let program = try Program()
    try program.write(
      "model,max_loras,max_lora_rank,kv_tokens,outcome\nllama-2-7b,4,8,80000,ok\n", to: "k.csv")
    let result = try program.run("published", "kv", "--from", "k.csv", "--format", "csv")
    #expect(result.code == 0)
    #expect(result.output.contains("llama-2-7b,4 slots of rank 8,starts,1.000000,1.000000,false\n"))
  }

  /// A fit's errors say little about predictions: who asks for them is told.
  @Test(arguments: [("k.csv", true), ("other.csv", false)])
  func aFitIsCalledOne(fittedFrom: String, isTold: Bool) throws {
    let program = try Program()
    try program.write(
      "model,max_loras,max_lora_rank,kv_tokens,outcome\nllama-2-7b,4,8,80000,ok\n", to: "k.csv")
    let none = Estimate(0, standardError: 0)
    let profile = Profile(
      name: "p", engine: "e", accelerator: "h100",
      fittedFrom: [.init(file: fittedFrom, sha256: String(repeating: "0", count: 64), rows: 1)],
      models: [
        Profile.Model(
          name: "llama-2-7b", maxModelLength: 4096,
          kv: KVCapacity(
            base: Estimate(80_000, standardError: 1), perSlotRank: none, perSlot: none),
          step: [.init(.step, microseconds: Estimate(1, standardError: 0))])
      ])
    try program.write(profile.yaml, to: "p.yaml")
    let result = try program.run("published", "kv", "--from", "k.csv", "--profile", "p.yaml")
    #expect(result.code == 0, "\(result.errors)")
    #expect(result.output.contains("fitted to k.csv") == isTold)
  }

  @Test(arguments: [
    ("s-lora --from none.csv", 66), ("kv --from none.csv", 66),
    ("vllm-v0-overhead --from bad.csv", 65), ("s-lora --from bad.csv", 65),
    ("kv --from bad.csv", 65), ("kv --from bad.csv --memory -1", 64),
    ("s-lora --from bad.csv --threads 0", 64), ("s-lra", 64),
  ])
  func mistakesAreNamed(arguments: String, code: Int32) throws {
    let program = try Program()
    try program.write("a,b\n1,2\n", to: "bad.csv")
    let result = try program.shell("\"$0\" published \(arguments)")
    #expect(result.code == code && result.output.isEmpty)
    if code != 64 { #expect(result.isOneLine, "\(result.errors)") }
  }
}

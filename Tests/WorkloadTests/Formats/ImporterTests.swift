import Foundation
import Primitives
import Testing

@testable import Workload

/// A small valid file of every foreign format.
enum Sample {
  static let gentd26 = """
    seq,t_s,group,predict_type,status,base_model,num_lora,lora_ids,lora_scales,exec_time_s
    0,0,G0,TXT_2_IMG,SUCCEED,B9,0,,,32.0
    1,7,G1,TXT_2_IMG,FAILED,B2,1,L5,0.8,43.0
    2,7,G1,IMG_2_IMG,SUCCEED,B3,2,L7;L5,1.0;0.5,36.0

    """
  static let untimed = """
    seq,t_s,group,predict_type,status,base_model,num_lora,lora_ids,lora_scales
    0,,,TXT_2_IMG,,B0,0,,
    1,,,TXT_2_IMG,,B2,1,L0,1.0

    """
  static let azure = """
    TIMESTAMP,ContextTokens,GeneratedTokens
    2023-11-16 18:15:46.6805900,374,44
    2023-11-16 18:15:50.9951690,396,109

    """
  static let lmsys = """
    req_id,t_s,adapter,prompt_len_tok,output_len_tok
    0,0.0,dummy-lora-7b-rank-8-13,13,199
    1,0.20793754160099873,dummy-lora-7b-rank-16-2,36,137

    """
  static let servegen = """
    window_start_s,client,rate_rps,iat_cv,pattern,shape,scale
    0,4,0.05,1.4203,Gamma,0.495698,12.0326
    600,4,0.1,8.5984,Weibull,0.375349,0.396768
    0,9,0.02,1.5,Gamma,,

    """
  static let oracle: [UInt8] = [(3, 7, 512), (3, 8, 1024), (5, 7, 512)].flatMap {
    time, object, size in
    var encoder = BinaryEncoder()
    encoder.number(UInt32(time))
    encoder.number(UInt64(object))
    encoder.number(UInt32(size))
    encoder.number(Int64(-1))
    return encoder.bytes
  }
  static let csv = "ts;who;model;in;out\n1500;acme;a,b;10;20\n500;;base;30;40.0\n"
  static let csvOptions =
    "arrival=ts unit=ms delimiter=; adapters=model separator=, prompt_tokens=in output_tokens=out "
    + "tenant=who base=base"
  static let jsonl = """
    {"t": "2024-05-01T00:00:01Z", "lora": ["x", "y"], "w": [1, 0.5], "len": {"in": 5}, "tier": "gold"}
    {"t": "2024-05-01T00:00:00.5Z", "lora": [], "len": {"in": 6}}

    """
  static let jsonlOptions =
    "arrival=t unit=iso adapters=lora weights=w prompt_tokens=len.in metadata=tier"
  static let openai = """
    {"created": 1700000001, "model": "llama", "usage": {"prompt_tokens": 9, "completion_tokens": 3}}
    {"created": 1700000000, "model": "fr", "user": "u1", "usage": {"prompt_tokens": 8, "completion_tokens": 2}}
    {"timestamp": "1700000002.25", "model": "fr", "prompt_tokens": 7}

    """
  static let mooncake = """
    {"timestamp": 0, "input_length": 6758, "output_length": 500, "hash_ids": [0, 1, 2]}
    {"timestamp": 27482, "input_length": 100, "output_length": 3, "hash_ids": [0]}

    """
}

struct ImporterTests {
  private func read(
    _ text: String, _ format: TraceFormat? = nil, _ options: String? = nil
  ) throws -> Trace {
    let trace = try TraceReader.read(
      Array(text.utf8), named: "x.csv", format: format,
      options: options.map { try Parameters(parsing: "import " + $0) })
    #expect(trace.brokenPromise == nil)
    return trace
  }

  @Test func gentd26() throws {
    let trace = try read(Sample.gentd26)
    #expect(Array(trace.arrival) == [0, 7_000_000_000, 7_000_000_000])
    #expect(trace.adapters.map(\.name) == ["L5", "L7"])
    #expect(trace.adapters.map(\.baseModel) == ["B2", "B3"])
    #expect(
      trace.adapterSets == [
        .base, AdapterSet([0], weights: [0.8]), AdapterSet([1, 0], weights: [1, 0.5]),
      ])
    #expect(Array(trace.adapterSet) == [0, 1, 2])
    #expect(trace.tenants == ["", "G0", "G1"])
    #expect(Array(trace.session) == [0, 1, 1])
    #expect(trace.metadataText(2) == "base_model=B3;predict_type=IMG_2_IMG")
    #expect(trace.origins[.arrival]?.provenance == .recorded)
    #expect(trace.origins[.promptTokens] == Origin(.assigned, "absent: zero"))
    #expect(try read(Sample.gentd26, .gentd26, "keep-base-rows=false").count == 2)
    #expect(try read(Sample.gentd26, .gentd26, "status=succeed").count == 2)
  }

  @Test func gentd26Untimed() throws {
    let trace = try read(Sample.untimed)
    #expect(Array(trace.arrival) == [0, 1_000_000_000])
    #expect(trace.origins[.arrival]?.provenance == .assigned)
    #expect(trace.origins[.adapters]?.provenance == .recorded)
  }

  @Test func azure() throws {
    let trace = try read(Sample.azure)
    #expect(Array(trace.arrival) == [0, 4_314_579_000])
    #expect(Array(trace.promptTokens) == [374, 396])
    #expect(Array(trace.outputTokens) == [44, 109])
    #expect(trace.origins[.adapters]?.provenance == .assigned)
  }

  @Test func lmsys() throws {
    let trace = try read(Sample.lmsys)
    #expect(Array(trace.arrival) == [0, 207_937_542])
    #expect(trace.adapters.map(\.rank) == [8, 16])
  }

  @Test func oracleGeneral() throws {
    let trace = try TraceReader.read(Sample.oracle, named: "x.oracleGeneral.bin")
    #expect(Array(trace.arrival) == [0, 0, 2_000_000_000])
    #expect(trace.adapters.map(\.name) == ["7", "8"])
    #expect(trace.adapters.map(\.bytes) == [512, 1024])
    #expect(Array(trace.adapterSet) == [1, 2, 1])
    #expect(throws: PitwallError.self) {
      try TraceReader.read(Array(Sample.oracle.dropLast()), named: "x", format: .oracleGeneral)
    }
    var empty = Sample.oracle
    empty[13] = 0
    #expect(throws: PitwallError.data("x", "record 0: object 7 has 0 bytes")) {
      try TraceReader.read(empty, named: "x", format: .oracleGeneral)
    }
  }

  @Test func anyCSVSortedAndShifted() throws {
    let trace = try read(Sample.csv, .csv, Sample.csvOptions)
    #expect(Array(trace.arrival) == [0, 1_000_000_000])
    #expect(Array(trace.promptTokens) == [30, 10])
    #expect(Array(trace.outputTokens) == [40, 20])
    #expect(trace.adaptersText(0) == "" && trace.adaptersText(1) == "a;b")
    #expect(trace.tenants == ["", "acme"])
    let without = try read(Sample.csv, .csv, Sample.csvOptions + " keep-base-rows=false")
    #expect(without.count == 1)
  }

  @Test func anyJSONL() throws {
    let trace = try read(Sample.jsonl, .jsonl, Sample.jsonlOptions)
    #expect(Array(trace.arrival) == [0, 500_000_000])
    #expect(trace.adaptersText(1) == "x;y*0.5")
    #expect(Array(trace.promptTokens) == [6, 5])
    #expect(trace.metadataText(1) == "tier=gold")
    #expect(trace.origins[.outputTokens]?.provenance == .assigned)
  }

  @Test func openAILog() throws {
    let trace = try read(Sample.openai, nil, "base=llama")
    #expect(Array(trace.arrival) == [0, 1_000_000_000, 2_250_000_000])
    #expect((0..<3).map(trace.adaptersText) == ["fr", "", "fr"])
    #expect(Array(trace.promptTokens) == [8, 9, 7])
    #expect(Array(trace.outputTokens) == [2, 3, 0])
    #expect(trace.tenants == ["", "u1"])
    #expect(trace.origins[.session] == Origin(.assigned, "default"))
  }

  @Test func epochTimesTellTheirUnitByTheirSize() throws {
    for (time, later) in [
      ("1700000000", "1700000001"), ("1700000000000", "1700000001000"),
      ("1700000000000000", "1700000001000000"), ("1700000000000000000", "1700000001000000000"),
      ("\"2023-11-14T22:13:20Z\"", "\"2023-11-14T22:13:21Z\""),
    ] {
      let text = "{\"ts\":\(time),\"model\":\"a\"}\n{\"ts\":\(later),\"model\":\"a\"}\n"
      #expect(Array(try read(text, .openaiLog).arrival) == [0, 1_000_000_000], "\(time)")
    }
  }

  @Test func mooncake() throws {
    let trace = try read(Sample.mooncake)
    #expect(Array(trace.arrival) == [0, 27_482_000_000])
    #expect(Array(trace.promptTokens) == [6758, 100])
    #expect(Array(trace.outputTokens) == [500, 3])
  }

  private static let mistakes: [(String, TraceFormat?, String?, String)] = [
    ("seq,t_s,lora_ids,lora_scales,num_lora\n", nil, nil, "x:1: column group is missing"),
    (
      Sample.gentd26.replacing("0.8,43", with: "0.8;1,43"), nil, nil,
      "x:3: 1 lora_ids but 2 lora_scales"
    ),
    (
      Sample.gentd26.replacing("1,7,G1", with: "1,,G1"), nil, nil,
      "x:3: t_s is there in some rows only"
    ),
    (
      Sample.gentd26.replacing("1,7,G1", with: "1,-7,G1"), nil, nil,
      "x:3: t_s: expected a time in seconds, found \"-7\""
    ),
    (
      Sample.azure.replacing("18:15:50", with: "25:15:50"), nil, nil,
      "x:3: TIMESTAMP: expected a time such as 2023-11-16 18:17:03.5, found \"2023-11-16 25:15:50.9951690\""
    ),
    (
      Sample.azure.replacing("396", with: "3.5"), nil, nil,
      "x:3: prompt_tokens: expected a whole number from 0 to 2147483647, found \"3.5\""
    ),
    (Sample.azure.replacing(",396", with: ""), nil, nil, "x:3: expected 3 fields, found 2"),
    (
      Sample.lmsys.replacing("0.207", with: "-0.2"), nil, nil,
      "x:3: t_s: \"-0.293754160099873\" is negative"
    ),
    (
      Sample.lmsys.replacing("0.2079", with: "nan"), nil, nil,
      "x:3: t_s: expected a number, found \"nan3754160099873\""
    ),
    (
      Sample.csv, .csv, "arrival=tss delimiter=;",
      "x:1: column tss is missing (did you mean \"ts\"?)"
    ),
    (Sample.csv, .csv, "unit=ms", "import: name the column of the arrival time"),
    (Sample.csv, .csv, "arrival=ts unit=h", "import.unit: \"h\" is unknown"),
    (Sample.csv, .csv, "arrival=ts colour=red", "import.colour: unknown key"),
    (
      Sample.jsonl, .jsonl, "arrival=t unit=iso prompt_tokens=length", "x: length is missing"
    ),
    (Sample.jsonl, .jsonl, "arrival=when", "x:1: when is missing"),
    (
      Sample.jsonl, .jsonl, "arrival=t unit=iso prompt_tokens=w",
      "x:1: prompt_tokens: expected a whole number"
    ),
    ("{\"timestamp\": 1, \"input_length\": 5}", nil, nil, "x: output_length is missing"),
    (
      "{\"ts\": 1, \"model\": 3", nil, nil,
      "x:1: not JSON: expected a comma or a brace, found the end"
    ),
    (
      Sample.servegen.replacing("Weibull", with: "Pareto"), nil, nil,
      "x:3: pattern: expected Gamma or Weibull"
    ),
    (Sample.servegen.replacing("0.05", with: "-1"), nil, nil, "x:2: rate_rps: -1 is out of range"),
    (Sample.servegen, .servegen, "clients=a", "import.clients: expected numbers"),
    (
      Sample.servegen, .servegen, "tokens=/nonexistent.csv",
      "/nonexistent.csv: no such file or directory"
    ),
  ]

  @Test(arguments: mistakes)
  func mistakesAreNamed(
    _ text: String, _ format: TraceFormat?, _ options: String?, _ message: String
  ) throws {
    let found = try failure(reading: text, format: format, options: options)
    #expect(found?.hasPrefix(message) == true, "\(found ?? "read")")
  }

  @Test func headersWithoutRowsAreEmptyTraces() throws {
    for text in [Sample.gentd26, Sample.azure, Sample.lmsys, Sample.servegen] {
      let header = try #require(text.split(separator: "\n").first)
      #expect(try read(header + "\n").count == 0)
    }
    for format in [TraceFormat.mooncake, .openaiLog, .oracleGeneral] {
      #expect(try read("", format).count == 0)
    }
    #expect(try read("", .jsonl, "arrival=t").count == 0)
  }
}

struct ServeGenTests {
  private func read(_ options: String, _ text: String = Sample.servegen) throws -> Trace {
    try TraceReader.read(
      Array(text.utf8), named: "x", format: .servegen, options: Parameters(parsing: "x " + options))
  }

  @Test func everyWindowHasTheRequestsOfItsRate() throws {
    let trace = try read("duration=20min seed=1")
    #expect(trace.count == 30 + 60 + 12)
    #expect(trace.brokenPromise == nil)
    #expect(trace.tenants.sorted() == ["", "4", "9"])
    #expect(trace.origins[.arrival]?.provenance == .fitted)
    // The first arrival is shifted to 0, and the last is within the second window.
    #expect(trace.span < 1_200_000_000_000 && trace.span > 600_000_000_000)
  }

  @Test func seedsDifferAndRepeat() throws {
    #expect(Array(try read("seed=1").arrival) == Array(try read("seed=1").arrival))
    #expect(Array(try read("seed=1").arrival) != Array(try read("seed=2").arrival))
  }

  @Test func aClientSendsTheSameWhoeverElseIsThere() throws {
    let all = try read("seed=1")
    let one = try read("seed=1 clients=4")
    let index = try #require(all.tenants.firstIndex(of: "4"))
    let rows = all.arrival.indices.filter { all.tenant[$0] == Int32(index) }
    #expect(
      rows.map { all.arrival[$0] - all.arrival[rows[0]] } == Array(one.arrival))
    #expect(one.count == 90)
    #expect(try read("seed=1 start=10min duration=10min clients=4").count == 60)
  }

  @Test(arguments: [
    (GapDistribution.gamma(shape: 0.5), 2.0.squareRoot()), (.gamma(shape: 4), 0.5),
    (.weibull(shape: 1), 1), (.weibull(shape: 2), 0.5227), (.gamma(shape: 1), 1),
  ])
  func gapsHaveTheVariationOfTheirShape(_ gaps: GapDistribution, _ variation: Double) {
    var random = RandomStream(seed: 1, purpose: "gaps")
    let shares = gaps.shares(count: 40_000, &random)
    let mean = shares.reduce(0, +) / 40_000
    let variance = shares.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / 40_000
    #expect(abs(mean * 40_000 - 1) < 1e-9)
    #expect(abs(variance.squareRoot() / mean / variation - 1) < 0.04)
  }

  @Test func extremeShapesStayFinite() {
    var random = RandomStream(seed: 1, purpose: "gaps")
    for gaps in [GapDistribution.gamma(shape: 0.01), .weibull(shape: 0.01), .gamma(shape: 45_000)] {
      let shares = gaps.shares(count: 500, &random)
      #expect(shares.allSatisfy { $0 >= 0 && $0.isFinite })
      #expect(abs(shares.reduce(0, +) - 1) < 1e-9)
    }
  }

  @Test func lengthsFollowTheQuantiles() throws {
    let folder = try TemporaryFolder()
    let quantiles = """
      dataset_window_start_s,client,field,mean,q0.25,q0.5,q0.75
      0,4,input_tokens,0,100,200,400
      0,4,output_tokens,0,7,7,7

      """
    try quantiles.write(toFile: folder.file("q.csv"), atomically: true, encoding: .utf8)
    let windows =
      "window_start_s,client,rate_rps,iat_cv,pattern,shape,scale\n"
      + "0,4,5,1,Gamma,1,1\n0,9,5,1,Gamma,1,1\n"
    let trace = try read("seed=1 tokens=\(folder.file("q.csv"))", windows)
    // Client 9 has no quantiles of its own, so it takes those of client 4.
    #expect(trace.count == 6000)
    #expect(trace.outputTokens.allSatisfy { $0 == 7 })
    let sorted = trace.promptTokens.sorted()
    #expect(sorted[1400] == 100 && sorted[4600] == 400)
    #expect(abs(Double(sorted[3000]) - 200) < 20)
    #expect(abs(Double(sorted[3750]) - 300) < 25)
    #expect(trace.origins[.promptTokens]?.provenance == .fitted)
  }

  @Test func tooManyRequestsAreRefused() throws {
    let windows =
      "window_start_s,client,rate_rps,iat_cv,pattern,shape,scale\n0,4,200000,1,Gamma,1,1\n"
    #expect(throws: PitwallError.self) { try read("seed=1", windows) }
  }
}

@Suite(.enabled(if: RecordedTraces.arePresent))
struct RecordedImportTests {
  private func read(_ path: String, _ options: String? = nil) throws -> Trace {
    try TraceReader.read(
      RecordedTraces.folder.appendingPathComponent(path).path,
      options: options.map { try Parameters(parsing: "x " + $0) })
  }

  @Test(arguments: [
    ("gentd26/gentd26_timed_dev.csv", 7, 14_173, 2352, 244),
    ("gentd26/gentd26_part1_untimed.csv", 7, 41_372, 11_851, 637),
    ("lmsys_arena/lmsys_arena_27adapters_600s.csv", 2, 1500, 1500, 27),
  ])
  func adapterReferencesAreThoseOfTheFile(
    _ path: String, _ column: Int, _ rows: Int, _ references: Int, _ adapters: Int
  ) throws {
    let trace = try read(path)
    #expect(trace.count == rows)
    let stream = trace.adapterSet.flatMap { trace.adapterSets[Int($0)].members }
    #expect(stream.count == references && trace.adapters.count == adapters)
    // Adapters are numbered as they appear, in our reader as in the plain one.
    let expected = try RecordedTraces.references(path, column: column)
    #expect(stream == expected.stream)
  }

  @Test func azureTimesAreExact() throws {
    let trace = try read("azure_llm_2023/AzureLLMInferenceTrace_conv.csv")
    #expect(trace.count == 19_366)
    // 18:15:46.6805900 to 19:14:08.4025270
    #expect(trace.span == 3_501_721_937_000)
  }

  @Test func oracleGeneralCountsAgreeWithItsReference() throws {
    let trace = try read("libcachesim/cloudPhysicsIO.oracleGeneral.bin")
    #expect(trace.count == 113_872)
    #expect(trace.adapters.count == 48_974)
  }

  @Test func servegenGeneratesTheRecordedRate() throws {
    let tokens = RecordedTraces.folder
      .appendingPathComponent("servegen/language_m-large_client_token_quantiles.csv.gz").path
    let trace = try read(
      "servegen/language_m-large_client_windows.csv.gz", "duration=60s seed=2 tokens=\(tokens)")
    #expect(trace.count > 5000 && trace.brokenPromise == nil)
    #expect(trace.promptTokens.allSatisfy { $0 > 0 })
  }
}

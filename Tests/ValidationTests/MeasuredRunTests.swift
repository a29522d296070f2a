import Primitives
import Testing
import Workload

@testable import Validation

@Suite struct MeasuredRunTests {
  private static let header =
    "run_no,family,group,model,engine,dataset,max_loras,max_lora_rank,n_adapters,adapter_ranks,"
    + "adapter_rates_req_s,total_time_s,max_num_seqs"
  private static let row = "7,ml,g/1,llama,V1-0.8.5,sharegpt,8,16,16,8-16,0.5-0.25-0.1,3600.0,2048"

  @Test func aConfigurationAlone() throws {
    let run = try #require(
      try MeasuredRun.parse("\(Self.header)\n\(Self.row)\n", file: "r.csv").first)
    #expect(run.place == "r.csv:2" && run.number == 7 && run.model == "llama")
    #expect(run.family == "ml" && run.group == "g/1" && run.engine == "V1-0.8.5")
    #expect(run.slots == 8 && run.slotRank == 16 && run.adapters == 16)
    #expect(run.adapterRanks == [8, 16] && run.adapterRates == [0.5, 0.25, 0.1])
    #expect(abs(run.offered - (6 * 0.5 + 5 * 0.25 + 5 * 0.1)) < 1e-12, "dealt to 16 adapters")
    #expect(run.extent == .duration(3_600_000_000_000) && run.maxSequences == 2048)
    #expect(run.tokenBudget == nil && run.kvTokens == nil && run.promptMean == nil)
    #expect(run.status == nil && run.measured == nil && run.regime.isEmpty)
    #expect(run.twinReplay == nil && run.twinFromScratch == nil && !run.hasConstantLengths)
  }

  @Test func measurementsAndWhatNobodyKnows() throws {
    let text = """
      \(Self.header),moon_phase,status,regime,completed,total_tok_s,itl_mean_ms,ttft_mean_ms,\
      preemptions,twin_total_tok_s,twinfs_itl_ms
      \(Self.row),full,ok,unloaded,100,12.5,20,,3.0,13,
      8,ml,g,llama,V1,dummy_dataset_mean,8,16,16,8,0.5,3600,2048,,memory_error,memory_error,,,,,,,
      """
    let runs = try MeasuredRun.parse(text, file: "r.csv")
    let measured = try #require(runs[0].measured)
    #expect(runs[0].status == .ok && runs[0].regime == "unloaded")
    #expect(measured.completed == 100 && measured.totalTokensPerSecond == 12.5)
    #expect(measured.itlMean == 20 && measured.ttftMean == nil && measured.preemptions == 3)
    #expect(runs[0].twinReplay?.totalTokensPerSecond == 13 && runs[0].twinFromScratch == nil)
    #expect(runs[1].status == .memoryError && runs[1].measured == nil)
    #expect(runs[1].hasConstantLengths)
  }

  /// Each slip, and the one line that a person gets.
  @Test(arguments: [
    (row, "", nil),
    ("x" + row, "", "65 r.csv:2: run_no: expected a number, found \"x7\""),
    (row + ",1", "", "65 r.csv:2: expected 13 fields, found 14"),
    (row + "\n" + row, "", "65 r.csv:3: run_no: 7 is there twice"),
    (
      row.replacing(",8-16,", with: ",8--16,"), "", "65 r.csv:2: adapter_ranks: \(dashes) \"8--16\""
    ),
    (row.replacing(",8-16,", with: ",0,"), "", "65 r.csv:2: adapter_ranks: \(dashes) \"0\""),
    (
      row.replacing("0.1,", with: "nan,"), "",
      "65 r.csv:2: adapter_rates_req_s: \(dashes) \"0.5-0.25-nan\""
    ),
    (
      row.replacing(",16,8-16", with: ",1e9,8-16"), "",
      "65 r.csv:2: n_adapters: 1000000000 is outside 0...1000000"
    ),
    (row.replacing(",8,16", with: ",,16"), "", "65 r.csv:2: max_loras: is empty"),
    (row + ",okay", ",status", "65 r.csv:2: status: unknown \"okay\" (did you mean \"ok\"?)"),
    (row + ",-1", ",itl_mean_ms", nil),
    (
      row + ",1,-1", ",completed,itl_mean_ms",
      "65 r.csv:2: itl_mean_ms: -1 is outside 0.0...1000000000000000.0"
    ),
  ])
  func slips(rows: String, columns: String, expected: String?) {
    #expect(
      message { _ = try MeasuredRun.parse("\(Self.header)\(columns)\n\(rows)\n", file: "r.csv") }
        == expected)
  }

  private static let dashes = "expected positive numbers with dashes between, found"

  @Test func aMissingColumn() {
    #expect(
      message {
        _ = try MeasuredRun.parse(
          Self.header.replacing("max_loras", with: "max_lora"), file: "r.csv")
      } == "65 r.csv:1: column \"max_loras\" is missing (did you mean \"max_lora\"?)")
  }

  /// Whatever stands in a file, reading it ends in runs or in one of our errors.
  @Test func mangledFiles() {
    let whole = Array("\(Self.header),completed,status\n\(Self.row),5,ok\n".utf8)
    var random = RandomStream(seed: 1, purpose: "mangle")
    for _ in 0..<2000 {
      var bytes = whole
      for _ in 0...random.index(below: 3) {
        let place = random.index(below: bytes.count)
        switch random.index(below: 3) {
        case 0: bytes[place] = UInt8(random.index(below: 128))
        case 1: bytes.remove(at: place)
        default: bytes.insert(contentsOf: Array(bytes[..<place].suffix(7)), at: place)
        }
      }
      do {
        _ = try MeasuredRun.parse(String(decoding: bytes, as: UTF8.self), file: "r.csv")
      } catch let error as PitwallError {
        #expect(error.code == .data && error.place?.hasPrefix("r.csv") == true)
      } catch {
        Issue.record("\(error)")
      }
    }
  }

  @Test(.enabled(if: SharedData.isThere, "needs ../shared/validation"))
  func thePublishedRuns() throws {
    for split in ["calibration", "development"] {
      let v1 = try MeasuredRun.read("\(SharedData.folder)/\(split)/runs_v1.csv")
      #expect(v1.count > 250)
      for run in v1 {
        #expect((run.status == .ok) == (run.measured != nil), "\(run.place)")
        #expect(run.extent == .duration(3_600_000_000_000) && run.tokenBudget == 2048)
        // The file says what the rates dealt to the adapters add up to.
        let offered = run.rates(of: run.adapters).reduce(0, +)
        #expect(abs(run.offered - offered) < 1e-3 * offered, "\(run.place)")
      }
      let v0 = try MeasuredRun.read("\(SharedData.folder)/\(split)/runs_v0.csv")
      #expect(v0.allSatisfy { $0.hasConstantLengths })
      #expect(v0.contains { $0.measured?.adapterLoads != nil })
      let scheduler = try MeasuredRun.read(
        "\(SharedData.folder)/\(split)/aux_scheduler_runs.csv")
      #expect(scheduler.count > 150)
      for run in scheduler {
        let measured = try #require(run.measured)
        let tokens = try #require(measured.outputTokensPerSecond) * (measured.duration ?? 0)
        #expect(abs(tokens - 231 * Double(measured.completed)) < 1e-6 * tokens, "\(run.place)")
        // Where every adapter has a slot none is copied after the start.
        if run.adapters <= run.slots { #expect(measured.adapterLoads == 0, "\(run.place)") }
      }
    }
  }
}

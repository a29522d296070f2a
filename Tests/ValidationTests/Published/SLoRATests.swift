import Primitives
import Testing

@testable import Validation

@Suite struct SLoRATests {
  static let header =
    "file,num_adapters,alpha,req_rate,cv,duration_s,in_lo,in_hi,out_lo,out_hi,throughput,"
    + "avg_latency,avg_first_token_latency,avg_attainment\n"
  static let file = "synthetic/slora/synthetic_req_rate_a10g_S1_slora.jsonl"

  private func parse(_ row: String) throws -> [SLoRAResult] {
    try SLoRAResult.parse(Self.header + row + "\n", file: "r.csv")
  }

  // MARK: The workload

  /// Sums and last arrivals that `generate_requests` gives with numpy 2.4.
  @Test(arguments: [
    (
      SLoRAWorkload(200, 1, rate: 2, cv: 8, 300, 8..<512), 600, 60076, 153_447, 155_474, 432.5397510
    ),
    (
      SLoRAWorkload(400, 1, rate: 6, cv: 1, 300, 8..<512), 1800, 357_312, 466_980, 469_301,
      293.7171148
    ),
    (SLoRAWorkload(32, 0.3, rate: 2, cv: 2, 120, 8..<1024), 240, 1573, 63226, 117_023, 111.3713971),
  ])
  func requestsAreTheirs(
    workload: SLoRAWorkload, count: Int, adapters: Int, prompts: Int, outputs: Int, last: Double
  ) throws {
    let trace = try workload.trace(ranks: [64, 32, 16, 8])
    func sum(_ value: (Int) -> Int32) -> Int { (0..<trace.count).reduce(0) { $0 + Int(value($1)) } }
    #expect(trace.count == count)
    // Set 0 is the base model's.
    #expect(sum { trace.adapterSet[$0] - 1 } == adapters)
    #expect(sum { trace.promptTokens[$0] } == prompts)
    #expect(sum { trace.outputTokens[$0] } == outputs)
    #expect(abs(trace.arrival[count - 1].seconds - last) < 1e-6)
    #expect(trace.adapters.map(\.rank).prefix(5) == [64, 32, 16, 8, 64])
  }

  @Test func withoutAdaptersAllAskTheBaseModel() throws {
    let base = try SLoRAWorkload(0, 1, rate: 2, cv: 1, 30, 8..<512).trace(ranks: [8])
    let one = try SLoRAWorkload(1, 1, rate: 2, cv: 1, 30, 8..<512).trace(ranks: [8])
    #expect(base.adapters.isEmpty && (0..<60).allSatisfy { base.adapterSet[$0] == 0 })
    #expect((0..<60).allSatisfy { base.arrival[$0] == one.arrival[$0] })
  }

  // MARK: The file

  @Test func aRowSaysWhatWasRun() throws {
    let result = try #require(
      try parse("\(Self.file),200,1,1.5,2,300,8,512,8,1024,1.4,13.5,.4,1").first)
    #expect(
      result.subject
        == .experiment(
          SLoRAExperiment(
            setting: .s1, device: .a10g,
            workload: SLoRAWorkload(200, 1, rate: 1.5, cv: 2, 300, 8..<1024, prompt: 8..<512))))
    #expect(
      result.measured
        == .init(throughput: 1.4, latency: 13.5, firstToken: 0.4, attainment: 1))
  }

  @Test(arguments: [
    ("synthetic/abort/x_a10g_S1_abort.jsonl", "early abort"),
    ("synthetic/vllm/x.jsonl", "vLLM with a server for each adapter"),
    ("synthetic/slora/x_a100-40_S4_slora_unused.jsonl", "settings not recorded"),
    ("somewhere/else.jsonl", "an experiment that is not known"),
  ])
  func otherRowsSayWhyNot(file: String, reason: String) throws {
    let result = try #require(try parse("\(file),,,,,,,,,,,,,").first)
    #expect(result.subject == .notSimulated(reason) && result.measured == nil)
  }

  @Test(arguments: [
    ("synthetic/slora/x_b200_S1_slora,1,1,1,1,9,8,9,8,9,1,1,1,1", "names no known device"),
    ("\(file),1,0,1,1,9,8,9,8,9,1,1,1,1", "alpha: 0 is outside"),
    ("\(file),1,1,1,.5,9,8,9,8,9,1,1,1,1", "cv: .5 is outside"),
    ("\(file),1,1,1,1,9,9,9,8,9,1,1,1,1", "in_hi: 9 is not above 9"),
    ("\(file),1,1,nan,1,9,8,9,8,9,1,1,1,1", "req_rate: expected a number"),
    ("\(file),1,1,1,1,9,8,9,8,9,1,1,1,2", "avg_attainment: 2 is outside"),
    ("\(file),1.5,1,1,1,9,8,9,8,9,1,1,1,1", "num_adapters: expected a whole number"),
    ("\(file),1,1,1,1,9,8,9,8,9,,1,1,1", "throughput: is empty"),
    ("\(file),1,1,1", "expected 14 fields"),
  ])
  func nonsenseIsRefused(row: String, cause: String) {
    let said = message { _ = try parse(row) } ?? "nothing"
    #expect(said.hasPrefix("65 r.csv:2") && said.contains(cause), "\(said)")
  }

  // MARK: Predictions

  /// Latency grows with the rank, since kernels gather, and falls with a better device.
  @Test func ranksAndDevicesMatter() throws {
    func latency(_ setting: SLoRAExperiment.Setting, _ device: SLoRAExperiment.Device) throws
      -> Double
    {
      let workload = SLoRAWorkload(20, 1, rate: 2, cv: 1, 30, 8..<128)
      return try SLoRAExperiment(setting: setting, device: device, workload: workload).predict()
        .latency
    }
    let small = try latency(.s1, .a10g)
    #expect(try latency(.s2, .a10g) > small)
    #expect(try latency(.s1, .a100Large) < small)
  }

  /// Slower steps for any reason are longer latencies.
  @Test func efficienciesMatter() throws {
    let experiment = SLoRAExperiment(
      setting: .s1, device: .a10g, workload: SLoRAWorkload(5, 1, rate: 1, cv: 1, 20, 8..<64))
    func latency(_ bandwidth: Double, _ overhead: Double) throws -> Double {
      let efficiency = SLoRAEfficiency(bandwidth: bandwidth, stepOverhead: overhead)
      return try experiment.predict(with: efficiency).latency
    }
    let base = try latency(0.8, 0.003)
    #expect(try experiment.predict().latency == base)
    #expect(try latency(0.4, 0.003) > base && latency(0.8, 0.03) > base)
  }

  @Test func aSearchFindsTheLeast() async throws {
    var random = RandomStream(seed: 3, purpose: "bowls")
    for _ in 0..<50 {
      let (bandwidth, overhead) = (0.1 + 0.85 * random.uniform(), 0.08 * random.uniform())
      let found = try await SLoRAEfficiency.minimizing {
        let (x, y) = ($0.bandwidth - bandwidth, ($0.stepOverhead - overhead) * 10)
        return x * x + y * y + 0.5 * x * y
      }
      #expect(abs(found.bandwidth - bandwidth) <= 0.01)
      #expect(abs(found.stepOverhead - overhead) <= 0.001)
    }
  }
}

@Suite(.enabled(if: SharedData.isThere, "needs ../shared/validation")) struct PublishedSLoRATests {
  private func results() throws -> [SLoRAResult] {
    try SLoRAResult.read(SharedData.folder + "/slora_published_results.csv")
  }

  /// Nothing is dropped: every row is an experiment or has a reason.
  @Test func everyRowIsAccountedFor() throws {
    let all = try results()
    let experiments = all.filter { $0.measured != nil }
    #expect(all.count == 1159 && experiments.count == 82)
    #expect(
      all.allSatisfy {
        if case .notSimulated(let reason) = $0.subject {
          return reason != "an experiment that is not known"
        }
        return $0.measured != nil
      })
  }

  /// On the A10G, whose memory is the limit, data sheets are enough: each throughput is within
  /// 10 %, though nothing is fitted.
  @Test func anA10GIsPredictedFromItsDataSheet() throws {
    var checked = 0
    for result in try results() where result.file.contains("req_rate_a10g_S") {
      guard case .experiment(let experiment) = result.subject, let measured = result.measured
      else { continue }
      checked += 1
      let predicted = try experiment.predict()
      #expect(abs(predicted.throughput / measured.throughput - 1) < 0.1)
    }
    #expect(checked == 8)
  }
}

extension SLoRAWorkload {
  fileprivate init(
    _ adapters: Int, _ alpha: Double, rate: Double, cv: Double, _ duration: Double,
    _ output: Range<Int>, prompt: Range<Int> = 8..<512
  ) {
    self.init(
      adapters: adapters, alpha: alpha, rate: rate, cv: cv, duration: duration, prompt: prompt,
      output: output)
  }
}

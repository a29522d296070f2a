import Primitives
import Replay
import Simulation
import Testing

@testable import Validation

@Suite struct PublishedComparisonTests {
  private func figure(
    _ group: String, _ quantity: String, _ published: Double, _ predicted: [Double?],
    isFitted: Bool = false
  ) -> PublishedFigure {
    PublishedFigure(
      group: group, setting: "", quantity: quantity, published: published, predicted: predicted,
      isFitted: isFitted)
  }

  @Test func errorsLeaveOutWhatWasFitted() {
    let comparison = PublishedComparison(
      models: ["one", "two"],
      figures: [
        figure("a", "x", 1, [3, nil]), figure("b", "x", 1, [1, 1]),
        figure("a", "x", 1, [9, 9], isFitted: true), figure("a", "y", 2, [2, 2]),
      ])
    let entries = comparison.errors
    func entry(_ quantity: String, _ group: String, _ model: String) -> ErrorSummary? {
      entries.first { ($0.quantity, $0.group, $0.model) == (quantity, group, model) }?.errors
    }
    // 100 (3 - 1) / 4 = 50, and 0.
    #expect(entry("x", PublishedComparison.all, "one")?.mean == 25)
    #expect(entry("x", "a", "one")?.bias == 50)
    #expect(entry("x", "a", "two") == nil)
    #expect(entry("x", PublishedComparison.fitted, "two")?.mean == 80)
    #expect(entry("y", PublishedComparison.all, "two")?.count == 1)
    #expect(entries.count == Set(entries.map { "\($0.quantity) \($0.group) \($0.model)" }).count)
  }

  @Test func whatIsLeftOutIsCountedByReason() {
    var comparison = PublishedComparison(models: [])
    for reason in ["b", "a", "b"] { comparison.leaveOut(because: reason) }
    #expect(comparison.leftOut.map(\.reason) == ["b", "a"])
    #expect(comparison.leftOut.map(\.rows) == [2, 1])
  }
}

@Suite struct PublishedKVTests {
  private static let header = "model,max_loras,max_lora_rank,kv_tokens,outcome\n"

  private func rows(_ text: String) throws -> [PublishedKV.Row] {
    try PublishedKV.Row.parse(Self.header + text + "\n", file: "kv.csv")
  }

  /// The bytes, counted by hand from the published dimensions of Llama-3.1-8B.
  @Test func bytesAddUp() throws {
    let row = "meta-llama/Llama-3.1-8B-Instruct,10,16,300000,ok"
    let comparison = PublishedKV(memory: 80, utilization: 0.5).compare(try rows(row), with: nil)
    let gib = 1_073_741_824
    let layer = 2 * 4096 * 4096 + 2 * 4096 * 1024 + 3 * 4096 * 14336
    let weights = 2 * (32 * layer + 2 * 128_256 * 4096)
    let widths = 2 * (4096 + 4096) + 2 * (4096 + 1024) + 3 * (4096 + 14336)
    let slots = 10 * 2 * 16 * 32 * widths
    let tokens = (40 * gib - gib - weights - slots) / (2 * 2 * 32 * 1024)
    #expect(comparison.figures.map(\.quantity) == ["KV tokens", "starts"])
    #expect(comparison.figures[0].predicted == [Double(tokens / 16 * 16)])
    #expect(comparison.figures[1].predicted == [tokens >= 131_072 ? 1 : 0])
  }

  /// More slots or higher ranks never leave more room; what does not fit does not start.
  @Test func slotsTakeRoom() throws {
    let text = [0, 8, 64, 256, 2000].map { "llama-2-7b,\($0),64,9,ok" }.joined(separator: "\n")
    let figures = PublishedKV().compare(try rows(text), with: nil).figures
    let tokens = figures.filter { $0.quantity == "KV tokens" }.map { $0.predicted[0] ?? -1 }
    #expect(tokens == tokens.sorted(by: >) && tokens.last == 0)
    #expect(figures.last?.predicted == [0])
  }

  @Test func profilesAreReadBesides() throws {
    let profile = Profile(
      name: "p", engine: "vllm-v1", accelerator: "h100", fittedFrom: [],
      models: [
        Profile.Model(
          name: "llama-2-7b", maxModelLength: 4096,
          kv: KVCapacity(
            base: Estimate(10_000, standardError: 1), perSlotRank: Estimate(10, standardError: 1),
            perSlot: Estimate(0, standardError: 1)), step: [])
      ])
    let text = "llama-2-7b,10,8,9000,ok\nllama-2-7b,90,8,,memory:oom\nqwen2.5-7b,1,8,9,ok\n"
    let figures = PublishedKV().compare(try rows(text), with: profile).figures
    #expect(figures.map { $0.predicted[1] } == [9200, 1, 0, nil, nil])
  }

  @Test func otherFailuresAreLeftOut() throws {
    let comparison = PublishedKV().compare(
      try rows("llama-2-7b,0,,,infra:port\nllama-2-7b,1,8,,memory:oom"), with: nil)
    #expect(comparison.leftOut.map(\.rows) == [1] && comparison.figures.count == 1)
  }

  @Test(arguments: [
    ("gpt-9,1,8,1,ok", "unknown model"), ("llama-2-7b,-1,8,1,ok", "max_loras: -1 is outside"),
    ("llama-2-7b,1,,1,ok", "max_lora_rank: is empty"),
    ("llama-2-7b,1,8,,ok", "kv_tokens: is empty"),
    ("llama-2-7b,1,8,1,", "outcome: is empty"), ("llama-2-7b,1,8,1e99,ok", "kv_tokens"),
  ])
  func nonsenseIsRefused(row: String, cause: String) {
    let said = message { _ = try rows(row) } ?? "nothing"
    #expect(said.hasPrefix("65 kv.csv:2") && said.contains(cause), "\(said)")
  }

  @Test(.enabled(if: SharedData.isThere, "needs ../shared/validation"))
  func countingBytesComesNear() throws {
    let rows = try PublishedKV.Row.read(SharedData.folder + "/calibration/kv_memory.csv")
    let comparison = PublishedKV().compare(rows, with: nil)
    let tokens = try #require(
      comparison.errors.first { $0.quantity == "KV tokens" && $0.group == PublishedComparison.all })
    // It knows nothing of working space beyond a guess, so it promises too much, but not by a fifth.
    #expect(tokens.errors.bias > 0 && tokens.errors.median < 10)
  }
}

@Suite struct PublishedPunicaTests {
  @Test func everyFigureIsPredicted() async throws {
    let comparison = try await PublishedPunica(requests: 40, threads: 2).compare()
    #expect(comparison.figures.count == 20)
    #expect(comparison.figures.allSatisfy { ($0.predicted[0] ?? 0) > 0 })
    let speeds = comparison.figures.filter { $0.group == "generation" }.map { $0.predicted[0] ?? 0 }
    // Distinct, uniform, skewed, identical, none: the fewer adapters, the faster.
    for model in [Array(speeds.prefix(5)), Array(speeds.suffix(5))] {
      #expect(model[1...2].allSatisfy { model[0] < $0 && $0 < model[3] } && model[3] < model[4])
    }
    let operators = comparison.figures.filter { $0.group == "operator" }
    for (one, many) in zip(operators, operators.dropFirst()) where one.setting.contains("batch 1,")
    {
      #expect((one.predicted[0] ?? 0) < (many.predicted[0] ?? 0))
    }
  }
}

@Suite struct PublishedOverheadTests {
  private static let header =
    "dataset,slots,rank,adapters,req,inp,out,out_tps,tpot,kv_blocks\n"

  private func rows(_ text: String) throws -> [PublishedOverhead.Row] {
    try PublishedOverhead.Row.parse(Self.header + text + "\n", file: "o.csv")
  }

  /// One adapter costs something, more of them cost more.
  @Test func adaptersCostTime() async throws {
    let text = [0, 1, 4, 16].map { "d,16,32,\($0),100,2500,2000,1,1,500" }.joined(separator: "\n")
    let figures = try await PublishedOverhead(threads: 2).compare(try rows(text)).figures
    let speeds = figures.filter { $0.quantity == "output tokens/s" }.map { $0.predicted[0] ?? 0 }
    #expect(speeds.count == 4 && speeds == speeds.sorted(by: >) && speeds[3] > 0)
  }

  /// A request alone: TPOT is the time between its tokens, and throughput follows from the two.
  @Test func oneRequestIsAStepAToken() async throws {
    let figures = try await PublishedOverhead(threads: 1)
      .compare(try rows("d,1,8,0,1,100,50,1,1,500")).figures
    let (speed, tpot) = (figures[0].predicted[0] ?? 0, figures[1].predicted[0] ?? 0)
    #expect(tpot > 5 && tpot < 20)
    #expect(abs(50 / speed * 1000 - 50 * tpot) < 10)
  }

  @Test(arguments: [
    ("d,1,8,0,100,50,50,1,1,500", "inp: less than a token"),
    ("d,1,8,0,0,50,50,1,1,500", "req: 0 is outside"),
    (",1,8,0,1,50,50,1,1,500", "dataset: is empty"),
    ("d,1,8,0,1,50,50,x,1,500", "out_tps: expected a number"),
  ])
  func nonsenseIsRefused(row: String, cause: String) {
    let said = message { _ = try rows(row) } ?? "nothing"
    #expect(said.hasPrefix("65 o.csv:2") && said.contains(cause), "\(said)")
  }

  @Test(.enabled(if: SharedData.isThere, "needs ../shared/validation"))
  func theFileIsRead() throws {
    let path = SharedData.folder + "/agullo_llama2_7b_compute_overhead.csv"
    #expect(try PublishedOverhead.Row.read(path).count == 90)
  }
}

import Results
import Testing

@testable import Validation

@Suite struct ErrorTableTests {
  private let runs = [
    Synthetic.run(
      1, measured: [.totalThroughput: 100, .ttftCompleted: 10, .starts: 1],
      predicted: [.totalThroughput: 300, .ttftCompleted: 10, .starts: 1],
      twin: [.totalThroughput: 100]),
    Synthetic.run(
      2, model: "qwen", regime: "slot_queueing",
      measured: [.totalThroughput: 100, .ttftCompleted: 30, .starts: 1],
      predicted: [.totalThroughput: 100, .ttftCompleted: 10, .starts: 1]),
    Synthetic.run(
      3, regime: "overloaded", measured: [.totalThroughput: 5, .ttftCompleted: 1, .starts: 1],
      predicted: [.totalThroughput: 0, .starts: 0], twin: [.totalThroughput: 15]),
    Synthetic.run(
      4, regime: "memory_error", measured: [.starts: 0],
      predicted: [.totalThroughput: 9, .starts: 1]
    ),
    Synthetic.run(5, regime: "memory_error", measured: [.starts: 0], predicted: [.starts: 0]),
  ]

  @Test func groupsByRegimeAndModel() throws {
    let table = ErrorTable(runs)
    let all = try #require(table.entry(.totalThroughput))
    #expect(all.errors.count == 3)
    #expect(abs(all.errors.mean - 50) < 1e-12, "50, 0 and 100")
    #expect(abs(all.errors.bias + 50 / 3.0) < 1e-12)
    #expect(all.twin?.count == 2)
    #expect(all.twin?.mean == 25, "0 and 50")
    let calm = try #require(table.entry(.totalThroughput, regime: ErrorTable.notOverloaded))
    #expect(calm.errors.count == 2)
    #expect(calm.errors.mean == 25)
    #expect(table.entry(.totalThroughput, model: "qwen")?.errors.mean == 0)
    #expect(table.entry(.totalThroughput, model: "qwen")?.twin == nil)
    #expect(table.entry(.totalThroughput, regime: "overloaded", model: "qwen") == nil)
    #expect(table.entry(.itlMean) == nil, "no run has it")
  }

  @Test func timeToFirstTokenIsOfServersThatKeepUp() throws {
    let table = ErrorTable(runs)
    #expect(table.entry(.ttftCompleted)?.errors.count == 2)
    #expect(table.entry(.ttftCompleted)?.errors.mean == 25)
    #expect(table.entry(.ttftCompleted, regime: "overloaded") == nil)
  }

  @Test func startsAreCountedInPercent() throws {
    let table = ErrorTable(runs)
    #expect(table.entry(.starts)?.errors.count == 5)
    #expect(table.entry(.starts)?.errors.mean == 40, "two of five")
    #expect(table.entry(.starts, regime: "memory_error")?.errors.mean == 50)
    #expect(table.entry(.starts, regime: "memory_error")?.errors.bias == 50, "too hopeful")
  }

  @Test func everyEntryOnceAndInOrder() {
    let keys = ErrorTable(runs).entries.map { [$0.metric.rawValue, $0.regime, $0.model] }
    #expect(Set(keys).count == keys.count)
    #expect(
      keys.prefix(3) == [
        ["total_throughput", "all", "all"], ["total_throughput", "all", "llama"],
        ["total_throughput", "all", "qwen"],
      ])
    let regimes = keys.filter { $0[0] == "starts" && $0[2] == "all" }.map { $0[1] }
    #expect(
      regimes == [
        "all", "not_overloaded", "unloaded", "slot_queueing", "overloaded", "memory_error",
      ])
    #expect(ErrorTable([]).entries.isEmpty)
  }

  @Test func worstFirst() {
    #expect(ErrorTable.worst(.totalThroughput, runs, count: 10).map(\.number) == [3, 1])
    #expect(ErrorTable.worst(.totalThroughput, runs, count: 1).map(\.number) == [3])
    #expect(
      ErrorTable.worst(.starts, runs, count: 10).map(\.number) == [3, 4], "in the file's order")
  }
}

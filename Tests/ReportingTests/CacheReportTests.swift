import Results
import Testing

@testable import Reporting

@Suite("Report of cache replays") struct CacheReportTests {
  /// Misses of 100 requests, by level, slots and policy.
  private static let misses: [(String, Int, String, Int64)] = [
    ("day", 8, "lru", 60), ("day", 8, "good", 50), ("day", 8, "bad", 90), ("day", 8, "opt", 40),
    ("day", 16, "lru", 30), ("day", 16, "good", 15), ("day", 16, "bad", 30), ("day", 16, "opt", 10),
    ("hour", 8, "lru", 80), ("hour", 8, "good", 80), ("hour", 8, "bad", 99), ("hour", 8, "opt", 70),
    ("hour", 16, "lru", 20), ("hour", 16, "good", 20), ("hour", 16, "bad", 20),
    ("hour", 16, "opt", 20),
  ]

  private let runs = misses.map { level, slots, policy, misses in
    var run = CacheRun(
      workload: level, traceName: "t<1>", transforms: ["fold span=1d"], traceDigest: "abc",
      policy: policy, isClairvoyant: policy == "opt", slots: slots)
    (run.requests, run.misses) = (100, misses)
    return run
  }

  @Test("ranks online policies by how far they go from LRU to the bound")
  func shares() throws {
    let comparison = CacheComparison(runs)
    #expect(comparison.online == ["good", "lru", "bad"])
    #expect(comparison.bounds == ["opt"])
    #expect(comparison.share("good", "day", "8 slots") == 0.5)
    #expect(comparison.share("good", "day", "16 slots") == 0.75)
    #expect(comparison.share("bad", "hour", "8 slots") == -1.9)
    #expect(comparison.share("lru", "day", "8 slots") == 0)
    #expect(comparison.share("good", "hour", "16 slots") == nil, "there is no way to go")
    let mean = try #require(comparison.meanShare("good"))
    #expect(abs(mean - (0.5 + 0.75 + 0) / 3) < 1e-12)
    #expect(comparison.best("hour", "8 slots") == ["good", "lru"])
  }

  @Test("has a row a policy, a column a level and size, and the id of every run")
  func page() throws {
    let document = CacheDocument.of(runs, title: "T", command: "pitwall cache x")
    let text = MarkdownPage(document, folder: "charts", drawn: ["gap"]).text
    for run in runs { #expect(text.contains(run.id)) }
    #expect(text.contains("| good | **0.5000** | **0.1500** | **0.8000** | **0.2000** |"))
    #expect(text.contains("| opt (bound) | 0.4000 | 0.1000 | 0.7000 | 0.2000 |"))
    #expect(text.contains("pitwall cache x"))
    #expect(text.contains("8 slots good (50"))
  }

  @Test("draws the mean and the extremes of each level, no lower than its axis")
  func chart() throws {
    let chart = GapChart.chart(CacheComparison(runs), name: "gap")
    #expect(chart.series.map(\.name) == ["day", "hour"])
    guard case .names(let rows) = chart.y.unit, case .intervals(let day) = chart.series[0].marks,
      case .intervals(let hour) = chart.series[1].marks
    else {
      Issue.record("not a row a policy")
      return
    }
    #expect(rows == ["bad", "good"])
    #expect(day[1].value == 0.625 && day[1].low == 0.5 && day[1].high == 0.75)
    let limits = try #require(chart.x.limits)
    #expect((day + hour).allSatisfy { limits.contains($0.low) && limits.contains($0.high) })
    #expect(hour[0].low == -1, "cut off")
  }
}

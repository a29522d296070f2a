import Orchestration
import Primitives
import Replay
import Results
import Testing

@testable import Reporting

@Suite("Charts")
struct ChartTests {
  static func line(_ chart: Chart, _ name: String) -> [Point] {
    for series in chart.series where series.name == name {
      switch series.marks {
      case .line(let points), .markedLine(let points): return points
      default: continue
      }
    }
    return []
  }

  @Test("A distribution ends below one by the requests that were never served")
  func unserved() {
    var run = Synthetic.run(requests: 100)
    for index in 0..<25 {
      run.requests[index].firstToken = RequestRecord.never
      run.requests[index].outcome = .rejected
    }
    let chart = LatencyDistribution.chart(.timeToFirstToken, of: [run], name: "c")
    #expect(Self.line(chart, "lru").last?.y == 0.75)
    #expect(Self.line(chart, "lru").count > 10)
  }

  @Test("A latency is measured from arrival, and is missing where its end never came")
  func latencies() {
    var request = RequestRecord(
      request: 0, tenant: 0, adapterSet: 0, promptTokens: 1, arrival: 2_000_000_000)
    #expect(Latency.timeToFirstToken.of(request) == nil)
    request.firstToken = 2_500_000_000
    request.finished = 5_000_000_000
    #expect(Latency.timeToFirstToken.of(request) == 0.5)
    // Aborted: it ended, but not with its last token.
    #expect(Latency.endToEnd.of(request) == nil)
    request.outcome = .finished
    #expect(Latency.endToEnd.of(request) == 3)
  }

  @Test("The tail over time is the 99th percentile of each window, and a gap where few came")
  func tail() {
    func request(_ arrival: Nanoseconds, _ latency: Nanoseconds?) -> RequestRecord {
      var request = RequestRecord(
        request: 0, tenant: 0, adapterSet: 0, promptTokens: 1, arrival: arrival)
      request.firstToken = latency.map { arrival + $0 } ?? RequestRecord.never
      return request
    }
    let second: Nanoseconds = 1_000_000_000
    var requests = (1...100).map { request(0, Nanoseconds($0) * second) }
    requests += (1...5).map { _ in request(10 * second, second) }
    // One in ten was never served: the 99th percentile has no value.
    requests += (0..<50).map { request(20 * second, $0 % 10 == 0 ? nil : second) }
    let points = TailOverTime.points(requests, width: 10 * second, count: 3)
    #expect(points.map(\.x) == [5, 15, 25])
    #expect(points[0].y == 99)
    #expect(points[1].y.isNaN)
    #expect(points[2].y.isNaN)
  }

  @Test("Memory's layers stand on one another and fill the capacity")
  func memory() {
    let run = Synthetic.run(replicas: 2)
    let chart = MemoryOverTime.chart(of: run, name: "c")
    var top: [Double] = []
    for series in chart.series {
      guard case .band(let ranges) = series.marks else { continue }
      if !top.isEmpty { #expect(ranges.map(\.low) == top) }
      #expect(ranges.allSatisfy { $0.high >= $0.low })
      top = ranges.map(\.high)
    }
    #expect(chart.series.map(\.name) == ["weights", "adapters", "empty slots", "KV cache", "free"])
    let capacity = 2 * Double(run.memory.capacity)
    #expect(!top.isEmpty && top.allSatisfy { abs($0 - capacity) < 1 })
  }

  @Test("A residency row's bars are as long as the adapter was on the device", arguments: [1, 400])
  func residency(_ staysPerAdapter: Int) {
    var draws = RandomStream(seed: 4, purpose: "residency")
    let slot = Synthetic.hour / Nanoseconds(staysPerAdapter)
    var run = Synthetic.run(requests: 0)
    run.residency = (0..<20).flatMap { adapter in
      (0..<staysPerAdapter).map { index in
        let from = Nanoseconds(index) * slot
        return ResidencySpan(
          adapter: Int32(adapter), replica: 0, prefetched: index % 2 == 0, from: from,
          to: from + Nanoseconds(draws.uniform() * Double(slot)))
      }
    }
    let adapters = ResidencyTimeline.longest(run.residency.isEmpty ? [] : [run])
    let chart = ResidencyTimeline.chart(of: run, adapters: adapters, label: { "\($0)" }, name: "c")
    var drawn: [Double: Double] = [:]
    var bars = 0
    for series in chart.series {
      guard case .spans(let spans, _) = series.marks else { continue }
      bars += spans.count
      for span in spans { drawn[span.y, default: 0] += span.to - span.from }
    }
    #expect(bars > 0 && bars <= 1600)
    for (row, adapter) in adapters.reversed().enumerated() {
      let stayed = run.residency.filter { $0.adapter == adapter }
        .reduce(0) { $0 + ($1.to - $1.from).seconds }
      // Half a column of the coarsest grid that so many bars can lead to.
      #expect(abs((drawn[Double(row)] ?? 0) - stayed) <= 3600 / 64 / 2 + 1e-6)
    }
  }

  @Test("Residency's rows are the adapters that stayed longest, in one order")
  func longest() {
    var run = Synthetic.run(requests: 0)
    run.residency = [
      ResidencySpan(adapter: 7, replica: 0, prefetched: false, from: 0, to: 5),
      ResidencySpan(adapter: 3, replica: 0, prefetched: false, from: 0, to: 9),
      ResidencySpan(adapter: 5, replica: 0, prefetched: true, from: 2, to: 7),
      ResidencySpan(adapter: 9, replica: 0, prefetched: true, from: 4, to: 4),
    ]
    #expect(ResidencyTimeline.longest([run]) == [3, 5, 7])
    #expect(ResidencyTimeline.longest([run], limit: 1) == [3])
  }

  @Test("A queue's mean lies within its range")
  func queue() {
    let chart = QueueDepth.chart(of: [Synthetic.run(replicas: 3)], name: "c")
    guard case .band(let ranges) = chart.series[0].marks else {
      Issue.record("the range comes first")
      return
    }
    let means = Self.line(chart, "lru")
    #expect(means.count == ranges.count && means.count == 200)
    #expect(zip(means, ranges).allSatisfy { $1.low <= $0.y && $0.y <= $1.high })
  }

  @Test("A forest plot has a row a metric, leaves out what has no ratio, and cuts off outliers")
  func forest() {
    func difference(_ name: String, _ relative: Double, _ verdict: Verdict) -> Difference {
      Difference(
        metric: name, title: name, direction: .lower, baselineText: "", candidateText: "",
        relative: relative, low: relative - 0.01, high: relative + 0.01, verdict: verdict)
    }
    let rows = [
      difference("a", -0.1, .better), difference("b", 0.05, .worse),
      difference("c", 0, .noDifference), difference("d", 90, .worse),
      difference("e", .infinity, .worse), difference("f", .nan, .noDifference),
    ]
    let chart = ForestPlot.chart(rows, tests: 48, baseline: "a", candidate: "b", name: "c")
    #expect(chart.notes.count == 4)
    #expect(chart.y.unit == .names(["d ↓", "c ↓", "b ↓", "a ↓"]))
    #expect(chart.series.map(\.name) == ["better", "worse", "no difference detected"])
    #expect(chart.subtitle.contains("cut off"))
    #expect(chart.subtitle.contains("corrected for 48 comparisons"))
    let limit = chart.x.limits?.upperBound ?? 0
    #expect(limit > 0.1 && limit < 1)
    for series in chart.series {
      guard case .intervals(let intervals) = series.marks else { continue }
      #expect(intervals.allSatisfy { $0.low >= -limit && $0.high <= limit && $0.low <= $0.high })
    }
  }

  @Test("A forest plot marks what its interval alone would make look certain")
  func forestNotSignificant() {
    let row = FindingsTests.difference("ttft_p99", -0.2, .notSignificant)
    let chart = ForestPlot.chart([row], tests: 48, baseline: "a", candidate: "b", name: "c")
    #expect(plain(chart.notes[0].text) == "−20.0 % [−21.0, −19.0] n.s.")
    #expect(chart.series.map(\.name) == ["n.s.: not significant after correction"])
    #expect(chart.summary.contains("not significant after correction for 48 comparisons"))
  }

  @Test("Hit ratios that are all high begin where they are, and say so")
  func hitRatios() {
    func chart(_ least: Double) -> Chart {
      let strategies = [HitRatioBySlots.Curve("lru", [Point(8, 0.9), Point(4, 0.88)])]
      let bounds = [HitRatioBySlots.Curve("LRU", [Point(4, least), Point(8, 0.9)])]
      return HitRatioBySlots.chart(strategies, bounds: bounds, name: "c")
    }
    #expect(chart(0.5).y.limits == 0...1)
    #expect(!chart(0.5).subtitle.contains("axis"))
    #expect(chart(0.77).y.limits == 0.7...1)
    #expect(plain(chart(0.77).subtitle).hasSuffix("axis from 70 %"))
    #expect(chart(0.5).series.map(\.dashed) == [false, true])
    #expect(HitRatioBySlots.chart([], name: "c").y.limits == 0...1)
  }

  @Test("A sweep's tail is drawn in seconds, with the objective")
  func sweptTail() throws {
    let workload = Synthetic.report().workloads[1]
    let chart = try #require(
      WorkloadCharts(workload, index: 0).sweeps.first { $0.name.hasSuffix("-ttft") })
    let runs = try #require(workload.sweeps.first?.strategies.first?.points)
    #expect(
      Self.line(chart, "lru")
        == runs.map { Point($0.value, ($0.runs[0].metrics["ttft_p99"] ?? 0) / 1e3) })
    #expect(chart.rules.map(\.value) == [0.5])
    #expect(chart.x.tickValues == [4, 8, 16, 32] && chart.x.scale == .logarithmic)
  }

  @Test("Popularity shows the first and the last rank, and few between")
  func popularity() {
    let counts = (1...50_000).map { Int64(1_000_000 / $0) }
    var draws = RandomStream(seed: 1, purpose: "shuffle")
    let chart = TraceCharts.popularity(counts.shuffled(using: &draws), zipf: (1, 1_000_000))
    guard case .points(let points) = chart.series[1].marks else {
      Issue.record("no points")
      return
    }
    #expect(points.first == Point(1, 1_000_000))
    #expect(points.last == Point(50_000, 20))
    #expect(points.count < 700)
    for point in points { #expect(point.y == Double(counts[Int(point.x) - 1])) }
  }
}

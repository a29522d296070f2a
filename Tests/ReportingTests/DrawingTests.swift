import Foundation
import Primitives
import Testing

@testable import Reporting

let hasGnuplot: Bool = {
  let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
  return folders.contains { FileManager.default.isExecutableFile(atPath: "\($0)/gnuplot") }
}()

@Suite("Drawing with gnuplot", .enabled(if: hasGnuplot, "needs gnuplot"))
struct DrawingTests {
  @Test("makes well-formed, small, labelled SVGs of every chart of a report")
  func everyChart() async throws {
    let charts = ReportDocument.of(Synthetic.report()).charts
    #expect(charts.count == 22)
    #expect(Set(charts.map(\.name)).count == charts.count)
    for (chart, svg) in zip(charts, try await Gnuplot().draw(charts)) {
      try expectWellFormed(svg.file)
      #expect(svg.file.utf8.count < 60_000, "\(chart.name)")
      #expect(svg.element.contains("role=\"img\""))
      #expect(svg.element.contains("<title id=\"\(chart.name)-title\">"))
      #expect(!chart.summary.isEmpty && svg.element.contains(HTML.escaped(chart.summary)))
      let lower = svg.element.lowercased()
      #expect(!lower.contains("nan") && !lower.contains("inf,") && !lower.contains("<script"))
    }
  }

  @Test("shows hostile text as it is")
  func hostile() async throws {
    let text = "it's \"q\" \\n `id` $(id) <script>x</script> & 100 %d @m 適"
    var chart = GnuplotScriptTests.chart([GnuplotScriptTests.line], title: text)
    chart.subtitle = text
    chart.series[0].name = text
    chart.x.label = text
    chart.y.unit = .names([text, "50 %"])
    chart.rules = [Chart.Rule(.vertical, at: 1, label: text)]
    chart.notes = [Chart.Note(at: Point(1, 1), text: text)]
    let svg = try await Gnuplot().draw(chart)
    try expectWellFormed(svg.file)
    #expect(!svg.element.contains("<script"))
    #expect(svg.element.contains("`id` $(id) &lt;script&gt;x&lt;/script&gt; &amp; 100 %d @m 適"))
  }

  @Test("copes with no series, no point, one point and equal values")
  func little() async throws {
    let one = Series("one", .line([Point(3, 3)]), color: .blue)
    let flat = Series("flat", .line([Point(0, 3), Point(1, 3)]), color: .blue)
    let empty = Series("none", .line([]), color: .blue)
    let bad = Series("bad", .line([Point(.nan, .nan), Point(.infinity, 1)]), color: .blue)
    for series in [[], [empty], [one], [flat], [bad], [one, empty, bad]] {
      for scale in [Axis.Scale.linear, .logarithmic] {
        let svg = try await Gnuplot().draw(
          GnuplotScriptTests.chart(series, x: Axis("x", scale: scale)))
        try expectWellFormed(svg.file)
      }
    }
  }

  @Test("copes with runs in which nothing happened")
  func emptyRuns() async throws {
    var run = Synthetic.run(requests: 0)
    run.samples = []
    run.residency = []
    run.end = 0
    let charts = [
      LatencyDistribution.chart(.endToEnd, of: [run], name: "a"),
      TailOverTime.chart(of: [run], name: "b"), MemoryOverTime.chart(of: run, name: "c"),
      QueueDepth.chart(of: [run], name: "d"),
      ResidencyTimeline.chart(of: run, adapters: [], label: { "\($0)" }, name: "e"),
      HitRatioBySlots.chart([], name: "f"), TailBySweep.chart([], parameter: "x", name: "h"),
      ForestPlot.chart([], tests: 0, baseline: "a", candidate: "b", name: "g"),
      TraceCharts.popularity([]), TraceCharts.hitRatio(slots: [], lru: [], opt: []),
    ]
    for svg in try await Gnuplot().draw(charts) {
      try expectWellFormed(svg.file)
      #expect(svg.element.contains("no data"))
    }
  }

  @Test("gives drawings identifiers of their own, so that they can share a page")
  func identifiers() async throws {
    let points = Series("p", .points([Point(0, 0), Point(1, 1)]), color: .blue)
    var (a, b) = (GnuplotScriptTests.chart([points]), GnuplotScriptTests.chart([points]))
    (a.name, b.name) = ("first", "second")
    let drawings = try await Gnuplot().draw([a, b])
    let identifiers = drawings.map { svg in
      svg.element.matches(of: /\bid=['"]([^'"]*)['"]/).map { String($0.1) }
    }
    #expect(identifiers[0].count > 2)
    #expect(Set(identifiers[0]).isDisjoint(with: identifiers[1]))
    // What is referred to is there.
    for (svg, known) in zip(drawings, identifiers) {
      for reference in svg.element.matches(of: /href=['"]#([^'"]*)['"]/) {
        #expect(known.contains(String(reference.1)))
      }
    }
  }

  @Test("writes a page that needs nothing from elsewhere, Markdown, and the charts it names")
  func write() async throws {
    let folder = FileManager.default.temporaryDirectory.path + "/report-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let page = try await Report(Synthetic.report()).write(to: folder)
    let html = try String(contentsOfFile: page, encoding: .utf8)
    let elsewhere = html.replacing("http://www.w3.org/2000/svg", with: "")
      .replacing("http://www.w3.org/1999/xlink", with: "")
    for sign in ["http:", "https:", "url(", "@import", " src=", "<link", "<script"] {
      #expect(!elsewhere.contains(sign))
    }
    #expect(html.ranges(of: "<svg").count == 22)
    let markdown = try String(contentsOfFile: folder + "/report.md", encoding: .utf8)
    let images = markdown.matches(of: /\]\((charts\/[a-z0-9-]+\.svg)\)/).map { String($0.1) }
    #expect(images.count == 22)
    for image in images {
      try expectWellFormed(try String(contentsOfFile: folder + "/" + image, encoding: .utf8))
    }
    // Nothing half-written is left.
    let left = try FileManager.default.subpathsOfDirectory(atPath: folder)
    #expect(left.count == 25, "22 charts, their folder, two pages")
  }

  @Test(
    "says what gnuplot does not understand, however much of it there is", arguments: [1, 50_000])
  func refused(_ count: Int) async throws {
    let spans = (0..<count).map { Series.Span(y: Double($0), from: 0, to: 1) }
    let bad = Series("s", .spans(spans, thickness: .nan), color: .blue)
    await #expect { try await Gnuplot().draw(GnuplotScriptTests.chart([bad])) } throws: { error in
      (error as? PitwallError)?.code == .fault
    }
  }
}

@Suite("Reports")
struct ReportTests {
  @Test("say how to get gnuplot where it is missing, and write nothing")
  func missing() async throws {
    let folder = FileManager.default.temporaryDirectory.path + "/report-\(UUID().uuidString)"
    let gnuplot = Gnuplot(program: "no-such-gnuplot")
    #expect(await !gnuplot.isInstalled())
    await #expect {
      try await Report(Synthetic.report()).write(to: folder, gnuplot: gnuplot)
    } throws: { error in
      let error = error as? PitwallError
      return error?.code == .unavailable && error?.message.contains("apt-get install") == true
    }
    #expect(!FileManager.default.fileExists(atPath: folder))
  }
}

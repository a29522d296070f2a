import Foundation
import Testing

@testable import Reporting

@Suite("Pages")
struct PageTests {
  static let hostile =
    "a'b\"c\\d`e`<script>alert(1)</script>&amp;|x|*y*_z_[l](http://evil.example/)\nnew\u{1b}line ünï"

  @Test("escape what could be markup")
  func escaping() {
    #expect(HTML.escaped("<b a=\"x\" c='y'>&") == "&lt;b a=&quot;x&quot; c=&#39;y&#39;&gt;&amp;")
    #expect(HTML.escaped("bell\u{7}, del\u{7f}, non\u{ffff}") == "bell , del , non\u{fffd}")
    let text = "<i>"
    let html: HTML = "<p>\(text)</p>\(HTML("<br>"))"
    #expect(html.text == "<p>&lt;i&gt;</p><br>")
    #expect(MarkdownPage.escaped("a|b*c`d\n<e>") == "a\\|b\\*c\\`d &lt;e&gt;")
  }

  @Test("hold nothing of a hostile name but its text")
  func hostileNames() {
    var data = Synthetic.report(workloads: [Self.hostile], strategy: Self.hostile)
    data.title = Self.hostile
    let document = ReportDocument.of(data)
    let html = HTMLPage(document, drawings: [:]).text
    #expect(!html.contains("<script"))
    #expect(html.contains("&lt;script&gt;alert(1)&lt;/script&gt;"))
    let markdown = MarkdownPage(document, folder: "charts", drawn: []).text
    let prose = markdown.split(separator: "```").enumerated().filter { $0.offset % 2 == 0 }
    #expect(!prose.contains { $0.element.contains("<script") })
    let links = prose.flatMap { $0.element.split(separator: "\n") }.filter { line in
      line.contains("[l](") && !line.hasPrefix("<summary>")
    }
    #expect(links.isEmpty)
    // Every row of a table has as many cells as its header, whatever stands in them.
    for table in Self.tables(markdown) {
      #expect(Set(table.map(Self.cellCount)).count == 1)
    }
  }

  @Test("are well-formed: every element that is opened is closed, in order")
  func wellFormed() throws {
    let data = Synthetic.report(workloads: [Self.hostile, "plain"])
    let html = HTMLPage(ReportDocument.of(data), drawings: [:]).text
    // But for what HTML leaves open, the page is XML.
    let xml = html.replacing("<!DOCTYPE html>\n", with: "")
      .replacing("<meta charset=\"utf-8\">", with: "")
      .replacing(
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">", with: "")
    try expectWellFormed(xml)
  }

  @Test("have a caption and a header for every table, and a heading order")
  func accessible() {
    let html = HTMLPage(ReportDocument.of(Synthetic.report()), drawings: [:]).text
    let count = { (text: String) in html.ranges(of: text).count }
    #expect(count("<table") > 5)
    #expect(count("<table") == count("<caption>"))
    #expect(count("<table") == count("<thead>"))
    #expect(count("<h1>") == 1)
    #expect(html.contains("<html lang=\"en\">"))
  }

  @Test("of nothing say so")
  func empty() {
    let document = ReportDocument.of(ReportData(title: "Nothing", workloads: []))
    let html = HTMLPage(document, drawings: [:]).text
    #expect(html.contains("no finished runs"))
    #expect(document.charts.isEmpty)
  }

  @Test("of one run without records compare nothing and draw nothing")
  func oneRun() {
    let run = Synthetic.report().workloads[0].strategies[0].runs[0]
    let workload = ReportData.Workload(
      name: "w", strategies: [ReportData.Strategy(name: "lru", runs: [run])])
    let document = ReportDocument.of(ReportData(title: "t", workloads: [workload]))
    #expect(document.charts.isEmpty)
    let html = HTMLPage(document, drawings: [:]).text
    #expect(html.contains("Nothing is compared"))
    #expect(plain(html).contains("<td>820 ms</td>"))
  }

  static func tables(_ markdown: String) -> [[Substring]] {
    markdown.split(separator: "\n", omittingEmptySubsequences: false)
      .split { !$0.hasPrefix("|") }.map(Array.init)
  }

  static func cellCount(_ row: Substring) -> Int {
    row.replacing("\\\\", with: "").replacing("\\|", with: "").count { $0 == "|" }
  }
}

/// Whether text is XML, by Foundation's parser.
func expectWellFormed(_ xml: String, _ location: SourceLocation = #_sourceLocation) throws {
  let parser = XMLReader()
  let problem = parser.problem(of: xml)
  #expect(problem == nil, sourceLocation: location)
}

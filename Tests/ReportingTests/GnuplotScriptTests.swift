import Foundation
import Testing

@testable import Reporting

@Suite("A chart's gnuplot script")
struct GnuplotScriptTests {
  static let line = Series("lru", .line([Point(0, 1), Point(1, 2), Point(2, 4)]), color: .blue)

  static func chart(_ series: [Series], title: String = "t", x: Axis = Axis("x")) -> Chart {
    Chart(name: "c", title: title, x: x, y: Axis("y"), series: series)
  }

  /// The rows between a block's first and last line.
  static func data(_ chart: Chart, block: Int = 0) -> [Substring] {
    let lines = GnuplotScript(chart).text.split(separator: "\n", omittingEmptySubsequences: false)
    guard let start = lines.firstIndex(of: "$d\(block) << EOD") else { return [] }
    return Array(lines[(start + 1)...].prefix { $0 != "EOD" })
  }

  @Test("says the same each time")
  func deterministic() {
    let chart = Self.chart([Self.line])
    #expect(GnuplotScript(chart).text == GnuplotScript(chart).text)
  }

  @Test("has one block of data and one clause of the plot for each series")
  func structure() {
    let band = Series(
      "range", .band([.init(x: 0, low: 0, high: 1), .init(x: 1, low: 1, high: 2)]), color: .sky)
    let script = GnuplotScript(Self.chart([Self.line, band])).text
    #expect(
      Self.data(Self.chart([Self.line, band]), block: 0) == ["0.0 1.0", "1.0 2.0", "2.0 4.0"])
    #expect(Self.data(Self.chart([Self.line, band]), block: 1) == ["0.0 0.0 1.0", "1.0 1.0 2.0"])
    #expect(script.contains("$d0 using 1:2 with lines"))
    #expect(script.contains("$d1 using 1:2:3 with filledcurves"))
    #expect(script.split(separator: "\n").filter { $0.hasPrefix("plot ") }.count == 1)
  }

  @Test(
    "keeps text from outside within single quotes, on one line",
    arguments: [
      "it's", "a\"b", "back\\slash\\", "`touch /tmp/x`", "$(id)", "two\nlines", "tab\tand\u{7}bell",
      "<script>alert(1)</script>", "@macro", "# comment", "ünïcode 適配器", "'; system('id'); '",
    ])
  func quoting(_ text: String) {
    let quoted = GnuplotScript.quoted(text)
    #expect(quoted.hasPrefix("'") && quoted.hasSuffix("'"))
    // Between the outer quotes each quote is doubled, so none of them ends the string.
    let inner = quoted.dropFirst().dropLast()
    #expect(!inner.replacing("''", with: "").contains("'"))
    #expect(!quoted.unicodeScalars.contains { $0.value < 0x20 })
    let script = GnuplotScript(Self.chart([Self.line], title: text)).text
    #expect(script.contains(quoted))
  }

  @Test("interrupts a line where a value is not finite, and never shows one to gnuplot")
  func notFinite() {
    let points = [
      Point(0, 1), Point(.nan, 1), Point(1, .infinity), Point(2, 3), Point(3, -.infinity),
    ]
    let chart = Self.chart([Series("s", .line(points), color: .blue)])
    #expect(Self.data(chart) == ["0.0 1.0", "", "2.0 3.0", ""])
    let script = GnuplotScript(chart).text.lowercased()
    #expect(!script.contains("nan") && !script.contains("inf"))
  }

  @Test("leaves out what a logarithmic axis has no place for")
  func logarithmic() {
    let points = [Point(0, 1), Point(-1, 1), Point(1, 2), Point(10, 3)]
    let chart = Self.chart(
      [Series("s", .line(points), color: .blue)], x: Axis("x", scale: .logarithmic))
    #expect(Self.data(chart) == ["1.0 2.0", "10.0 3.0"])
  }

  @Test("draws something of nothing, and of a single point", arguments: [0, 1])
  func fewPoints(_ count: Int) {
    let points = (0..<count).map { Point(Double($0), 5) }
    let script = GnuplotScript(Self.chart([Series("s", .line(points), color: .blue)])).text
    #expect(script.contains("'no data'") == (count == 0))
    #expect(script.contains("\nplot "))
  }

  @Test("doubles percent signs in ticks, which gnuplot takes for formats")
  func percentTicks() {
    var chart = Self.chart([Self.line])
    chart.y.unit = .names(["100 %d", "b"])
    let script = GnuplotScript(chart).text
    #expect(script.contains("'100 %%d' 0.0"))
  }

  @Test("sets the key's names in a row, and goes on below where the row is full")
  func keyRow() {
    let names = (0..<8).map { "strategy number \($0)" }
    let chart = Self.chart(names.map { Series($0, .line([Point(0, 0)]), color: .blue) })
    let row = KeyRow(chart, from: 50, to: 600, top: 66)
    #expect(row.entries.map(\.name) == names)
    #expect(row.rowCount > 1)
    for (a, b) in zip(row.entries, row.entries.dropFirst()) {
      #expect((a.y, a.x) < (b.y, b.x))
    }
    #expect(row.entries.allSatisfy { $0.x >= 50 && $0.x < 600 })
  }
}

@Suite("Ticks of an axis")
struct TicksTests {
  @Test(
    "cover the data in few round steps",
    arguments: [(0.0, 1.0), (0, 7), (-3, 12), (0.02, 0.9), (100, 100_000), (5, 5.001)])
  func linear(_ low: Double, _ high: Double) {
    let ticks = Ticks(Axis("x"), extent: low...high)
    #expect(ticks.limits.lowerBound <= low && ticks.limits.upperBound >= high)
    #expect((2...9).contains(ticks.ticks.count))
    #expect(ticks.ticks.allSatisfy { ticks.limits.contains($0.value) })
  }

  @Test(
    "cover a logarithmic axis",
    arguments: [(0.001, 1000.0), (0.03, 0.9), (20, 50), (500, 830), (1e-9, 1e9)])
  func logarithmic(_ low: Double, _ high: Double) {
    let ticks = Ticks(Axis("x", .duration, scale: .logarithmic), extent: low...high)
    #expect(ticks.limits.lowerBound <= low * 1.001 && ticks.limits.upperBound >= high * 0.999)
    #expect((2...20).contains(ticks.ticks.count))
  }

  @Test(
    "leave room between their labels, however short the axis",
    arguments: [150.0, 300, 530], [(0.012, 60.0), (0.15, 70), (1e-4, 1000), (3, 5)])
  func room(_ length: Double, _ range: (low: Double, high: Double)) {
    for scale in [Axis.Scale.linear, .logarithmic] {
      for limits in [nil, range.low...range.high] {
        let ticks = Ticks(
          Axis("x", .duration, scale: scale, limits: limits), extent: range.low...range.high,
          length: length)
        let (low, high) = (ticks.limits.lowerBound, ticks.limits.upperBound)
        func pixel(_ value: Double) -> Double {
          length
            * (scale == .linear
              ? (value - low) / (high - low) : log(value / low) / log(high / low))
        }
        #expect(!ticks.ticks.isEmpty)
        for (left, right) in zip(ticks.ticks, ticks.ticks.dropFirst()) {
          // DejaVu Sans' digits and letters are at most 0.64 of its size wide, "m" excepted.
          let half = 12 * 0.62 * Double(left.label.count + right.label.count) / 2
          #expect(pixel(right.value) - pixel(left.value) > half, "\(left.label), \(right.label)")
        }
      }
    }
  }

  @Test("at given values give way to round ones where they are too many")
  func tooManyGiven() {
    let axis = Axis("slots", limits: 1...64, tickValues: (1...64).map(Double.init))
    #expect(Ticks(axis, extent: nil, length: 5000).ticks.count == 64)
    #expect((2...9).contains(Ticks(axis, extent: nil, length: 500).ticks.count))
  }

  @Test("have room for a single value, and for none")
  func degenerate() {
    for extent in [nil, 0...0, 5...5, -2 ... -2] as [ClosedRange<Double>?] {
      for scale in [Axis.Scale.linear, .logarithmic] {
        let limits = Ticks(Axis("x", scale: scale), extent: extent).limits
        #expect(limits.upperBound > limits.lowerBound)
      }
    }
  }

  @Test("stand where people count time and bytes")
  func units() {
    let time = Ticks(Axis("t", .elapsed, limits: 0...7200), extent: nil)
    #expect(time.ticks.map(\.label).map(plain).contains("1 h"))
    let latency = Ticks(Axis("l", .duration, scale: .logarithmic, limits: 5...500), extent: nil)
    #expect(
      latency.ticks.map(\.label).map(plain)
        == ["5 s", "10 s", "20 s", "50 s", "100 s", "200 s", "500 s"])
    let memory = Ticks(Axis("m", .bytes, limits: 0...25_769_803_776), extent: nil)
    #expect(memory.ticks.map(\.label).map(plain).last == "24 GiB")
    let share = Ticks(Axis("s", .percent, limits: 0...1), extent: nil)
    #expect(share.ticks.map(\.label).map(plain).first == "0 %")
    #expect(share.ticks.map(\.label).map(plain).last == "100 %")
  }
}

/// With plain spaces.
func plain(_ text: String) -> String { text.replacing("\u{a0}", with: " ") }

import Primitives

/// A ``Chart`` in gnuplot's language: one self-contained script with its data inline.
///
/// Text from outside reaches gnuplot only within single quotes, where nothing is substituted
/// (double quotes would run what stands in backquotes as a command), and numbers only where they
/// are finite.
struct GnuplotScript {
  /// The family that charts are measured in; what a reader's browser lacks falls back.
  static let font = "DejaVu Sans"
  private static let textSize = 12

  private let chart: Chart
  private let x: Ticks
  private let y: Ticks
  private let keyRow: KeyRow?
  private var lines: [String] = []

  /// The script's text.
  var text: String { lines.joined(separator: "\n") + "\n" }

  /// Translates a chart.
  init(_ chart: Chart) {
    self.chart = chart
    let extent = Extent(chart)
    y = Ticks(chart.y, extent: extent.y)
    let margins = GnuplotScript.leftMargin(chart, y) + GnuplotScript.rightMargin(chart)
    x = Ticks(chart.x, extent: extent.x, length: Double(chart.size.width) - margins)
    keyRow =
      chart.key == .row
      ? KeyRow(
        chart, from: GnuplotScript.leftMargin(chart, y), to: Double(chart.size.width) - 12, top: 66)
      : nil
    writeCanvas()
    writeHeading()
    writeAxes()
    writeRules()
    writeNotes()
    writeKey()
    writePlot()
  }

  /// A single-quoted gnuplot string of one line that shows `text`, at most `limit` characters.
  static func quoted(_ text: String, limit: Int = 120) -> String {
    var clean = ""
    for scalar in text.unicodeScalars {
      let isControl = scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value)
      let isBreak = scalar.value == 0x2028 || scalar.value == 0x2029
      clean.unicodeScalars.append(isControl || isBreak ? " " : scalar)
    }
    if clean.count > limit { clean = clean.prefix(limit - 1) + "…" }
    return "'" + clean.replacing("'", with: "''") + "'"
  }

  // MARK: The canvas

  private var width: Double { Double(chart.size.width) }
  private var height: Double { Double(chart.size.height) }

  /// Pixels from the left edge to the plot: room for the tick labels and, where it has one, for
  /// the axis's label.
  private static func leftMargin(_ chart: Chart, _ y: Ticks) -> Double {
    let longest = y.ticks.map { TextWidth.of($0.label, size: 12) }.max() ?? 0
    return min(22 + longest + (chart.y.label.isEmpty ? 0 : 20), Double(chart.size.width) / 3)
  }

  private var leftMargin: Double { GnuplotScript.leftMargin(chart, y) }

  private static func rightMargin(_ chart: Chart) -> Double {
    let texts = chart.notes.filter(\.inRightMargin).map(\.text)
    return texts.map { 24 + TextWidth.of($0, size: 12) }.max() ?? 24
  }

  private var topMargin: Double { 66 + (keyRow?.height ?? 0) }

  private mutating func write(_ line: String) { lines.append(line) }

  private mutating func writeCanvas() {
    write(
      "set terminal svg size \(chart.size.width),\(chart.size.height) dynamic noenhanced"
        + " font '\(GnuplotScript.font),\(GnuplotScript.textSize)' background '#ffffff'")
    write("set encoding utf8")
    write("set lmargin at screen \(place(leftMargin / width))")
    write("set rmargin at screen \(place(1 - GnuplotScript.rightMargin(chart) / width))")
    write("set tmargin at screen \(place(1 - topMargin / height))")
    write("set bmargin at screen \(place((chart.x.label.isEmpty ? 34 : 57) / height))")
  }

  private mutating func writeHeading() {
    let left = place(leftMargin / width)
    write(
      "set label 1 \(GnuplotScript.quoted(chart.title)) at screen \(left), screen"
        + " \(place(1 - 24 / height)) font '\(GnuplotScript.font):Bold,15' tc rgb '#111111'")
    guard !chart.subtitle.isEmpty else { return }
    let room = Int((width - leftMargin) / TextWidth.of("n", size: 11))
    write(
      "set label 2 \(GnuplotScript.quoted(chart.subtitle, limit: room)) at screen \(left), screen"
        + " \(place(1 - 44 / height)) font '\(GnuplotScript.font),11' tc rgb '#666666'")
  }

  private mutating func writeAxes() {
    let hasNames = if case .names = chart.y.unit { true } else { false }
    write("set border \(hasNames ? 1 : 3) lc rgb '#7f7f7f' lw 1")
    write("set tics nomirror out scale 0.6 textcolor rgb '#333333'")
    write("set grid \(hasNames ? "xtics" : "xtics ytics") lt 1 lc rgb '#e6e6e6' lw 1 back")
    for (name, axis, ticks) in [("x", chart.x, x), ("y", chart.y, y)] {
      if axis.scale == .logarithmic { write("set logscale \(name) 10") }
      let limits = ticks.limits
      write("set \(name)range [\(number(limits.lowerBound)):\(number(limits.upperBound))] noextend")
      let list = ticks.ticks.map { tick in
        // gnuplot takes a tick's label for a format of the tick's value.
        let label = GnuplotScript.quoted(tick.label, limit: 32).replacing("%", with: "%%")
        return "\(label) \(number(tick.value))"
      }
      let hidden = hasNames && name == "y" ? " scale 0" : ""
      write("set \(name)tics (\(list.joined(separator: ", ")))\(hidden)")
      if !axis.label.isEmpty {
        let offset = name == "x" ? "0,0.2" : "0.4,0"
        write(
          "set \(name)label \(GnuplotScript.quoted(axis.label)) tc rgb '#333333' offset \(offset)")
      }
    }
  }

  private mutating func writeRules() {
    for rule in chart.rules {
      let isVertical = rule.direction == .vertical
      let ticks = isVertical ? x : y
      guard (isVertical ? chart.x : chart.y).accepts(rule.value), ticks.limits.contains(rule.value)
      else { continue }
      let at = number(rule.value)
      let ends =
        isVertical
        ? ("\(at), graph 0", "\(at), graph 1") : ("graph 0, first \(at)", "graph 1, first \(at)")
      write(
        "set arrow from \(ends.0) to \(ends.1) nohead back lw 1.4"
          + " dt \(rule.dotted ? "(2,4)" : "1") lc rgb '\(rule.color.hex)'")
      guard !rule.label.isEmpty else { continue }
      let position =
        isVertical
        ? "first \(at), graph 1 center offset 0,0.6"
        : "graph 0.01, first \(at) left offset 0,\(rule.value < y.limits.upperBound ? 0.6 : -0.6)"
      write(
        "set label \(GnuplotScript.quoted(rule.label)) at \(position) front"
          + " tc rgb '\(rule.color.hex)' font '\(GnuplotScript.font),11'")
    }
  }

  private mutating func writeNotes() {
    for note in chart.notes where chart.y.accepts(note.at.y) {
      let position =
        note.inRightMargin
        ? "graph 1, first \(number(note.at.y)) left offset 1.2,0"
        : "first \(number(note.at.x)), first \(number(note.at.y)) center"
      guard note.inRightMargin || chart.x.accepts(note.at.x) else { continue }
      write(
        "set label \(GnuplotScript.quoted(note.text)) at \(position) front"
          + " tc rgb '\(note.color.hex)'")
    }
  }

  private mutating func writeKey() {
    switch chart.key {
    case .row:
      write("unset key")
      for entry in keyRow?.entries ?? [] { writeKeyEntry(entry) }
    case .bottomRight: writeKeyBox("bottom right")
    case .topRight: writeKeyBox("top right")
    case .none: write("unset key")
    }
  }

  private mutating func writeKeyBox(_ corner: String) {
    write(
      "set key opaque box lc rgb '#d9d9d9' \(corner) Left reverse samplen 2.2 width 0.5 height 0.4")
  }

  private mutating func writeKeyEntry(_ entry: KeyRow.Entry) {
    let series = chart.series[entry.series]
    let (left, right) = (entry.x, entry.x + KeyRow.swatch)
    switch series.marks {
    case .band, .spans:
      write(
        "set object rectangle from \(screen(left, entry.y + 5)) to \(screen(right, entry.y - 5))"
          + " fs solid \(place(series.opacity)) noborder fc rgb '\(series.color.hex)'")
    case .line, .markedLine, .steps, .points, .intervals:
      write(
        "set arrow from \(screen(left, entry.y)) to \(screen(right, entry.y)) nohead lw 3"
          + " dt \(series.dashed ? "(5,4)" : "1") lc rgb '\(series.color.hex)'")
    }
    write(
      "set label \(GnuplotScript.quoted(entry.name)) at"
        + " \(screen(entry.x + KeyRow.textOffset, entry.y)) left tc rgb '#333333'")
  }

  /// A place given in pixels from the upper left corner.
  private func screen(_ x: Double, _ y: Double) -> String {
    "screen \(place(x / width)), screen \(place(1 - y / height))"
  }

  // MARK: The marks

  private mutating func writePlot() {
    var clauses: [String] = []
    for (index, series) in chart.series.enumerated() {
      let block = "$d\(index)"
      let (rows, count) = rows(of: series.marks)
      guard count > 0 else { continue }
      lines.append("\(block) << EOD")
      lines += rows
      lines.append("EOD")
      let name =
        series.name.isEmpty ? "notitle" : "title \(GnuplotScript.quoted(series.name, limit: 40))"
      clauses.append("\(block) \(style(of: series)) \(name)")
    }
    if clauses.isEmpty {
      write(
        "set label 'no data' at graph 0.5, graph 0.5 center tc rgb '\(Color.faint.hex)'")
      // gnuplot draws axes only with something to plot: a line far above them.
      clauses.append("\(number(y.limits.upperBound * 2 + 1)) notitle")
    }
    write("plot " + clauses.joined(separator: ", \\\n  "))
  }

  private func style(of series: Series) -> String {
    let color = "lc rgb '\(series.color.hex)'"
    let dash = series.dashed ? "dt (7,5)" : "dt 1"
    let width = place(series.lineWidth)
    return switch series.marks {
    case .line: "using 1:2 with lines lw \(width) \(dash) \(color)"
    case .markedLine: "using 1:2 with linespoints lw \(width) \(dash) pt 7 ps 0.5 \(color)"
    case .steps: "using 1:2 with steps lw \(width) \(dash) \(color)"
    case .points: "using 1:2 with points pt 7 ps 0.5 \(color)"
    case .band:
      "using 1:2:3 with filledcurves fs \(series.opacity < 1 ? "transparent " : "")solid \(place(series.opacity)) noborder \(color)"
    case .intervals: "using 1:2:3:4 with xerrorbars lw 2 pt 7 ps 0.7 \(color)"
    case .spans(_, let thickness):
      "using 1:2:3:(0) with vectors nohead lw \(place(thickness)) \(color)"
    }
  }

  /// Rows of data, an empty one where a line is interrupted, and how many have data.
  private func rows(of marks: Series.Marks) -> (rows: [String], count: Int) {
    switch marks {
    case .line(let points), .markedLine(let points), .steps(let points), .points(let points):
      return rows(points) { point in
        chart.x.accepts(point.x) && chart.y.accepts(point.y) ? [point.x, point.y] : nil
      }
    case .band(let ranges):
      return rows(ranges) { range in
        let isDrawn =
          chart.x.accepts(range.x) && chart.y.accepts(range.low) && chart.y.accepts(range.high)
        return isDrawn ? [range.x, range.low, range.high] : nil
      }
    case .intervals(let intervals):
      return rows(intervals) { interval in
        let all = [interval.value, interval.low, interval.high]
        guard all.allSatisfy(chart.x.accepts), chart.y.accepts(interval.y) else { return nil }
        return [interval.value, interval.y, interval.low, interval.high]
      }
    case .spans(let spans, _):
      return rows(spans) { span in
        guard chart.x.accepts(span.from), chart.x.accepts(span.to), chart.y.accepts(span.y) else {
          return nil
        }
        return [span.from, span.y, span.to - span.from]
      }
    }
  }

  private func rows<Mark>(_ marks: [Mark], _ values: (Mark) -> [Double]?) -> ([String], Int) {
    var rows: [String] = []
    var count = 0
    for mark in marks {
      if let values = values(mark), values.allSatisfy(\.isFinite) {
        rows.append(values.map(number).joined(separator: " "))
        count += 1
      } else if let last = rows.last, !last.isEmpty {
        rows.append("")
      }
    }
    return (rows, count)
  }

  private func number(_ value: Double) -> String { "\(value)" }

  /// A fraction of the canvas, or another small number that need not be exact.
  private func place(_ value: Double) -> String { "\((value * 10_000).rounded() / 10_000)" }
}

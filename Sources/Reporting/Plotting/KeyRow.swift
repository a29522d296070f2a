/// Where the names of series stand in a row between subtitle and plot. gnuplot's own horizontal key
/// gives every entry the width of the longest; this one sets them as text is set, and breaks the
/// row where it must.
struct KeyRow {
  /// A series' name and its swatch's left end, in pixels from the chart's upper left corner.
  struct Entry: Equatable {
    var series: Int
    var name: String
    var x: Double
    var y: Double
  }

  /// Width of a swatch.
  static let swatch = 18.0
  /// From the left end of a swatch to the text.
  static let textOffset = swatch + 6
  private static let gap = 18.0
  private static let rowHeight = 18.0
  private static let longestName = 40

  /// The entries, from left to right and row by row.
  private(set) var entries: [Entry] = []
  /// Rows in use.
  var rowCount: Int { Set(entries.map(\.y)).count }
  /// Pixels that the rows take.
  var height: Double { Double(rowCount) * KeyRow.rowHeight }

  /// Lays out the names of a chart's series between two pixels.
  init(_ chart: Chart, from left: Double, to right: Double, top: Double) {
    var (x, y) = (left, top)
    for (index, series) in chart.series.enumerated() where !series.name.isEmpty {
      let name = String(series.name.prefix(KeyRow.longestName))
      let width = KeyRow.textOffset + TextWidth.of(name, size: 12)
      if x > left, x + width > right { (x, y) = (left, y + KeyRow.rowHeight) }
      entries.append(Entry(series: index, name: name, x: x, y: y))
      x += width + KeyRow.gap
    }
  }
}

/// About how wide text is, without asking a font.
enum TextWidth {
  /// Pixels for `text` in the charts' font at `size` pixels. DejaVu Sans is about 0.6 of its size
  /// wide on average; what is not Latin is taken for twice that.
  static func of(_ text: String, size: Double) -> Double {
    text.unicodeScalars.reduce(0) { width, scalar in
      width + size * (scalar.value < 0x1100 ? 0.62 : 1.1)
    }
  }
}

import Primitives

/// A drawing that can stand alone or within an HTML page beside others.
public struct SVG: Sendable, Equatable {
  /// The `<svg>` element.
  public let element: String

  /// A whole file.
  public var file: String { "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n" + element + "\n" }

  /// Takes gnuplot's output for a chart, and makes it accessible (a title, a description), fit to
  /// share a page (identifiers that begin with the chart's name) and small.
  ///
  /// - Throws: ``PitwallError`` with code `fault` where this is not what gnuplot writes.
  init(gnuplot text: String, of chart: Chart) throws {
    let lines = text.split(separator: "\n")
    guard let start = lines.firstIndex(where: { $0.hasPrefix("<g id=\"gnuplot_canvas\"") }),
      let end = lines.lastIndex(where: { $0.hasPrefix("</svg>") }), start < end
    else { throw PitwallError.fault("gnuplot wrote something other than an SVG: \(chart.name)") }
    let id = HTML.escaped(chart.name)
    let body = SVG.cleaned(["<g>"] + lines[(start + 1)..<end], prefix: id)
    element = """
      <svg viewBox="0 0 \(chart.size.width) \(chart.size.height)" \
      xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" \
      role="img" aria-labelledby="\(id)-title \(id)-desc">
      <title id="\(id)-title">\(HTML.escaped(chart.title))</title>
      <desc id="\(id)-desc">\(HTML.escaped(chart.summary))</desc>
      \(body)</svg>
      """
  }

  /// Drops what gnuplot writes and nobody sees, and makes the identifiers this chart's own.
  private static func cleaned(_ lines: [Substring], prefix: String) -> String {
    let usesMarkers = lines.contains {
      $0.contains("<use xlink:href='#gpPt") && !$0.contains("id=")
    }
    var kept: [String] = []
    var isInDefinitions = false
    for line in lines {
      if line == "<defs>" { isInDefinitions = true }
      defer { if line == "</defs>" { isInDefinitions = false } }
      if isInDefinitions, !usesMarkers { continue }
      if line == "</g>", kept.last?.hasPrefix("<g fill=\"none\"") ?? false {
        kept.removeLast()
      } else if line.hasPrefix("\t<g id=\"") {
        kept.append("<g>")
      } else {
        kept.append(
          String(line).replacing("id='", with: "id='\(prefix)-")
            .replacing("href='#", with: "href='#\(prefix)-")
            .replacing(boldFamily, with: familyWithFallback + " font-weight=\"bold\"")
            .replacing(family, with: familyWithFallback))
      }
    }
    return kept.joined(separator: "\n")
  }

  private static let family = "font-family=\"\(GnuplotScript.font)\""
  private static let boldFamily = "font-family=\"\(GnuplotScript.font):Bold\""
  /// The family that the charts are measured in, then one of the same widths.
  private static let familyWithFallback =
    "font-family=\"\(GnuplotScript.font), Verdana, sans-serif\""
}

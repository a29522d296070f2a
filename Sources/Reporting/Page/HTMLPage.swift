import Results

/// A ``Document`` as one HTML page that needs nothing from anywhere else.
struct HTMLPage {
  private let drawings: [String: SVG]
  /// The page's text.
  private(set) var text = ""

  /// Sets a document.
  /// - Parameter drawings: its charts by name; a chart without a drawing is left out.
  init(_ document: Document, drawings: [String: SVG]) {
    self.drawings = drawings
    let body = HTML.joined(document.blocks.map(html))
    let page: HTML = """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <title>\(document.title)</title>
      <style>\(HTML(markup: Stylesheet.text))</style>
      </head>
      <body>
      <main>
      <h1>\(document.title)</h1>
      \(body)
      </main>
      </body>
      </html>

      """
    text = page.text
  }

  private func html(_ block: Document.Block) -> HTML {
    switch block {
    case .heading(let level, let text):
      level <= 2 ? "<h2>\(text)</h2>" : "<h3>\(text)</h3>"
    case .paragraph(let inline): "<p>\(html(inline))</p>"
    case .list(let items):
      "<ul>\n\(HTML.joined(items.map { "<li>\(html($0))</li>" }))\n</ul>"
    case .callout(let title, let blocks):
      """
      <section class="callout" aria-label="\(title)">
      <h2>\(title)</h2>
      \(HTML.joined(blocks.map(html)))
      </section>
      """
    case .table(let table): html(table)
    case .figures(let charts): figures(charts)
    case .details(let title, let blocks):
      """
      <details>
      <summary>\(title)</summary>
      \(HTML.joined(blocks.map(html)))
      </details>
      """
    case .verbatim(let text): "<pre tabindex=\"0\">\(text)</pre>"
    }
  }

  private func html(_ table: Document.Table) -> HTML {
    let header = HTML.joined(table.header.map { "<th scope=\"col\">\($0)</th>" }, separator: "")
    let rows = table.rows.map { row -> HTML in
      let cells = row.enumerated().map { column, cell -> HTML in
        column == 0 ? "<th scope=\"row\">\(html(cell))</th>" : "<td>\(html(cell))</td>"
      }
      return "<tr>\(HTML.joined(cells, separator: ""))</tr>"
    }
    let kind: HTML = table.isNumeric ? "numbers" : "words"
    // A region that can be scrolled with the keyboard where the table is wider than the page.
    return """
      <div class="scroll" role="region" tabindex="0" aria-label="\(table.caption)">
      <table class="\(kind)">
      <caption>\(table.caption)</caption>
      <thead><tr>\(header)</tr></thead>
      <tbody>
      \(HTML.joined(rows))
      </tbody>
      </table>
      </div>
      """
  }

  private func figures(_ charts: [Chart]) -> HTML {
    let drawn = charts.compactMap { chart -> HTML? in
      guard let svg = drawings[chart.name] else { return nil }
      let kind: HTML = chart.size.width > Chart.Size.half.width ? "wide" : "half"
      return """
        <figure class="\(kind)"><div class="scroll" role="region" tabindex="0" \
        aria-label="\(chart.title)">
        \(HTML(markup: svg.element))
        </div></figure>
        """
    }
    return "<div class=\"figures\">\n\(HTML.joined(drawn))\n</div>"
  }

  private func html(_ inline: Inline) -> HTML {
    let pieces = inline.pieces.map { piece -> HTML in
      switch piece {
      case .text(let text): "\(text)"
      case .strong(let text): "<strong>\(text)</strong>"
      case .code(let text): "<code>\(text)</code>"
      case .toned(let text, let verdict):
        switch verdict {
        case .better: "<span class=\"better\">\(text)</span>"
        case .worse: "<span class=\"worse\">\(text)</span>"
        case .different: "<strong>\(text)</strong>"
        case .exact, .equivalent, .notSignificant, .noDifference, .notEnoughSeeds:
          "<span class=\"same\">\(text)</span>"
        }
      }
    }
    return HTML.joined(pieces, separator: "")
  }
}

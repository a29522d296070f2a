/// A ``Document`` in Markdown (GitHub's dialect), its charts in files beside it.
struct MarkdownPage {
  private let folder: String
  private let drawn: Set<String>
  /// The page's text.
  private(set) var text = ""

  /// Sets a document.
  /// - Parameters:
  ///   - folder: where the charts are, as seen from the page.
  ///   - drawn: names of the charts that are there.
  init(_ document: Document, folder: String, drawn: Set<String>) {
    self.folder = folder
    self.drawn = drawn
    let blocks = ["# " + MarkdownPage.escaped(document.title)] + document.blocks.map(markdown)
    text = blocks.filter { !$0.isEmpty }.joined(separator: "\n\n") + "\n"
  }

  /// Text in which nothing is taken for markup, on one line.
  static func escaped(_ text: String) -> String {
    var result = ""
    for character in text {
      switch character {
      case "\\", "`", "*", "_", "[", "]", "|", "#", "~": result += "\\" + String(character)
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "&": result += "&amp;"
      case _ where character.isNewline: result += " "
      default: result.append(character)
      }
    }
    return result
  }

  /// HTML in Markdown ends at an empty line, so that there must be none in it.
  private static func oneLine(_ html: String) -> String {
    String(html.map { $0.isNewline ? " " : $0 })
  }

  private func markdown(_ block: Document.Block) -> String {
    switch block {
    case .heading(let level, let text):
      String(repeating: "#", count: level) + " " + MarkdownPage.escaped(text)
    case .paragraph(let inline): markdown(inline)
    case .list(let items): items.map { "- " + markdown($0) }.joined(separator: "\n")
    case .callout(let title, let blocks):
      (["## " + MarkdownPage.escaped(title)] + blocks.map(markdown)).joined(separator: "\n\n")
    case .table(let table): markdown(table)
    case .figures(let charts):
      charts.filter { drawn.contains($0.name) }.map { chart in
        "![\(MarkdownPage.escaped(chart.title + ". " + chart.summary))](\(folder)/\(chart.name).svg)"
      }.joined(separator: "\n\n")
    case .details(let title, let blocks):
      (["<details>", "<summary>\(MarkdownPage.oneLine(HTML.escaped(title)))</summary>"]
        + blocks.map(markdown)
        + ["</details>"]).joined(separator: "\n\n")
    case .verbatim(let text): MarkdownPage.fenced(text)
    }
  }

  /// Text between fences that are longer than any run of backquotes within it.
  private static func fenced(_ text: String) -> String {
    var longest = 0
    var run = 0
    for character in text {
      run = character == "`" ? run + 1 : 0
      longest = max(longest, run)
    }
    let fence = String(repeating: "`", count: max(3, longest + 1))
    return "\(fence)\n\(text)\n\(fence)"
  }

  private func markdown(_ table: Document.Table) -> String {
    let rule = table.header.indices.map { $0 == 0 || !table.isNumeric ? "---" : "---:" }
    let rows =
      [table.header.map(MarkdownPage.escaped), rule] + table.rows.map { $0.map(markdown) }
    let lines = rows.map { "| " + $0.joined(separator: " | ") + " |" }
    return "**\(MarkdownPage.escaped(table.caption))**\n\n" + lines.joined(separator: "\n")
  }

  private func markdown(_ inline: Inline) -> String {
    inline.pieces.map { piece in
      switch piece {
      case .text(let text): MarkdownPage.escaped(text)
      case .toned(let text, let verdict):
        verdict.isNews ? "**\(MarkdownPage.escaped(text))**" : MarkdownPage.escaped(text)
      case .strong(let text): "**\(MarkdownPage.escaped(text))**"
      // Backquotes would have to be counted; a name with one is simply not set as code.
      case .code(let text):
        text.contains { $0 == "`" || $0 == "|" || $0.isNewline } || text.isEmpty
          ? MarkdownPage.escaped(text) : "`\(text)`"
      }
    }.joined()
  }
}

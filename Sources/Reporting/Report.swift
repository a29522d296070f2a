import Foundation
import Primitives
import Results

/// Writes a report: one HTML page that needs nothing else, and Markdown with its charts beside it.
public struct Report: Sendable {
  private let document: Document

  /// Sets a report.
  public init(_ data: ReportData) { document = ReportDocument.of(data) }

  /// Draws the charts and writes `report.html`, `report.md` and `charts/*.svg` into a folder,
  /// which is made if it is not there. Each file appears whole or not at all; the page is the last.
  ///
  /// - Returns: the page's path.
  /// - Throws: ``PitwallError`` with code `unavailable` where gnuplot is missing, `inputOutput`
  ///   where the folder cannot be written.
  public func write(to folder: String, gnuplot: Gnuplot = Gnuplot()) async throws -> String {
    let charts = document.charts
    let names = charts.map(\.name)
    let drawings = Dictionary(
      zip(names, try await gnuplot.draw(charts)), uniquingKeysWith: { first, _ in first })
    let chartFolder = folder + "/charts"
    try makeFolder(chartFolder)
    for (name, drawing) in drawings.sorted(by: { $0.key < $1.key }) {
      try AtomicFile.write(drawing.file, to: "\(chartFolder)/\(name).svg")
    }
    let markdown = MarkdownPage(document, folder: "charts", drawn: Set(names))
    try AtomicFile.write(markdown.text, to: folder + "/report.md")
    let page = folder + "/report.html"
    try AtomicFile.write(HTMLPage(document, drawings: drawings).text, to: page)
    return page
  }

  private func makeFolder(_ path: String) throws {
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      throw PitwallError(.inputOutput, at: path, "the folder cannot be made")
    }
  }
}

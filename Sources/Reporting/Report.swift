import Foundation
import Primitives
import Results
import Validation

/// Writes a report: one HTML page that needs nothing else, and Markdown with its charts beside it.
public struct Report: Sendable {
  private let document: Document

  /// Sets a report about an experiment.
  public init(_ data: ReportData) { document = ReportDocument.of(data) }

  /// Sets a report about how well measured runs are predicted.
  /// - Parameter ablated: errors without parts of the model, where they were computed.
  public init(
    _ validation: ValidationDescription, _ runs: [ValidatedRun], _ ablated: [AblatedErrors] = []
  ) {
    document = ValidationDocument.of(validation, runs, ablated)
  }

  /// Sets a report about replays of caches.
  /// - Parameter command: what makes it again.
  public init(_ runs: [CacheRun], title: String, command: String) {
    document = CacheDocument.of(runs, title: title, command: command)
  }

  /// Draws the charts and writes `report.html`, `report.md` and `charts/*.svg` into a folder,
  /// which is made if it is not there. Each file appears whole or not at all; the page is the last.
  ///
  /// - Returns: the page's path.
  /// - Throws: ``PitwallError`` with code `unavailable` where gnuplot is missing, `inputOutput`
  ///   where the folder cannot be written.
  public func write(to folder: String, gnuplot: Gnuplot = Gnuplot()) async throws -> String {
    let charts = document.charts
    let names = charts.map(\.name)
    let drawn = try await gnuplot.save(charts, to: folder + "/charts")
    let drawings = Dictionary(zip(names, drawn), uniquingKeysWith: { first, _ in first })
    let markdown = MarkdownPage(document, folder: "charts", drawn: Set(names))
    try AtomicFile.write(markdown.text, to: folder + "/report.md")
    let page = folder + "/report.html"
    try AtomicFile.write(HTMLPage(document, drawings: drawings).text, to: page)
    return page
  }
}

extension Gnuplot {
  /// Draws charts and writes each to `NAME.svg` in a folder, which is made if it is not there.
  /// Nothing is written unless all of them can be drawn.
  ///
  /// - Returns: the drawings, in the order of the charts.
  /// - Throws: what ``draw(_:)-(Chart)`` throws; ``PitwallError`` with code `inputOutput` where the
  ///   folder cannot be written.
  @discardableResult
  public func save(_ charts: [Chart], to folder: String) async throws -> [SVG] {
    let drawings = try await draw(charts)
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    } catch {
      throw PitwallError(.inputOutput, at: folder, "the folder cannot be made")
    }
    for (chart, drawing) in zip(charts, drawings) {
      try AtomicFile.write(drawing.file, to: "\(folder)/\(chart.name).svg")
    }
    return drawings
  }
}

import Foundation
import Primitives
import Results
import Testing
import Validation

@testable import Reporting

/// Validated runs of two models in every regime, predicted within 10 % and by a twin within 20 %.
enum SyntheticValidation {
  static let description = ValidationDescription(
    runsFile: "runs.csv", runsDigest: SHA256.hex("runs"), profileName: "p <1>",
    profile: "name: \"p <1>\"\n", client: "28232 ports", seeds: [1, 2], runNumbers: [],
    codeRevision: "abc",
    modelVersion: "simulation 9", host: "box", startedAt: Date(timeIntervalSince1970: 1.7e9),
    wallSeconds: 75)

  static func runs(_ count: Int = 240) -> [ValidatedRun] {
    var random = RandomStream(seed: 3, purpose: "validation")
    let regimes = ["overloaded", "unloaded", "slot_queueing", "overloaded", "transition"]
    return (0..<count).map { number in
      var run = ValidatedRun(
        number: number, model: number % 2 == 0 ? "llama-3.1-8b" : "qwen-2.5-7b", family: "made up",
        group: "g", regime: regimes[number % regimes.count], slots: 8 << (number % 5), slotRank: 16,
        adapters: 8 << (number % 6), offered: 0.1 * Double(number + 1))
      run.measured[.starts] = 1
      run.predicted[.starts] = number == 7 ? 0 : 1
      for quantity in ErrorTable.metrics where quantity != .starts {
        let value = pow(10, 1 + 3 * random.uniform())
        run.measured[quantity] = value
        run.predicted[quantity] = value * (0.9 + 0.2 * random.uniform())
        if number % 3 > 0 { run.twin[quantity] = value * (0.9 + 0.4 * random.uniform()) }
      }
      return run
    }
  }
}

@Suite("Report of a validation") struct ValidationReportTests {
  private let document = ValidationDocument.of(
    SyntheticValidation.description, SyntheticValidation.runs())

  @Test("has a scatter for each metric and model, deviations and a distribution for each metric")
  func charts() throws {
    let names = document.charts.map(\.name)
    #expect(names.count == 24)
    #expect(Set(names).count == 24)
    let scatter = try #require(
      document.charts.first { $0.name == "scatter-itl-mean-2" })
    #expect(scatter.x.limits == scatter.y.limits, "the diagonal is one")
    #expect(scatter.x.scale == .logarithmic)
    let points = scatter.series.reduce(0) { count, series in
      if case .points(let points) = series.marks { count + points.count } else { count }
    }
    #expect(points == 120)
    let deviation = try #require(document.charts.first { $0.name == "deviation-itl-mean" })
    let limits = try #require(deviation.y.limits)
    for series in deviation.series {
      guard case .points(let points) = series.marks else { continue }
      #expect(points.allSatisfy { limits.contains($0.y) })
    }
  }

  @Test("says in text what the tables say in numbers")
  func text() throws {
    let runs = SyntheticValidation.runs()
    let page = MarkdownPage(document, folder: "charts", drawn: Set(document.charts.map(\.name)))
    let entry = try #require(ErrorTable(runs).entry(.itlMean))
    let twin = try #require(entry.twin)
    #expect(page.text.contains("mean SMAPE **\(Typeset.fixed(entry.errors.mean, 2)) %**"))
    #expect(page.text.contains("over 240 runs; the published twin"))
    #expect(page.text.contains("\(Typeset.fixed(twin.mean, 2)) % on 160 of them"))
    #expect(page.text.contains("239 of 240 as predicted"))
    #expect(page.text.contains("start predicted wrongly"))
    #expect(page.text.contains(SyntheticValidation.description.id))
    let html = HTMLPage(document, drawings: [:]).text
    #expect(html.contains("p &lt;1&gt;") && !html.contains("p <1>"))
  }

  @Test("says what each part of the model contributes, where that is known")
  func contributions() throws {
    let runs = SyntheticValidation.runs()
    let complete = ErrorTable(runs)
    var worse = runs
    for index in worse.indices { worse[index].predicted[.itlMean] = 0 }
    let ablated = [AblatedErrors(part: "adapter", table: ErrorTable(worse))]
    let document = ValidationDocument.of(SyntheticValidation.description, runs, ablated)
    let page = MarkdownPage(document, folder: "charts", drawn: [])
    let mean = try #require(complete.entry(.itlMean)).errors.mean
    let row = page.text.split(separator: "\n").first { $0.hasPrefix("| `adapter` |") }
    let changed = "+\(Typeset.fixed(100 - mean, 2))"
    #expect(row == "| `adapter` | 0.00 | \(changed) | 0.00 | 0.00 | 0.00 | 0.00 | 0.00 |")
    #expect(!self.document.blocks.contains(.heading(2, "What each part of the model contributes")))
  }

  @Test("copes with little: no runs, a run of which nothing is known, a prediction of nothing")
  func little() {
    #expect(ValidationDocument.of(SyntheticValidation.description, []).charts.isEmpty)
    var run = SyntheticValidation.runs(1)[0]
    run.predicted = Observations([.starts: 0, .totalThroughput: 0])
    let document = ValidationDocument.of(SyntheticValidation.description, [run])
    #expect(document.charts.count == 2)
    run.measured = Observations()
    #expect(ValidationDocument.of(SyntheticValidation.description, [run]).charts.isEmpty)
  }

  @Test("is drawn", .enabled(if: hasGnuplot, "needs gnuplot"))
  func drawn() async throws {
    let folder = FileManager.default.temporaryDirectory.path + "/validation-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let report = Report(SyntheticValidation.description, SyntheticValidation.runs())
    #expect(try await report.write(to: folder) == folder + "/report.html")
    for chart in document.charts {
      let svg = try String(contentsOfFile: "\(folder)/charts/\(chart.name).svg", encoding: .utf8)
      try expectWellFormed(svg)
      #expect(svg.utf8.count < 60_000)
      let lower = svg.lowercased()
      #expect(!lower.contains("nan") && !lower.contains("inf,"))
    }
    #expect(FileManager.default.fileExists(atPath: folder + "/report.md"))
  }
}

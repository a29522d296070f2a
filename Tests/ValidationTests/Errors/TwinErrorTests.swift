import Results
import Testing
import Workload

@testable import Validation

/// The errors of the published twin on the development runs, as computed independently of this code
/// (`twin_errors.csv` in `../shared/validation`). Skipped where that is not there.
@Suite(.enabled(if: SharedData.isThere, "needs ../shared/validation")) struct TwinErrorTests {
  @Test func agreeWithThosePublished() throws {
    let runs = try MeasuredRun.read(SharedData.folder + "/development/runs_v1.csv")
      .filter { $0.family == "dt_modelling" && $0.status == .ok }.map { ValidatedRun($0) }
    let published = try CSVTable.read(SharedData.folder + "/twin_errors.csv", required: ["twin"])
    let table = ErrorTable(
      runs.map { run in
        var run = run
        run.predicted = run.twin
        return run
      })
    var compared = 0
    for row in published.rows
    where row.text("twin") == "replay" && row.text("family") == "dt_modelling"
      && row.text("split") == "development"
    {
      guard let metric = row.text("metric").flatMap(ValidationQuantity.init),
        let regime = row.text("regime"), let model = row.text("model"),
        let entry = table.entry(metric, regime: regime, model: model)
      else { continue }
      #expect(try row.integer("n", in: 0...1000) == entry.errors.count)
      for (column, value) in [
        ("smape_mean", entry.errors.mean), ("smape_median", entry.errors.median),
        ("smape_p90", entry.errors.p90),
      ] {
        let expected = try #require(try row.number(column))
        #expect(abs(value - expected) < 0.0051, "\(metric) \(regime) \(model) \(column)")
      }
      #expect(entry.twin == entry.errors)
      compared += 1
    }
    #expect(compared >= 50)
  }
}

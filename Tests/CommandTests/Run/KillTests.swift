import Foundation
import Primitives
import Testing

/// `kill -9` at random instants: the database opens, finished runs are whole, a rerun completes.
///
/// `PITWALL_KILLS` says how often (default 5).
@Suite struct KillTests {
  private static let kills =
    ProcessInfo.processInfo.environment["PITWALL_KILLS"].flatMap { Int($0) } ?? 5
  private static let rows = 300
  private static let runs = 16

  private func ready() throws -> Program {
    let program = try Program()
    try program.write(
      SmallExperiment.text(workload: "generate: g.yaml").replacing("seeds: 2", with: "seeds: 8"),
      to: "e.yaml")
    try program.write(
      "generator: sessions\nrequests: \(Self.rows)\nparameters: {tenants: 5, adapters: 20, rate: 3}",
      to: "g.yaml")
    return program
  }

  private static let command = "run e.yaml --no-report --quiet --threads 2 --db r.sqlite"

  @Test func finishedRunsSurviveAKill() throws {
    let program = try ready()
    let start = ContinuousClock.now
    #expect(try program.shell("exec $0 \(Self.command)").code == 0)
    let whole = (ContinuousClock.now - start) / .seconds(1)
    _ = try program.shell("rm r.sqlite*")

    var random = RandomStream(seed: 1, purpose: "kills")
    for _ in 0..<Self.kills {
      let delay = random.uniform() * whole
      let result = try program.shell(
        "exec 2>/dev/null; $0 \(Self.command) & sleep \(delay); kill -9 $!; wait $!; true")
      #expect(result.code == 0)
      guard program.exists("r.sqlite") else { continue }
      try expectWholeRuns(program.folder + "/r.sqlite", rows: Self.rows)
      // Now and then begin anew, so that kills hit every stage of an experiment.
      if random.index(below: 3) == 0 {
        #expect(try program.shell("exec $0 \(Self.command)").code == 0)
        try expectWholeRuns(program.folder + "/r.sqlite", rows: Self.rows, runs: Self.runs)
        _ = try program.shell("rm r.sqlite*")
      }
    }
    let last = try program.shell("exec $0 \(Self.command)")
    #expect(last.code == 0, "\(last.errors)")
    try expectWholeRuns(program.folder + "/r.sqlite", rows: Self.rows, runs: Self.runs)
  }
}

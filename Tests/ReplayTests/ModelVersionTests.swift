import Orchestration
import Policies
import Primitives
import Simulation
import Testing
import Workload

@testable import Replay

/// Runs are skipped when the database has them under the same model version. So results must not
/// change while the version stays: this notices.
@Suite struct ModelVersionTests {
  @Test func resultsChangeOnlyWithTheVersion() throws {
    let digest = try ["lru", "fifo", "lfu", "gdsf"].map { eviction in
      try ["none", "lookahead"].map { prefetch in
        try self.digest(eviction: eviction, prefetch: prefetch)
      }.joined()
    }.joined()
    let known = [
      "simulation 4": "9815df7f0d24f7c4001334a87e5d5ec680f9373ba32ef521b3d2e4e779913fc5"
    ]
    #expect(
      known[ModelVersion.simulation] == SHA256.hex(digest),
      "simulated results have changed: give ModelVersion.simulation a new value, and enter it here")
  }

  private func digest(eviction: String, prefetch: String) throws -> String {
    var strategy = try Strategy(name: "golden")
    strategy.eviction = try Parameters(eviction)
    strategy.prefetch = try Parameters(prefetch)
    let model = try #require(ModelShape.catalogue.first { $0.name == "llama-2-7b" })
    let accelerator = try #require(Accelerator.catalogue.first { $0.name == "a100-40g" })
    var server = ServerSpec(model: model, accelerator: accelerator)
    server.adapterMemory = .slots(4)
    server.start = .disk
    let outcome = try Scenario(
      trace: trace(), server: server, strategy: strategy, seed: 1, registry: .builtIn
    ).simulate(options: Simulation.Options())
    var hash = SHA256()
    for record in outcome.requests {
      for time in [record.admitted, record.firstToken, record.finished, record.loadWait] {
        hash.update(time)
      }
      hash.update(Int64(record.foundIn.rawValue))
    }
    hash.update(outcome.counters.bytesMoved.reduce(0, +))
    return hash.hexDigest()
  }

  /// Drawn with integers only: logarithms may differ in the last digit between machines.
  private func trace() throws -> Trace {
    var random = RandomStream(seed: 1, purpose: "golden")
    var builder = TraceBuilder(name: "golden")
    var time: Nanoseconds = 0
    for _ in 0..<300 {
      time += Nanoseconds(random.index(below: 400_000_000))
      var row = TraceBuilder.Row(arrival: time)
      let adapter = random.index(below: 1 + random.index(below: 12))
      row.adapterSet = adapter == 0 ? 0 : builder.internSingle("a\(adapter)")
      row.promptTokens = Int32(1 + random.index(below: 900))
      row.outputTokens = Int32(1 + random.index(below: 300))
      builder.append(row)
    }
    return try builder.finish()
  }
}

import Orchestration
import Primitives
import Testing

@testable import Replay

/// Servers in experiments that a file of measurements stands for.
@Suite struct MeasuredServerTests {
  private func server(_ cost: String, slots: Int, rank: Int) -> String {
    ExperimentFixture.text(
      server: """
        server: {model: llama-3.1-8b, accelerator: h100, cost: \(cost),
          adapters: {slots: \(slots), max-rank: \(rank)}}
        """)
  }

  @Test func aProfileGivesTheKVCacheAndTheCost() throws {
    let fixture = try ExperimentFixture()
    try fixture.write(ProfileTests.small.yaml, to: "p.yaml")
    let plan = try ExperimentPlan(
      fixture.experiment(server("{profile: p.yaml}", slots: 64, rank: 16)))
    let run = try #require(plan.runs.first)
    let scenario = plan.scenario(of: run, trace: try plan.trace(of: plan.groups[0]))
    let catalogue = try scenario.adapterCatalogue()
    let (configuration, memory) = try run.server.configuration(catalogue: catalogue)
    let tokens = ProfileTests.small.models[0].kv.tokens(slots: 64, rank: 16)
    #expect(configuration.kvBlocks * 16 == tokens)
    let used =
      memory.weights + memory.adapterSlots
      + Bytes(configuration.kvBlocks) * configuration.kvBlockBytes
    #expect(memory.capacity >= used)
    #expect(configuration.adapterBytes == memory.adapterSlots && memory.adapterSlots > 0)
    // Of the profile only a name, a digest and its errors go into the run's description.
    let description = run.configuration.split(separator: "\n").filter { $0.contains(".cost.") }
    #expect(description.count == 3)
    #expect(description.contains { $0.hasSuffix("name: llama-3.1-8b") })
  }

  @Test func anotherProfileIsAnotherRun() throws {
    let fixture = try ExperimentFixture()
    func id(_ profile: Profile) throws -> String {
      try fixture.write(profile.yaml, to: "p.yaml")
      let text = server("{profile: p.yaml}", slots: 8, rank: 16)
      return try #require(ExperimentPlan(fixture.experiment(text)).runs.first).id
    }
    var model = ProfileTests.small.models[0]
    let first = try id(ProfileTests.small)
    #expect(try id(ProfileTests.small) == first)
    model.step[0].microseconds.value += 1
    let other = Profile(
      name: "h100", engine: "e", accelerator: "a", fittedFrom: [], models: [model])
    #expect(try id(other) != first)
  }

  @Test func aServerThatWouldNotStartIsAnErrorWithItsReason() throws {
    let fixture = try ExperimentFixture()
    try fixture.write(ProfileTests.small.yaml, to: "p.yaml")
    let text = server("{profile: p.yaml}", slots: 256, rank: 16)
    #expect(
      fixture.error(text)
        == "e.yaml:3:9: server: does not start: 256 slots of rank 16 leave a KV cache of 114944 "
        + "tokens, and the model's context of 131072 tokens must fit")
    let spec = try fixture.experiment(text).server
    #expect(spec.refusal(slotRank: 16)?.tokens == 114_944)
    #expect(spec.refusal(slotRank: 8) == nil)
  }

  @Test(arguments: [
    ("{profile: nowhere.yaml}", "nowhere.yaml: no such file"),
    ("{profile: p.yaml, table: t.csv}", "expected one of roofline, linear, table and profile"),
    ("{prophile: p.yaml}", "unknown key \"prophile\" (did you mean \"profile\"?)"),
    ("{profile: other.yaml}", "has no model \"llama-3.1-8b\", only qwen2.5-7b"),
    ("{table: nowhere.csv}", "nowhere.csv: "), ("{table: p.yaml}", "p.yaml:1: "),
  ]) func saysWhatIsWrong(_ cost: String, _ message: String) throws {
    let fixture = try ExperimentFixture()
    try fixture.write(ProfileTests.small.yaml, to: "p.yaml")
    let other = Profile(
      name: "p", engine: "e", accelerator: "a", fittedFrom: [],
      models: [ProfileTests.small.models[1]])
    try fixture.write(other.yaml, to: "other.yaml")
    let error = fixture.error(server(cost, slots: 8, rank: 16))
    #expect(error.contains(message), "\(error)")
  }

  @Test func aProfileIsNotOfAPool() throws {
    let fixture = try ExperimentFixture()
    try fixture.write(ProfileTests.small.yaml, to: "p.yaml")
    let error = fixture.error(
      ExperimentFixture.text(
        server: """
          server: {model: llama-3.1-8b, accelerator: h100, cost: {profile: p.yaml},
            adapters: {pool: true}}
          """))
    #expect(
      error == "e.yaml:3:9: server: a profile is of a server with slots, and with neither pool "
        + "nor share")
  }

  private static let table = """
    decodes,prompt_tokens,adapters,step_ms
    1,0,0,10
    1,0,8,12
    64,0,0,20
    64,0,8,24.5

    """

  @Test func aTableIsACost() throws {
    let fixture = try ExperimentFixture()
    try fixture.write(Self.table, to: "t.csv")
    let spec = try fixture.experiment(server("{table: t.csv}", slots: 8, rank: 16)).server
    guard case .table(let table) = spec.cost else { throw PitwallError.fault("not a table") }
    #expect(table.decodes == [1, 64] && table.promptTokens == [0] && table.adapters == [0, 8])
    #expect(table.nanoseconds == [1e7, 1.2e7, 2e7, 2.45e7])
    #expect(
      try !ExperimentPlan(fixture.experiment(server("{table: t.csv}", slots: 8, rank: 16))).runs
        .isEmpty)
  }

  @Test(arguments: [
    ("64,0,8,24.5\n", "", "no row for decodes 64, prompt_tokens 0, adapters 8"),
    ("1,0,8,12\n", "", "no row for decodes 1, prompt_tokens 0, adapters 8"),
    ("64,0,8", "64,0,0", "t.csv:5: decodes: the same combination is on line 4"),
    ("24.5", "-1", "t.csv:5: step_ms: -1 is outside"), ("24.5", "", "step_ms: is empty"),
    ("64,0,8", "64.5,0,8", "expected a whole number"),
    ("adapters,", "adaptors,", "column \"adapters\" is missing (did you mean \"adaptors\"?)"),
  ]) func aTableMustBeComplete(_ right: String, _ wrong: String, _ message: String) throws {
    let fixture = try ExperimentFixture()
    try fixture.write(Self.table.replacing(right, with: wrong), to: "t.csv")
    let error = fixture.error(server("{table: t.csv}", slots: 8, rank: 16))
    #expect(error.contains(message), "\(error)")
  }
}

import Orchestration
import Policies
import Primitives
import Replay
import Simulation
import Testing
import Workload

@testable import Validation

@Suite struct PredictionTests {
  private func run(_ rates: String = "0.5-0.25", slots: Int = 4, seconds: Int = 60) throws
    -> MeasuredRun
  {
    let text = """
      run_no,family,group,model,engine,max_loras,max_lora_rank,n_adapters,adapter_ranks,\
      adapter_rates_req_s,total_time_s,max_num_seqs,max_num_batched_tokens,pool_mean_in_tok
      1,f,g,llama-3.1-8b,V1,\(slots),16,12,8-16,\(rates),\(seconds),64,512,150
      """
    return try #require(try MeasuredRun.parse(text, file: "r.csv").first)
  }

  private func server() throws -> ServerSpec {
    let model = try #require(ModelShape.catalogue.first { $0.name == "llama-3.1-8b" })
    let accelerator = try #require(Accelerator.catalogue.first { $0.name == "h100" })
    var server = ServerSpec(model: model, accelerator: accelerator)
    server.cost = .linear(LinearCost(base: 12_000_000, perDecode: 50_000, perPromptToken: 10_000))
    return server
  }

  /// The oracle: the same requests as rows of a trace, with a record of each.
  private func records(_ run: MeasuredRun, _ client: ClientModel, seed: UInt64) throws -> RunOutcome
  {
    let work = try run.workload(lengths: .conversations, seed: seed)
    var builder = TraceBuilder(name: "rows")
    for (index, rank) in work.ranks.enumerated() {
      _ = builder.internSingle("dummy-\(index)")
      builder.adapters[index].rank = Int32(rank)
    }
    for index in 0..<work.count {
      var row = TraceBuilder.Row(arrival: work.arrival(index))
      row.adapterSet = work.request(index).adapterSet
      row.promptTokens = work.request(index).promptTokens
      row.outputTokens = work.outputTokens(index)
      builder.append(row)
    }
    var options = Simulation.Options()
    options.client = client
    options.horizon = 60_000_000_000
    return try Scenario(
      trace: builder.finish(keepingOrigin: true), server: run.configured(server()),
      strategy: Strategy(name: "s"), seed: seed, registry: .builtIn
    ).simulate(options: options)
  }

  @Test(arguments: [("0.5-0.25", Int?.none), ("3-1.5", nil), ("3-1.5", 20)])
  func isWhatTheRecordsSay(rates: String, cap: Int?) throws {
    let run = try run(rates)
    let client = ClientModel(maxInFlight: cap)
    let prediction = try run.predict(
      on: server(), lengths: .conversations, client: client, seed: 5)
    let outcome = try records(run, client, seed: 5)
    let finished = outcome.requests.filter { $0.outcome == .finished }
    #expect(prediction.completed == finished.count && finished.count > 10)
    #expect(prediction.unsent == outcome.requests.count { $0.outcome == .unsent })
    #expect((prediction.unsent > 0) == (cap != nil))
    #expect(prediction.sent + prediction.unsent == outcome.requests.count)
    let tokens = finished.reduce(0) { $0 + Int($1.promptTokens) + Int($1.outputTokens) }
    #expect(abs(prediction.totalTokensPerSecond - Double(tokens) / 60) < 1e-6)
    let ttft = finished.reduce(0.0) { $0 + Double($1.firstToken - $1.arrival) / 1e6 }
    #expect(abs((prediction.ttftMean ?? 0) - ttft / Double(finished.count)) < 1e-6)
    #expect(prediction.steps == Int(outcome.counters.steps))
    #expect(prediction.adapterLoads == Int(outcome.counters.loads[3]))
    #expect(prediction.kvUsageMean > 0 && prediction.kvUsageMean < 1)
    // Little: requests in the system are those sent a second times the time that each spends there.
    let spent = outcome.requests.reduce(0.0) { $0 + ($1.finished - $1.arrival).seconds }
    #expect(abs(prediction.runningMean + prediction.waitingMean - spent / 60) < 1e-6)
  }

  @Test func dependsOnTheSeedAlone() throws {
    func predict(_ seed: UInt64) throws -> Prediction {
      try run().predict(
        on: server(), lengths: .conversations, client: ClientModel(), seed: seed)
    }
    #expect(try predict(1) == predict(1))
    #expect(try predict(1) != predict(2))
  }

  @Test func eachRunHasItsOwnLuck() throws {
    let one = try run()
    var other = one
    other.number = 2
    #expect(
      try one.workload(lengths: .conversations, seed: 1).arrival(0)
        != other.workload(lengths: .conversations, seed: 1).arrival(0))
  }

  @Test func theRunSaysHowTheServerWasStarted() throws {
    let server = try run(slots: 7).configured(server())
    #expect(server.adapterMemory == .slots(7) && server.maxRank == 16)
    #expect(server.maxSequences == 64 && server.tokenBudget == 512)
  }

  @Test func aRunWithoutRatesSaysWhere() throws {
    var run = try run()
    run.adapterRates = []
    #expect(
      message { _ = try run.workload(lengths: .conversations, seed: 1) }
        == "65 r.csv:2: a client needs adapters, and their ranks and rates")
    run.extent = nil
    #expect(
      message { _ = try run.workload(lengths: .conversations, seed: 1) }
        == "65 r.csv:2: total_time_s: is empty")
  }
}

import Primitives
import Replay
import Simulation
import Testing

@testable import Validation

@Suite struct ProfilePredictorTests {
  private let predictor = ProfilePredictor(Synthetic.profile)

  @Test func predictsFromTheConfigurationAlone() throws {
    let run = try Synthetic.measured([1])[0]
    let prediction = try predictor.predict(run, seed: 1)
    #expect(prediction.starts)
    // 6 requests/s for a minute, within five standard deviations.
    #expect(abs(Double(prediction.sent) - 360) < 5 * 360.0.squareRoot())
    #expect(try #require(prediction.itlMean) > 12, "a step at least")
    #expect(try predictor.predict(run, seed: 1) == prediction)
    #expect(try predictor.predict(run, seed: 2) != prediction)
  }

  /// 100,000 - 410 slots, and a context of 10,000 must fit.
  @Test(arguments: [(219, true), (220, false), (1000, false)])
  func starts(slots: Int, starts: Bool) throws {
    var run = try Synthetic.measured([1])[0]
    run.slots = slots
    #expect(try predictor.predict(run, seed: 1).starts == starts)
  }

  @Test func saysWhatTheProfileLacks() throws {
    var run = try Synthetic.measured([1])[0]
    run.model = "qwen-2.5-7b-instruct"
    #expect(
      message { _ = try predictor.predict(run, seed: 1) }
        == "65 runs.csv:2: model: profile \"round\" has no qwen2.5-7b")
    run.model = "lama-3.1-8b"
    #expect(
      message { _ = try predictor.predict(run, seed: 1) }
        == "65 runs.csv:2: model: unknown \"lama-3.1-8b\" (did you mean \"llama-3.1-8b\"?)")
    run.model = "llama-3.1-8b"
    var bare = Synthetic.profile.models[0]
    bare.lengths = nil
    func with(_ model: Profile.Model, accelerator: String) -> ProfilePredictor {
      ProfilePredictor(
        Profile(
          name: "p", engine: "vllm-v1 0", accelerator: accelerator, fittedFrom: [], models: [model])
      )
    }
    #expect(
      message { _ = try with(bare, accelerator: "H100").predict(run, seed: 1) }
        == "65 runs.csv:2: profile \"p\" has no lengths for llama-3.1-8b")
    #expect(
      message { _ = try with(bare, accelerator: "abacus").predict(run, seed: 1) }?
        .hasPrefix("65 p: accelerator: \"abacus\" names none that is known") == true)
  }

  @Test func leavesOutOnePartAtATime() throws {
    var served = Synthetic.profile.models[0]
    served.frontend = .typical
    let predictor = ProfilePredictor(
      Profile(
        name: "p", engine: "vllm-v1 0", accelerator: "h100", fittedFrom: [], models: [served]))
    let ablations = Ablation.all(of: predictor)
    #expect(
      ablations.map(\.name) == [
        "step", "adapter", "loads", "kv-per-slot", "length-correlation", "early-stop",
        "connection-cap", "metrics-scrapes", "frontend", "reload-cascade",
      ])
    for ablation in ablations {
      let without = ablation(predictor)
      let (before, after) = (predictor.profile.models[0], without.profile.models[0])
      let changed = [
        "step": before.step[1] != after.step[1], "adapter": before.step[0] != after.step[0],
        "loads": before.loads != after.loads, "kv-per-slot": before.kv != after.kv,
        "length-correlation": before.lengths?.correlation != after.lengths?.correlation,
        "early-stop": before.lengths?.stopShare != after.lengths?.stopShare,
        "connection-cap": predictor.client.ports != without.client.ports,
        "metrics-scrapes": predictor.client.scrapeInterval != without.client.scrapeInterval,
        "frontend": before.frontend != after.frontend,
        "reload-cascade": without.activation == .protected,
      ].filter(\.value).map(\.key)
      #expect(changed == [ablation.name])
      #expect(after.step.count == before.step.count)
    }
  }

  @Test func theClientInWords() {
    #expect(ClientModel().limits == "nothing")
    #expect(
      predictor.client.limits == "28232 ports, each kept for 60.0 s after its request")
    #expect(ClientModel(maxInFlight: 5).limits == "at most 5 requests in flight")
  }
}

@Suite struct MeasuredRunChoiceTests {
  private let runs: [MeasuredRun]

  init() throws {
    var runs = try Synthetic.measured(1...10, ",status", ",ok")
    runs[3].status = .invalid
    for index in 6..<10 { runs[index].family = "other" }
    self.runs = runs
  }

  private func numbers(_ choice: MeasuredRunChoice) throws -> [Int] {
    try choice.of(runs).map(\.number)
  }

  @Test func chooses() throws {
    #expect(try numbers(MeasuredRunChoice()) == [1, 2, 3, 5, 6, 7, 8, 9, 10])
    #expect(try numbers(MeasuredRunChoice(stride: 4)) == [1, 6, 10])
    #expect(try numbers(MeasuredRunChoice(families: ["other"], stride: 3)) == [7, 10])
    #expect(try numbers(MeasuredRunChoice(numbers: [9, 2])) == [2, 9], "in the file's order")
  }

  @Test func refusesWhatIsNotThere() {
    #expect(
      message { _ = try numbers(MeasuredRunChoice(families: ["othr"])) }
        == "64 no run is of family \"othr\" (did you mean \"other\"?)")
    #expect(
      message { _ = try numbers(MeasuredRunChoice(numbers: [77])) } == "64 there is no run 77")
    #expect(
      message { _ = try numbers(MeasuredRunChoice(numbers: [4])) }
        == "64 no run is left to predict", "it is invalid")
  }
}

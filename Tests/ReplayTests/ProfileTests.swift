import Foundation
import Orchestration
import Policies
import Primitives
import Simulation
import Testing
import Workload

@testable import Replay

@Suite struct ProfileTests {
  private static var fitted: Profile.Model {
    var model = small.models[0]
    model.errors = [
      .init(metric: "total_throughput", smape: 0.83, runs: 101),
      .init(metric: "itl_mean", smape: 1.5, runs: 9),
    ]
    return model
  }

  /// A report says how far off a model is, of which a run's configuration has nothing but the words.
  @Test func errorsAreReadBackFromAConfiguration() throws {
    let profile = Profile(
      name: "p", engine: "vllm-v1", accelerator: "h100", fittedFrom: [], models: [Self.fitted])
    #expect(try Profile(profile.yaml, file: "p.yaml") == profile)
    let mirror = Self.fitted.customMirror.children.map { ($0.label ?? "", "\($0.value)") }
    let text = mirror.map { "server.cost.profile.\($0): \($1)\n" }.joined()
    #expect(
      Profile.Model.errors(configuration: "a: b\n" + text)
        == "total_throughput 0.83 % (101 runs), itl_mean 1.5 % (9 runs)")
    #expect(Profile.Model.errors(configuration: "server.cost.profile.errors: unknown\n") == nil)
    #expect(Profile.Model.errors(configuration: "server.cost.roofline: 1\n") == nil)
  }

  static let small = Profile(
    name: "h100", engine: "vllm-v1 0.8.5", accelerator: "one \"H100\", 64 GB: é\u{7}",
    fittedFrom: [
      .init(file: "kv.csv", sha256: String(repeating: "0a", count: 32), rows: 84)
    ],
    models: [
      Profile.Model(
        name: "qwen2.5-7b", maxModelLength: 32768,
        kv: KVCapacity(
          base: Estimate(702_507, standardError: 100),
          perSlotRank: Estimate(87.91, standardError: 1),
          perSlot: Estimate(2.9, standardError: 0.5)),
        step: [.init(.step, microseconds: Estimate(12_000.5, standardError: 3))]),
      Profile.Model(
        name: "llama-3.1-8b", maxModelLength: 131_072,
        kv: KVCapacity(
          base: Estimate(307_529, standardError: 100),
          perSlotRank: Estimate(43.98, standardError: 1),
          perSlot: Estimate(48.6, standardError: 0.5)),
        step: [
          .init(.step, microseconds: Estimate(13_000, standardError: 3)),
          .init(.waitingScanned, microseconds: Estimate(-1e-9 / 3, standardError: 0)),
        ],
        loads: [
          .init(slotRank: 8, rank: 8, milliseconds: 6.61),
          .init(slotRank: 32, rank: 8, milliseconds: 8.08),
          .init(slotRank: 32, rank: 32, milliseconds: 6.37),
        ],
        lengths: Profile.Lengths(
          prompt: [
            .init(low: 4, high: 38.25, share: 0.25), .init(low: 40, high: 1e6, share: 0.75),
          ],
          output: [.init(low: 0, high: 1, share: 1)], promptMean: 222.5, outputMean: 196.6,
          correlation: -0.4, stopShare: 0.01, stoppedOutputRatio: 0.5)),
    ])

  @Test func readingGivesBackWhatWasWritten() throws {
    // Control characters are not for people to write; the writer escapes them.
    let again = try Profile(Self.small.yaml, file: "p.yaml")
    #expect(again == Self.small)
    #expect(again.yaml == Self.small.yaml)
    #expect(again.models.map(\.name) == ["llama-3.1-8b", "qwen2.5-7b"])
  }

  @Test func randomNumbersComeBackToTheBit() throws {
    var random = RandomStream(seed: 1, purpose: "profile.test")
    for _ in 0..<50 {
      func number() -> Double { (random.uniform() - 0.5) * pow(10, random.uniform() * 30 - 20) }
      func estimate() -> Estimate { Estimate(number(), standardError: abs(number())) }
      let terms = StepTerm.allCases.filter { _ in random.index(below: 2) == 0 } + [.step]
      var model = Self.small.models[0]
      model.kv = KVCapacity(base: estimate(), perSlotRank: estimate(), perSlot: estimate())
      model.step = StepTerm.allCases.filter(terms.contains).map {
        .init($0, microseconds: estimate())
      }
      let profile = Profile(
        name: "p", engine: "~", accelerator: "12", fittedFrom: [], models: [model])
      #expect(try Profile(profile.yaml, file: "p.yaml") == profile)
    }
  }

  /// One coefficient a line, so that profiles can be compared by line.
  @Test func aCoefficientIsALine() {
    let lines = Self.small.yaml.split(separator: "\n")
    #expect(
      lines.contains {
        $0.hasSuffix("- {term: \"step\", value: 13000.0, standard-error: 3.0}")
      })
    #expect(lines.contains { $0.contains("- [4.0, 38.25, 0.25]") })
  }

  @Test(arguments: [
    ("max-model-length: 131072", "max-model-length: 0", "max-model-length"),
    ("\"step\"", "\"stepp\"", "did you mean \"step\"?"),
    ("\"waiting-scanned\"", "\"step\"", "is there twice"),
    ("value: 43.98", "value: nan", "per-slot-rank.value"),
    ("rank: 32, ms: 6.37", "rank: 8, ms: 6.37", "is there twice"),
    ("[4.0, 38.25, 0.25]", "[4.0, 4.0, 0.25]", "the bin is empty"),
    ("[4.0, 38.25, 0.25]", "[4.0, 41.0, 0.25]", "before the bin above it ends"),
    ("[4.0, 38.25, 0.25]", "[4.0, 38.25]", "[low, high, share]"),
    ("[0.0, 1.0, 1.0]", "[0.0, 1.0, 0.0]", "no bin has a share"),
    ("qwen2.5-7b", "llama-3.1-8b", "is there twice"),
    ("correlation: -0.4", "correlation: -1.4", "outside"),
    ("engine:", "motor:", "\"engine\" is missing"),
    ("rows: 84", "rows: 84, colour: red", "unknown key \"colour\""),
    ("0a0a", "0g0a", "64 hexadecimal digits"),
  ]) func namesWhatIsWrong(_ right: String, _ wrong: String, _ message: String) throws {
    let text = Self.small.yaml
    let start = try #require(text.range(of: right))
    let error = try #require(throws: PitwallError.self) {
      try Profile(text.replacingCharacters(in: start, with: wrong), file: "p.yaml")
    }
    #expect(error.code == .data)
    #expect(error.description.contains(message), "\(error)")
    #expect(error.place?.hasPrefix("p.yaml") == true)
  }

  /// Damaged text is an error with a place or another profile, never a trap.
  @Test func anyDamageIsAnErrorOfTheData() throws {
    let text = Array(Self.small.yaml.utf8)
    var random = RandomStream(seed: 2, purpose: "profile.test")
    for _ in 0..<2000 {
      var damaged = text
      for _ in 0...random.index(below: 4) {
        let at = random.index(below: damaged.count)
        switch random.index(below: 4) {
        case 0: damaged[at] = UInt8(32 + random.index(below: 95))
        case 1: damaged.remove(at: at)
        case 2: damaged.insert(contentsOf: damaged[at..<min(at + 30, damaged.count)], at: at)
        default: damaged[at] = damaged[random.index(below: damaged.count)]
        }
      }
      do {
        let profile = try Profile(String(decoding: damaged, as: UTF8.self), file: "p.yaml")
        #expect(try Profile(profile.yaml, file: "p.yaml") == profile)
      } catch let error as PitwallError {
        #expect(error.code == .data)
      }
    }
  }
}

@Suite struct KVCapacityTests {
  private let llama = ProfileTests.small.models[0]
  private let qwen = ProfileTests.small.models[1]

  @Test func wholeBlocksAndNeverBelowZero() {
    for (slots, rank) in [(0, 8), (8, 8), (100, 16), (384, 32)] {
      let exact = 307_529 - 43.98 * Double(slots * rank) - 48.6 * Double(slots)
      for block in [1, 16, 100] {
        let tokens = llama.kv.tokens(slots: slots, rank: rank, blockTokens: block)
        #expect(tokens % block == 0)
        #expect(exact < 0 ? tokens == 0 : (0..<Double(block)).contains(exact - Double(tokens)))
      }
    }
  }

  /// The rule of vLLM: a context of the model's full length must fit.
  @Test func refusesToStartBelowTheModelsContext() throws {
    #expect(llama.refusal(slots: 192, rank: 16) == nil)
    let refusal = try #require(llama.refusal(slots: 256, rank: 16))
    #expect(refusal.tokens == 114_944 && refusal.needed == 131_072)
    #expect(qwen.refusal(slots: 224, rank: 32) == nil)
    #expect(qwen.refusal(slots: 256, rank: 32)?.tokens == 0)
  }

  @Test func loadsAsInSlotsOfTheNearestRank() throws {
    #expect(try #require(llama.loadTimes(slotRank: 8)).duration(rank: 8) == 6_610_000)
    #expect(try #require(llama.loadTimes(slotRank: 64)).duration(rank: 20) == 7_225_000)
    // 20 is as near to 8 as to 32.
    #expect(try #require(llama.loadTimes(slotRank: 20)).duration(rank: 8) == 8_080_000)
    #expect(qwen.loadTimes(slotRank: 8) == nil)
  }
}

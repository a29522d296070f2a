import Orchestration
import Primitives
import Testing

@testable import Simulation

@Suite struct ModelShapeTests {
  private func model(_ name: String) throws -> ModelShape {
    try #require(ModelShape.catalogue.first { $0.name == name })
  }

  private static let attention = ["q_proj", "k_proj", "v_proj", "o_proj"]

  /// Sizes of adapters in 16 bits, MiB, from the papers and systems that print them.
  @Test(
    arguments: [
      ("llama-2-7b", ["q_proj", "v_proj"], 8, 8),
      ("llama-2-7b", ["q_proj", "k_proj", "v_proj"], 64, 96),
      ("llama-2-7b", attention, 32, 64), ("llama-2-7b", ModelShape.allTargets, 16, 76.2),
      ("llama-2-7b", ModelShape.allTargets, 128, 610), ("llama-2-13b", attention, 16, 50),
      ("llama-2-13b", ModelShape.allTargets, 16, 119.4),
      ("llama-3.1-8b", ["q_proj", "v_proj"], 8, 6.5),
      ("llama-3.1-8b", attention, 16, 26), ("llama-3.1-8b", ModelShape.allTargets, 16, 80),
      ("llama-2-70b", attention, 32, 250), ("llama-2-70b", ModelShape.allTargets, 8, 197.5),
      ("qwen2.5-7b", attention, 16, 19.2), ("qwen2.5-7b", ModelShape.allTargets, 16, 77),
    ] as [(String, [String], Int, Double)])
  func adapterSizes(_ name: String, _ targets: [String], _ rank: Int, _ mebibytes: Double) throws {
    let bytes = try model(name).adapterBytes(rank: rank, targets: targets)
    #expect(abs(Double(bytes) / 1_048_576 - mebibytes) <= 0.006 * mebibytes)
  }

  /// The small model computes in 32 bits, so its adapters are twice the 9.3 MiB of 16.
  @Test func theCPUModelsAdapters() throws {
    let bytes = try model("smollm2-135m").adapterBytes(rank: 16, targets: ModelShape.allTargets)
    #expect(abs(Double(bytes) / 1_048_576 - 2 * 9.3) < 0.1)
  }

  @Test(
    arguments: [
      ("llama-2-7b", 512), ("llama-2-13b", 800), ("llama-3.1-8b", 128), ("llama-2-70b", 320),
      ("qwen2.5-7b", 56),
    ] as [(String, Bytes)]) func kvOfAToken(_ name: String, _ kibibytes: Bytes) throws
  {
    #expect(try model(name).kvBytesPerToken == kibibytes * 1024)
  }

  /// Parameters as the models' cards give them, in billions.
  @Test(arguments: [
    ("llama-2-7b", 6.74), ("llama-2-13b", 13.02), ("llama-2-70b", 68.98), ("llama-3.1-8b", 8.03),
    ("qwen2.5-7b", 7.62), ("smollm2-135m", 0.1345),
  ]) func weights(_ name: String, _ billions: Double) throws {
    let shape = try model(name)
    let parameters = Double(shape.weightBytes) / Double(shape.bytesPerValue) / 1e9
    #expect(abs(parameters - billions) < 0.002 * billions)
  }

  @Test func namesAreUnique() {
    #expect(Set(ModelShape.catalogue.map(\.name)).count == ModelShape.catalogue.count)
    #expect(Set(Accelerator.catalogue.map(\.name)).count == Accelerator.catalogue.count)
    for shape in ModelShape.catalogue {
      #expect(shape.projections.map(\.name) == ModelShape.allTargets)
    }
  }
}

@Suite struct RooflineTests {
  private func roofline(_ model: String, _ accelerator: String) throws -> Roofline {
    Roofline(
      model: try #require(ModelShape.catalogue.first { $0.name == model }),
      accelerator: try #require(Accelerator.catalogue.first { $0.name == accelerator }),
      targets: ModelShape.allTargets)
  }

  private func decode(_ sequences: Int, context: Int64 = 0) -> StepWork {
    var work = StepWork()
    work.decodes = sequences
    work.contextTokens = context * Int64(sequences)
    return work
  }

  @Test func aSingleDecodeTakesWhatServersTake() throws {
    let milliseconds = try roofline("llama-2-7b", "a100-80g").duration(of: decode(1, context: 500))
      .milliseconds
    #expect(milliseconds > 9 && milliseconds < 16)
  }

  /// A prompt of 2048 tokens is bound by arithmetic: 2 FLOP per parameter and token.
  @Test func aLongPromptIsBoundByArithmetic() throws {
    var work = StepWork()
    work.promptTokens = 2048
    work.promptPairs = 2048 * 2049 / 2
    let seconds = try roofline("llama-2-7b", "a100-80g").duration(of: work).seconds
    let arithmetic = 2 * 6.6e9 * 2048 / (312e12 * 0.6)
    #expect(seconds > arithmetic && seconds < 1.2 * arithmetic)
  }

  /// More of anything never takes less time, and a better machine never more.
  @Test func moreWorkTakesLonger() throws {
    var random = RandomStream(seed: 1, purpose: "roofline")
    let slow = try roofline("llama-3.1-8b", "a100-80g")
    let fast = try roofline("llama-3.1-8b", "h100")
    for _ in 0..<300 {
      var work = decode(random.index(below: 200), context: Int64(random.index(below: 4000)))
      work.promptTokens = random.index(below: 2000)
      work.promptPairs = Int64(work.promptTokens) * Int64(random.index(below: 3000))
      work.adapters = random.index(below: 20)
      work.adapterBytes = Bytes(work.adapters) * 80 << 20
      work.rankTokens = Int64(random.index(below: 100_000)) * (work.adapters > 0 ? 1 : 0)
      let time = slow.duration(of: work)
      #expect(time >= 1 && fast.duration(of: work) <= time)
      var more = work
      switch random.index(below: 6) {
      case 0: more.decodes += 1
      case 1: more.contextTokens += 1000
      case 2: more.promptTokens += 100
      case 3: more.promptPairs += 10_000
      case 4:
        more.adapters += 1
        more.adapterBytes += 80 << 20
      default: more.rankTokens += more.adapters > 0 ? 10_000 : 0
      }
      #expect(slow.duration(of: more) >= time, "\(work)")
    }
  }

  @Test func theFirstAdapterCostsItsLaunches() throws {
    let roofline = try roofline("llama-2-7b", "a100-80g")
    var work = decode(1)
    let base = roofline.duration(of: work)
    work.adapters = 1
    work.adapterBytes = 76 << 20
    work.rankTokens = 16
    let one = roofline.duration(of: work) - base
    // Punica: about 2 ms a step for 224 projections.
    #expect(one > 1_500_000 && one < 3_000_000)
    work.decodes = 64
    work.adapters = 64
    work.adapterBytes *= 64
    work.rankTokens *= 64
    let many = roofline.duration(of: work) - roofline.duration(of: decode(64))
    #expect(many > one && many < 4 * one)
  }

  /// Kernels that gather take as long for 64 tokens of one adapter as others for 64 adapters; for
  /// prompts they make no difference.
  @Test func gatheringReadsAnAdapterForEachToken() throws {
    let model = try #require(ModelShape.catalogue.first { $0.name == "llama-7b" })
    let accelerator = try #require(Accelerator.catalogue.first { $0.name == "a10g" })
    let targets = ["q_proj", "v_proj"]
    func time(_ work: StepWork, gathers: Bool) -> Nanoseconds {
      Roofline(
        model: model, accelerator: accelerator, targets: targets, gathersAdapters: gathers
      ).duration(of: work)
    }
    let bytes = model.adapterBytes(rank: 64, targets: targets)
    var shared = decode(64, context: 100)
    (shared.adapters, shared.adapterBytes, shared.rankTokens) = (1, bytes, 64 * 64)
    var distinct = shared
    (distinct.adapters, distinct.adapterBytes) = (64, 64 * bytes)
    #expect(time(shared, gathers: true) == time(distinct, gathers: false))
    #expect(time(distinct, gathers: true) == time(distinct, gathers: false))
    #expect(time(shared, gathers: false) < time(distinct, gathers: false))
    shared.promptTokens = 1
    #expect(time(shared, gathers: true) == time(shared, gathers: false))
  }
}

@Suite struct LinkTests {
  @Test func latencyTensorsAndBytesAddUp() {
    let link = Link(bandwidth: 2e9, latency: 1000, perTensor: 10, lanes: 1)
    #expect(link.duration(bytes: 4000, tensors: 7) == 1000 + 70 + 2000)
    #expect(Link(bandwidth: 1e12, latency: 0, lanes: 1).duration(bytes: 0, tensors: 0) == 1)
  }

  /// Agullo et al. (2025) measured 6.4 to 8.1 ms in vLLM, nearly independent of rank.
  @Test func loadsIntoTheDeviceTakeWhatWasMeasured() {
    for rank in [8, 16, 32] as [Bytes] {
      let time = Link.hostToDevice(bandwidth: 52e9)
        .duration(bytes: rank * 5 << 20, tensors: 448)
      #expect(time > 6_000_000 && time < 10_000_000)
    }
  }

  @Test func aModelKnowsTheCostOfEveryHop() {
    let links = [1, 2, 3].map { Link(bandwidth: 1e9, latency: $0 * 100, lanes: 1) }
    let model = ServerModel(cost: LinearCost(base: 1), links: links)
    let adapter = Adapter(
      name: "a", baseModel: "m", rank: 1, targetModules: [], bytes: 1000, tensors: 1)
    let costs = model.loadCosts(of: AdapterCatalogue([adapter, adapter]))
    #expect(costs == [[0, 0], [1100, 1100], [1200, 1200], [1300, 1300]])
  }
}

import Orchestration
import Policies
import Primitives
import Replay
import Simulation
import Workload

/// The figures of Punica's paper that can be predicted, and their predictions from the roofline.
///
/// L. Chen et al., "Punica: Multi-Tenant LoRA Serving", MLSys'24, on an A100 with 80 GB. They are
/// few, and printed as numbers or read off its figures, so they stand here.
public struct PublishedPunica: Sendable {
  private static let device = "a100-80g"
  private static let batch = 32
  /// Bytes of all prompts and outputs of 32 requests, of 2048 tokens at most (`KvPool` in
  /// `bench_textgen_lora.py`).
  private static let kvTokens = 32 * 2048

  /// Figure 8: the LoRA operator on a matrix of 4096 by 4096, in microseconds, for one request, and for
  /// 64 with an adapter each.
  private static let operators = [(8, 42.0, 72.0), (16, 42, 75), (32, 42, 89), (64, 42, 118)]
  /// Figure 11: tokens/s, and those of a backbone without adapters for requests of one kind (vLLM).
  private static let throughputs = [("llama-7b", 1044.0, 1140.0), ("llama-13b", 693, 789)]
  private static let popularities = ["distinct", "uniform", "skewed", "identical"]

  private let requests: Int
  private let accelerator: Accelerator
  private let threads: Int

  /// - Parameters:
  ///   - requests: in each simulated run; the paper has 1,000.
  ///   - threads: runs at a time, at least 1.
  /// - Throws: `PitwallError` (fault) where the catalogue lacks the accelerator.
  public init(requests: Int = 1000, threads: Int) throws {
    guard let found = Accelerator.catalogue.first(where: { $0.name == Self.device }) else {
      throw PitwallError(.fault, "no accelerator \(Self.device)")
    }
    self.requests = requests
    self.threads = threads
    accelerator = found
  }

  /// Predicts everything.
  /// - Throws: `PitwallError`, as simulating does; `CancellationError` where `finished` gives up.
  public func compare(
    finished: @escaping @Sendable () -> Bool = { true }
  ) async throws -> PublishedComparison {
    var comparison = PublishedComparison(
      models: ["roofline"],
      notes: [
        "operator and step: the catalogue's time of a launch was chosen so that the step comes out "
          + "right; the operator was not looked at"
      ])
    comparison.figures = try operatorFigures() + [stepFigure(), layerFigure()]
    let runs = Self.runs
    let predicted = try await mapConcurrently(runs, threads: threads, finished: finished) {
      try throughput(of: $0)
    }
    comparison.figures += zip(runs, predicted).map { run, predicted in
      PublishedFigure(
        group: "generation", setting: "\(run.model), \(run.popularity ?? "no adapters")",
        quantity: "tokens/s", published: run.published, predicted: [predicted])
    }
    for _ in 0..<2 {
      comparison.leaveOut(because: "Llama-2-70B on eight devices: tensor parallelism")
    }
    return comparison
  }

  // MARK: Operators and steps

  /// Time that adapters add to a step in which each of so many sequences gets a token.
  private func loraTime(
    _ model: ModelShape, _ targets: [String], rank: Int, tokens: Int, adapters: Int
  ) -> Nanoseconds {
    let cost = Roofline(model: model, accelerator: accelerator, targets: targets)
    var step = StepWork()
    step.decodes = tokens
    let base = cost.duration(of: step)
    step.adapters = adapters
    step.rankTokens = Int64(tokens * rank)
    step.adapterBytes = Bytes(adapters) * model.adapterBytes(rank: rank, targets: targets)
    return cost.duration(of: step) - base
  }

  private func operatorFigures() throws -> [PublishedFigure] {
    var layer = try shape("llama-7b")
    layer.layers = 1
    return Self.operators.flatMap { rank, one, many in
      [(1, one), (64, many)].map { tokens, published in
        let time = loraTime(layer, ["q_proj"], rank: rank, tokens: tokens, adapters: tokens)
        return PublishedFigure(
          group: "operator", setting: "rank \(rank), batch \(tokens), distinct",
          quantity: "operator us", published: published, predicted: [Double(time) / 1000])
      }
    }
  }

  /// What adapters add to a step of a 7B model from end to end: about 2 ms.
  private func stepFigure() throws -> PublishedFigure {
    let time = loraTime(
      try shape("llama-7b"), ModelShape.allTargets, rank: 16, tokens: Self.batch,
      adapters: Self.batch)
    return PublishedFigure(
      group: "step", setting: "llama-7b, rank 16, batch 32, distinct", quantity: "added ms",
      published: 2, predicted: [time.milliseconds])
  }

  /// Figure 9: by how much a layer takes longer for 32 sequences of 512 tokens than for one, 72 %.
  private func layerFigure() throws -> PublishedFigure {
    var idle = accelerator
    idle.stepOverhead = 0
    var model = try shape("llama-7b")
    model.vocabulary = 0
    let cost = Roofline(model: model, accelerator: idle, targets: ModelShape.allTargets)
    func time(_ sequences: Int) -> Double {
      var step = StepWork()
      step.decodes = sequences
      step.contextTokens = Int64(512 * sequences)
      step.adapters = sequences
      step.rankTokens = Int64(16 * sequences)
      step.adapterBytes =
        Bytes(sequences) * model.adapterBytes(rank: 16, targets: ModelShape.allTargets)
      return Double(cost.duration(of: step))
    }
    return PublishedFigure(
      group: "layer", setting: "llama-7b, 512 tokens, batch 1 to 32", quantity: "growth %",
      published: 72, predicted: [100 * (time(Self.batch) / time(1) - 1)])
  }

  // MARK: Runs

  private struct Run: Sendable {
    var model: String
    /// Nil without adapters.
    var popularity: String?
    var published: Double
  }

  private static var runs: [Run] {
    throughputs.flatMap { model, punica, backbone in
      popularities.map { Run(model: model, popularity: $0, published: punica) }
        + [Run(model: model, popularity: nil, published: backbone)]
    }
  }

  /// Tokens of prompts and outputs over the time that they take, as `bench_textgen_lora.py` counts.
  private func throughput(of run: Run) throws -> Double {
    let parameters = try Parameters(parsing: "punica popularity=\(run.popularity ?? "identical")")
    var trace = try GeneratorRegistry.make(parameters).generate(requests: requests, seed: 1)
    if run.popularity == nil { trace.adapterSet = Column(repeating: 0, count: trace.count) }
    var options = Simulation.Options()
    options.keepsRecords = false
    let scenario = Scenario(
      trace: trace, server: server(try shape(run.model)), strategy: try Strategy(name: "punica"),
      seed: 1, registry: .builtIn)
    let outcome = try scenario.simulate(options: options)
    let tokens = outcome.totals.promptTokens + outcome.totals.outputTokens
    return Double(tokens) / max(outcome.end.seconds, 1e-9)
  }

  /// The benchmark's loop: first come first served into a batch of 32, prompts whole and beside
  /// decoding, every adapter on the device from the start. It takes one prompt a step, this as many
  /// as there is room for: that differs in the first 32 of some 30,000 steps.
  private func server(_ model: ModelShape) -> ServerSpec {
    var server = ServerSpec(model: model, accelerator: accelerator)
    server.adapterMemory = .slots(Self.batch)
    server.maxRank = 16
    server.maxSequences = Self.batch
    server.tokenBudget = Self.kvTokens
    server.chunkedPrefill = false
    server.hostToDevice = Link(bandwidth: 1e18, latency: 0, lanes: Self.batch)
    server.hostBytes = 1 << 50
    server.holdTokens(Self.kvTokens, slotRank: 16)
    return server
  }

  private func shape(_ name: String) throws -> ModelShape {
    guard let model = ModelShape.known(as: name) else {
      throw PitwallError(.fault, "no model \(name)")
    }
    return model
  }
}

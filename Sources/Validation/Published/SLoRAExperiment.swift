import Orchestration
import Policies
import Primitives
import Replay
import Simulation
import Workload

/// How a published S-LoRA experiment was served: setting, device, and room in the token pool.
public struct SLoRAExperiment: Sendable, Equatable {
  /// A base model and the ranks of its adapters (`exp_suite.py`).
  public enum Setting: String, Sendable, CaseIterable {
    case s1 = "S1"
    case s2 = "S2"
    case s4 = "S4"

    var model: String { self == .s4 ? "llama-13b" : "llama-7b" }
    var ranks: [Int] {
      switch self {
      case .s1: [8]
      case .s2: [64, 32, 16, 8]
      case .s4: [64, 32, 16]
      }
    }
  }

  /// The device, by its name in the files of results.
  public enum Device: String, Sendable, CaseIterable {
    case a10g
    case a100Small = "a100-40"
    case a100Large = "a100-80"

    var accelerator: String { self == .a10g ? rawValue : rawValue + "g" }
  }

  /// Base model and ranks.
  public var setting: Setting
  /// What it ran on.
  public var device: Device
  /// The requests.
  public var workload: SLoRAWorkload

  /// Tokens that the pool has room for: `--num-token` in the authors' `exp_cmds*.sh`.
  var poolTokens: Int {
    switch (device, setting) {
    case (.a10g, _): 14_500
    case (.a100Small, _): 14_000
    case (.a100Large, .s4): 65_000
    case (.a100Large, _): 125_000
    }
  }

  /// What a run came to, by the definitions of `get_res_stats` in `run_exp.py`.
  public struct Outcome: Sendable, Equatable {
    /// Finished requests over the time until the last one is, in 1/s.
    public var throughput: Double
    /// Mean time from arrival to last token, in seconds.
    public var latency: Double
    /// Mean time from arrival to first token, in seconds.
    public var firstToken: Double
    /// Share of requests with their first token within 6 s.
    public var attainment: Double

    /// Makes an outcome.
    public init(throughput: Double, latency: Double, firstToken: Double, attainment: Double) {
      self.throughput = throughput
      self.latency = latency
      self.firstToken = firstToken
      self.attainment = attainment
    }
  }

  /// The same requests, served by the model.
  /// - Parameter efficiency: how near the implementation comes to the device's limits; nil for what the
  ///   catalogue assumes of any.
  /// - Throws: `PitwallError`: data where the catalogues lack model or device or the workload makes
  ///   no sense, fault for a broken invariant.
  public func predict(with efficiency: SLoRAEfficiency? = nil) throws -> Outcome {
    let server = try server(efficiency)
    let scenario = Scenario(
      trace: try workload.trace(ranks: setting.ranks), server: server,
      strategy: try Strategy(name: "s-lora"), seed: 1, registry: .builtIn)
    var options = Simulation.Options()
    options.sampleInterval = 60_000_000_000
    let run = try scenario.simulate(options: options)
    return Outcome(run)
  }

  /// The server as `launch_server.py` started it.
  private func server(_ efficiency: SLoRAEfficiency?) throws -> ServerSpec {
    guard let model = ModelShape.known(as: setting.model),
      let accelerator = Accelerator.catalogue.first(where: { $0.name == device.accelerator })
    else { throw PitwallError(.data, "no \(setting.model) or \(device.accelerator)") }
    var server = ServerSpec(
      model: model, accelerator: efficiency?.applied(to: accelerator) ?? accelerator, engine: .sLoRA
    )
    server.targets = ["q_proj", "k_proj", "v_proj", "o_proj"]
    // `api_server.py`: a sixth of the pool, but a whole request at least.
    server.tokenBudget = max(poolTokens / 6, 3072)
    server.holdTokens(poolTokens)
    server.hostBytes = 1 << 50
    return server
  }
}

extension SLoRAExperiment.Outcome {
  private static let objective = SLO(ttft: 6_000_000_000)

  init(_ run: RunOutcome) {
    let finished = run.requests.filter { $0.outcome == .finished }
    func mean(_ time: (RequestRecord) -> Nanoseconds?) -> Double {
      finished.reduce(0) { $0 + (time($1) ?? 0).seconds } / Double(max(1, finished.count))
    }
    let good = run.requests.count { Self.objective.isMet(by: $0) }
    self.init(
      throughput: run.end > 0 ? Double(finished.count) / run.end.seconds : 0,
      latency: mean(\.e2e), firstToken: mean(\.ttft),
      attainment: Double(good) / Double(max(1, run.requests.count)))
  }
}

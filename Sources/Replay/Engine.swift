import Orchestration
import Simulation

/// A serving engine, as values for the settings of a server. Its behaviour is that of the settings: there
/// is no code for any one engine.
public struct Engine: Sendable {
  /// The name in experiment files.
  public let name: String
  /// What it does, in a line.
  public let summary: String
  /// Where the values come from.
  public let source: String
  /// Sets a server's settings to the engine's values.
  public let configure: @Sendable (inout ServerSpec) -> Void

  /// The engine that a text begins with the name of: `vllm-v1 0.8.5`; nil where there is none.
  public static func named(in text: String) -> Engine? {
    catalogue.first { $0.name == text || text.hasPrefix($0.name + " ") }
  }

  /// Gives a server the engine's settings, whatever they were before.
  public func apply(to server: inout ServerSpec) { configure(&server) }

  /// The engines that an experiment can name.
  public static let catalogue = [vllmV1, vllmV0, sglang, lorax, sLoRA]

  /// What `vllm serve` does unless told otherwise. Large devices have larger limits
  /// (`EngineArgs._set_default_args_v1`).
  static let vllmV1 = Engine(
    name: "vllm-v1",
    summary: "prompts in pieces beside decoding; adapters copied inside the step, in a set's order",
    source: "vLLM 0.8.5: vllm/v1/core/sched/scheduler.py, vllm/lora/worker_manager.py"
  ) { server in
    let isLarge = server.accelerator.memory >= 70 << 30
    server.loading = .inStep
    server.activation = .setOrder
    server.tokenBudget = isLarge ? 8192 : 2048
    server.maxSequences = isLarge ? 1024 : 256
    server.chunkedPrefill = true
    server.batching = .mixed
    server.kvBlockTokens = 16
    server.memoryUtilization = 0.9
  }

  /// Without chunked prefill a step must be able to hold the longest prompt.
  public static let vllmV0 = Engine(
    name: "vllm-v0",
    summary: "prompts whole and before decoding; adapters copied inside the step, in a set's order",
    source: "vLLM 0.5.0: vllm/core/scheduler.py, vllm/core/block_manager_v1.py, vllm/config.py"
  ) { server in
    server.loading = .inStep
    server.activation = .setOrder
    server.tokenBudget = max(2048, server.model.maxContext)
    server.maxSequences = 256
    server.chunkedPrefill = false
    server.batching = .separate
    server.watermark = 0.01
    server.needsSpareBlock = true
    server.preemption = .latestArrival
    server.blocksFirst = true
    server.kvBlockTokens = 16
    server.memoryUtilization = 0.9
  }

  /// SGLang without overlap loading. A prompt starts when there is room for all of it; SGLang's own
  /// estimate of what running requests will still need, and its retraction of requests when that proves
  /// too low, are not here: decoding sequences that find no room are preempted newest first.
  static let sglang = Engine(
    name: "sglang",
    summary:
      "prompts in pieces and before decoding; adapters copied inside the step, none of it dropped",
    source: "SGLang 0.5: python/sglang/srt/managers/schedule_policy.py, srt/lora/mem_pool.py"
  ) { server in
    server.loading = .inStep
    server.activation = .protected
    server.tokenBudget = 8192
    server.chunkedPrefill = true
    server.batching = .separate
    server.kvBlockTokens = 1
  }

  /// LoRAX as it starts, without chunked prefill. Clients say how much output they want
  /// (`max_new_tokens`), and blocks for all of it are set aside when a request starts; the token budget
  /// is for prompts (`--max-batch-prefill-tokens`), and between two batches of prompts everybody decodes
  /// once. A tenth of the device's memory is for adapters (`ADAPTER_MEMORY_FRACTION`).
  ///
  /// Not as in LoRAX: it refuses requests beyond 128 at a time, here those wait
  /// (`client: {max-in-flight: 128}` has clients not send them); it lets prompts wait for 20 tokens while
  /// they are fewer than 0.3 of the running requests (`--waiting-served-ratio`); and one task downloads,
  /// loads and offloads adapters one at a time, here each link has its own lanes, downloads begin with
  /// the next step, not on arrival, and an adapter that comes from disk goes on from host memory to the
  /// device only with the next step. Adapters merged for a request are loaded each for itself.
  static let lorax = Engine(
    name: "lorax",
    summary: "adapters take turns in a share of memory, loaded while others run; prompts whole",
    source: "LoRAX (predibase/lorax a7394ba): router/src/queue.rs, scheduler.rs, infer.rs, main.rs"
  ) { server in
    server.adapterMemory = .share(0.1)
    server.scheduling = "active-set"
    server.loading = .overlapped
    server.maxSequences = 128
    server.tokenBudget = 4096
    server.chunkedPrefill = false
    server.batching = .separate
    server.decodeStreak = 1
    server.admission = .whole
    server.declaresOutput = true
    server.kvBlockTokens = 16
  }

  /// S-LoRA as it starts without `--prefetch`. Clients say how much output they want (its benchmark
  /// wants exactly what it gets). The token budget is for prompts (`--batch-max-tokens`).
  public static let sLoRA = Engine(
    name: "s-lora",
    summary:
      "one pool for adapters and KV cache; prompts every ten decoding steps; no idle adapters",
    source: "S-LoRA, Sheng et al., MLSys'24: slora/server/router/manager.py and req_queue.py"
  ) { server in
    server.adapterMemory = .pool
    server.loading = .inStep
    server.activation = .protected
    server.keepsIdleAdapters = false
    server.maxSequences = 1000
    server.tokenBudget = 4096
    server.chunkedPrefill = false
    server.batching = .separate
    server.decodeStreak = 10
    server.admission = .peak
    server.declaresOutput = true
    server.gathersAdapters = true
    server.kvBlockTokens = 1
  }
}

import Primitives

/// The process between clients and the engine: it takes requests in, passes every token on, and
/// prints metrics for whoever asks, all in one thread.
///
/// vLLM's API server is one (`vllm/entrypoints/openai/api_server.py`, `vllm/v1/engine/async_llm.py`).
/// The engine runs beside it and does not wait for it, so that it costs no throughput; but a client's
/// time to first token contains what the thread has to do before the request can go in and before the
/// token can come out.
public struct FrontendModel: Sendable, Equatable {
  /// From the arrival of a request at an idle thread until the engine has it: parsing, tokenizing.
  public var ingress: Nanoseconds
  /// From when the thread has passed a token on until the client has it.
  public var egress: Nanoseconds
  /// What the thread does for each token: detokenizing, writing to the connection.
  public var perToken: Nanoseconds
  /// What it does for each combination of adapters when it is asked for metrics.
  ///
  /// vLLM's gauge `vllm:lora_requests_info` has the names of the adapters that run and that wait as
  /// its labels: each combination that has ever been seen after a step is one more line in every
  /// answer from then on, as long as its names. In an hour with a hundred adapters it makes some
  /// 30,000 of them, and half a second for each answer.
  public var perCombination: Nanoseconds
  /// And for each name in one.
  public var perName: Nanoseconds

  /// Makes a frontend.
  public init(
    ingress: Nanoseconds, egress: Nanoseconds, perToken: Nanoseconds,
    perCombination: Nanoseconds = 0, perName: Nanoseconds = 0
  ) {
    self.ingress = ingress
    self.egress = egress
    self.perToken = perToken
    self.perCombination = perCombination
    self.perName = perName
  }
}

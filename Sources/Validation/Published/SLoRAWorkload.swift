import Primitives
import Workload

/// The requests of a published S-LoRA experiment: those that its client sent, not others like them.
///
/// `generate_requests` in `benchmarks/trace.py` of the repository of Y. Sheng et al., "S-LoRA:
/// Serving Thousands of Concurrent LoRA Adapters", MLSys'24. The generator `s-lora` follows the same
/// law with streams of its own; here luck counts, since with bursty arrivals the last of 600
/// requests comes after 120 s or after 430.
public struct SLoRAWorkload: Sendable, Equatable {
  /// Adapters; 0 for the base model alone.
  public var adapters: Int
  /// Exponent of the law by which adapters are chosen; at 1 all are equally likely.
  public var alpha: Double
  /// Requests in 1/s.
  public var rate: Double
  /// Coefficient of variation of the gaps between arrivals.
  public var cv: Double
  /// How long requests come on average, in seconds.
  public var duration: Double
  /// Prompt tokens.
  public var prompt: Range<Int>
  /// Output tokens.
  public var output: Range<Int>

  /// The seed that `run_exp.py` has unless told otherwise.
  private static let seed: UInt32 = 42

  /// How many requests there are.
  public var requests: Int { Int(rate * duration) }

  /// The requests, with ranks dealt round robin to the adapters.
  /// - Throws: `PitwallError` (data) where arrivals go beyond the range of times.
  public func trace(ranks: [Int]) throws -> Trace {
    // numpy fills an array at a time, so the order of these is part of the workload.
    var random = NumpyRandom(seed: Self.seed)
    let choices = (0..<requests).map { _ in Int(random.power(alpha) * Double(max(adapters, 1))) }
    let prompts = (0..<requests).map { _ in random.integer(in: prompt) }
    let outputs = (0..<requests).map { _ in random.integer(in: output) }
    let gaps = (0..<requests).map { _ in
      random.gamma(shape: 1 / (cv * cv)) * (cv * cv / rate)
    }
    var builder = TraceBuilder(name: "s-lora")
    let sets = (0..<adapters).map { builder.internSingle("adapter-\($0)") }
    for index in sets.indices { builder.adapters[index].rank = Int32(ranks[index % ranks.count]) }
    var time = 0.0
    for index in 0..<requests {
      time += gaps[index]
      var row = TraceBuilder.Row(arrival: Nanoseconds(seconds: time))
      // A draw that rounds to 1 has no adapter in the original, which stops there.
      if adapters > 0 { row.adapterSet = sets[min(choices[index], adapters - 1)] }
      row.promptTokens = Int32(prompts[index])
      row.outputTokens = Int32(outputs[index])
      row.session = Int32(index)
      builder.append(row)
    }
    return try builder.finish(keepingOrigin: true)
  }
}

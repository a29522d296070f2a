import Foundation
import Primitives
import Replay
import Workload

/// What a run of a workload tells about the lengths of its requests.
public struct MeasuredLengths: Sendable, Equatable {
  /// Mean tokens of the prompts that the client drew from.
  public var promptMean: Double
  /// Mean tokens at which the outputs that it drew from are cut off.
  public var outputMean: Double
  /// Requests completed.
  public var completed: Double
  /// Of these, ended before they were cut off.
  public var stopped: Double
  /// Output tokens of all that were completed.
  public var outputTokens: Double
  /// Tokens in the KV cache for each running sequence, on average over the run; nil where too few
  /// run to tell, or where preemptions disturb the picture.
  public var context: Double?

  /// The columns that a file must have.
  public static let columns = [
    "model", "status", "regime", "pool_mean_in_tok", "pool_mean_out_tok", "completed",
    "finished_by_eos", "total_output_tokens", "running_mean", "kv_usage_mean", "kv_tokens",
    "preemptions",
  ]

  /// Reads a row; nil for a run that failed, or that left requests unserved: those that it served
  /// are not like those that came.
  /// - Throws: `PitwallError` (data).
  public init?(_ row: CSVTable.Row) throws {
    let served = ["unloaded", "slot_queueing"].contains(row.text("regime"))
    guard row.text("status") == "ok", served else { return nil }
    func value(_ column: String) throws -> Double {
      try row.required(column, row.number(column, in: 0...1e15))
    }
    promptMean = try value("pool_mean_in_tok")
    outputMean = try value("pool_mean_out_tok")
    completed = try value("completed")
    stopped = try value("finished_by_eos")
    outputTokens = try value("total_output_tokens")
    guard let running = try row.number("running_mean", in: 0...1e9), running >= 20,
      try row.number("preemptions", in: 0...1e12) == 0,
      let usage = try row.number("kv_usage_mean", in: 0...1)
    else { return }
    context = try usage * value("kv_tokens") / running
  }
}

extension Profile.Lengths {
  /// The columns that a file of histograms must have.
  public static let histogramColumns = ["which", "lo_tok", "hi_tok", "frac"]

  /// Fits how prompts and outputs hang together to the tokens that running sequences held.
  ///
  /// A sequence runs for as many steps as its output is long, and holds its prompt and half of its
  /// output meanwhile: where long prompts have short outputs, fewer tokens are held than the two
  /// means would make one expect.
  /// - Parameters:
  ///   - histograms: a table with ``histogramColumns``: of `prompt` and of `output` lengths.
  ///   - runs: runs with these lengths.
  ///   - blockTokens: tokens in a KV block, of which sequences hold whole ones.
  /// - Throws: `PitwallError` (data) for a malformed table, or without a run.
  public static func fitted(
    histograms: CSVTable, runs: [MeasuredLengths], blockTokens: Int = 16
  ) throws -> Profile.Lengths {
    let completed = runs.reduce(0) { $0 + $1.completed }
    guard completed > 0 else {
      throw PitwallError(.data, "no run that served its requests tells their lengths")
    }
    func mean(_ value: (MeasuredLengths) -> Double) -> Double {
      runs.reduce(0) { $0 + value($1) * $1.completed } / completed
    }
    let outputMean = mean(\.outputMean)
    let stopShare = runs.reduce(0) { $0 + $1.stopped } / completed
    let missing = 1 - runs.reduce(0) { $0 + $1.outputTokens } / (outputMean * completed)
    let ratio = stopShare > 0 ? min(max(0, 1 - missing / stopShare), 1) : 1
    var lengths = Profile.Lengths(
      prompt: try bins("prompt", of: histograms), output: try bins("output", of: histograms),
      promptMean: mean(\.promptMean).rounded(digits: 6), outputMean: outputMean.rounded(digits: 6),
      correlation: 0, stopShare: min(stopShare, 1).rounded(digits: 4),
      stoppedOutputRatio: ratio.rounded(digits: 4))
    let contexts = runs.compactMap { run in run.context.map { ($0, run.completed) } }
    if let context = weightedMedian(contexts) {
      // The last block is half empty, on average.
      let held = context - Double(blockTokens - 1) / 2
      lengths.correlation = lengths.correlation(holding: held)
    }
    return lengths
  }

  private static func bins(_ which: String, of table: CSVTable) throws -> [Bin] {
    var bins: [Bin] = []
    for row in table.rows where row.text("which") == which {
      let tokens = 0.0...1e9
      let low = try row.required("lo_tok", row.number("lo_tok", in: tokens))
      let high = try row.required("hi_tok", row.number("hi_tok", in: tokens))
      let share = try row.required("frac", row.number("frac", in: 0...1))
      guard low < high, low >= bins.last?.high ?? 0 else {
        throw row.failure("lo_tok", "bins must rise")
      }
      bins.append(Bin(low: low, high: high, share: share))
    }
    guard bins.contains(where: { $0.share > 0 }) else {
      throw PitwallError.data(table.file, "no histogram of \"\(which)\" lengths")
    }
    return bins
  }
}

extension Profile.Lengths {
  /// The correlation at which running sequences hold so many tokens; the nearest bound where none
  /// does. More correlation means more tokens, so bisection finds it.
  func correlation(holding context: Double) -> Double {
    var (low, high) = (-0.99, 0.99)
    for _ in 0..<20 {
      let middle = (low + high) / 2
      if meanContext(correlation: middle) < context { low = middle } else { high = middle }
    }
    return ((low + high) / 2 * 1000).rounded() / 1000
  }

  /// Mean tokens that a running sequence holds, over all steps: E[o (p + o / 2)] / E[o], with the
  /// outputs that stop early as long as they come out.
  func meanContext(correlation: Double) -> Double {
    let steps = (-60...60).map { Double($0) / 10 }
    let weights = steps.map { exp(-$0 * $0 / 2) }
    let prompts = Marginal(prompt, mean: promptMean)
    let outputs = Marginal(output, mean: outputMean)
    let own = (1 - correlation * correlation).squareRoot()
    var (sum, product, square) = (0.0, 0.0, 0.0)
    for (first, firstWeight) in zip(steps, weights) {
      let prompt = prompts.value(at: first)
      for (second, secondWeight) in zip(steps, weights) {
        let output = outputs.value(at: correlation * first + own * second)
        let weight = firstWeight * secondWeight
        sum += weight * output
        product += weight * output * prompt
        square += weight * output * output
      }
    }
    let ratio = stoppedOutputRatio
    let whole = 1 - stopShare + stopShare * ratio
    return (whole * product + (1 - stopShare + stopShare * ratio * ratio) * square / 2)
      / (whole * sum)
  }

  /// A histogram, scaled to a mean, as the inverse of its distribution function.
  private struct Marginal {
    private let bins: [Bin]
    private let scale: Double
    private let total: Double

    init(_ bins: [Bin], mean: Double) {
      self.bins = bins.filter { $0.share > 0 }
      total = bins.reduce(0) { $0 + $1.share }
      let own = bins.reduce(0) { $0 + $1.share * ($1.low + $1.high) / 2 } / total
      scale = mean / own
    }

    /// The value at a standard normal number.
    func value(at z: Double) -> Double {
      var left = 0.5 * erfc(-z / 2.0.squareRoot()) * total
      for bin in bins {
        if left <= bin.share {
          return scale * (bin.low + (bin.high - bin.low) * left / bin.share)
        }
        left -= bin.share
      }
      return scale * (bins.last?.high ?? 0)
    }
  }
}

import Foundation
import Primitives
import Workload

/// The prompts that a load generator draws from, each with the length at which its output is cut
/// off. A client makes such a pool before it starts, and draws from it with replacement.
public struct LengthPool: Sendable {
  /// What a client keeps of a data set, as vLLM's `benchmark_serving` does with ShareGPT.
  static let least = 4
  private static let longestPrompt = 1024
  private static let longestRequest = 2048

  /// Enough for the law of lengths to be that of the model, and little enough to stay in a cache.
  private static let drawn = 1 << 15

  /// A prompt, and the length at which its output is cut off, in tokens.
  struct Entry: Sendable, Equatable {
    var prompt: Int32
    var output: Int32
  }

  let entries: [Entry]
  private let stopShare: Double
  /// Of what it was asked for, the least and the most that an output that ends early has.
  private let stoppedShares: ClosedRange<Double>

  /// Draws a pool whose mean lengths are those given, or the model's where none are given.
  ///
  /// Scaling changes what the filter leaves, and the filter changes the means: the scales are found
  /// by iteration.
  /// - Throws: `PitwallError` (data) where the filter leaves no pool with these means.
  public init(
    _ model: ClientLengths, promptMean: Double? = nil, outputMean: Double? = nil, seed: UInt64
  ) throws {
    let wanted = (prompt: promptMean ?? model.promptMean, output: outputMean ?? model.outputMean)
    let shapes = LengthPool.draw(model, seed: seed)
    var scale = (prompt: 1.0, output: 1.0)
    for _ in 0..<100 {
      let entries = LengthPool.filtered(shapes, scale)
      let mean = LengthPool.means(of: entries)
      let ratio = (prompt: wanted.prompt / mean.prompt, output: wanted.output / mean.output)
      if abs(ratio.prompt - 1) < LengthPool.tolerance, abs(ratio.output - 1) < LengthPool.tolerance
      {
        self.entries = entries
        stopShare = model.stopShare
        let ratio = min(max(model.stoppedOutputRatio, 0), 1)
        stoppedShares = max(0, 2 * ratio - 1)...min(1, 2 * ratio)
        return
      }
      guard ratio.prompt.isFinite, ratio.output.isFinite else { break }
      scale = (scale.prompt * ratio.prompt, scale.output * ratio.output)
    }
    throw PitwallError(
      .data,
      "prompts of \(wanted.prompt) and outputs of \(wanted.output) tokens on average cannot be had "
        + "where a prompt has at most \(LengthPool.longestPrompt), both together at most "
        + "\(LengthPool.longestRequest), and each at least \(LengthPool.least)")
  }

  /// Less than what drawing from the pool adds to the mean of a run of thirty million requests.
  private static let tolerance = 2e-4

  /// The prompt tokens and the output's limit of one draw.
  func draw(_ random: inout RandomStream) -> Entry {
    entries[Int(random.next().multipliedFullWidth(by: UInt64(entries.count)).high)]
  }

  /// How many tokens an output has that is cut off at a limit.
  func produced(limit: Int32, _ random: inout RandomStream) -> Int32 {
    guard stopShare > 0, random.uniform() < stopShare else { return limit }
    let width = stoppedShares.upperBound - stoppedShares.lowerBound
    let share = stoppedShares.lowerBound + random.uniform() * width
    return max(1, Int32((share * Double(limit)).rounded()))
  }

  /// Pairs of lengths before scaling: the quantiles that belong to the ranks of correlated normal
  /// numbers. Each quantile occurs once, so that both distributions are met without noise.
  ///
  /// R. L. Iman and W. J. Conover, "A distribution-free approach to inducing rank correlation among
  /// input variables", Communications in Statistics B11(3), 1982.
  private static func draw(_ model: ClientLengths, seed: UInt64) -> [(Double, Double)] {
    var random = RandomStream(seed: seed, purpose: "client.pool")
    let own = (1 - model.correlation * model.correlation).squareRoot()
    let normals = (0..<drawn).map { _ in
      let first = random.normal()
      return (first, model.correlation * first + own * random.normal())
    }
    let prompts = quantiles(model.prompt, ranking: normals.map(\.0))
    return Array(zip(prompts, quantiles(model.output, ranking: normals.map(\.1))))
  }

  private static func quantiles(_ table: QuantileTable, ranking keys: [Double]) -> [Double] {
    var values = [Double](repeating: 0, count: keys.count)
    let order = keys.indices.sorted { keys[$0] < keys[$1] }
    for (rank, index) in order.enumerated() {
      values[index] = table.value(at: (Double(rank) + 0.5) / Double(keys.count))
    }
    return values
  }

  private static func filtered(
    _ shapes: [(Double, Double)], _ scale: (prompt: Double, output: Double)
  ) -> [Entry] {
    func tokens(_ length: Double) -> Int { Int(min(length, 1e6).rounded()) }
    return shapes.compactMap { shape in
      let prompt = tokens(shape.0 * scale.prompt)
      let output = tokens(shape.1 * scale.output)
      guard prompt >= least, output >= least, prompt <= longestPrompt,
        prompt + output <= longestRequest
      else { return nil }
      return Entry(prompt: Int32(prompt), output: Int32(output))
    }
  }

  /// Not numbers where there are no entries.
  private static func means(of entries: [Entry]) -> (prompt: Double, output: Double) {
    var prompt = 0
    var output = 0
    for entry in entries {
      prompt += Int(entry.prompt)
      output += Int(entry.output)
    }
    return (Double(prompt) / Double(entries.count), Double(output) / Double(entries.count))
  }
}

import Foundation
import Primitives
import Workload

/// How long the requests of a load generator are: prompts drawn from a data set, each with the
/// length at which its output is cut off.
///
/// Both lengths have a given distribution, scaled to the means of the run; a Gaussian copula joins
/// them. A few outputs end early, when the model has no more to say.
public struct ClientLengths: Sendable, Equatable {
  /// The shape of the prompts' lengths, in tokens.
  public var prompt: QuantileTable
  /// The shape of the lengths at which outputs are cut off, in tokens.
  public var output: QuantileTable
  /// Correlation of the normal numbers behind both. In conversations it is below 0: who pastes a
  /// text of a thousand tokens gets a short answer.
  public var correlation: Double
  /// Mean prompt where a run does not say, in tokens.
  public var promptMean: Double
  /// Mean length at which outputs are cut off where a run does not say, in tokens.
  public var outputMean: Double
  /// Share of requests whose output ends before it is cut off.
  public var stopShare: Double
  /// How long the output of these is on average, as a share of where it would have been cut off.
  public var stoppedOutputRatio: Double

  /// Makes a model of lengths.
  public init(
    prompt: QuantileTable, output: QuantileTable, correlation: Double, promptMean: Double,
    outputMean: Double, stopShare: Double = 0, stoppedOutputRatio: Double = 1
  ) {
    self.prompt = prompt
    self.output = output
    self.correlation = correlation
    self.promptMean = promptMean
    self.outputMean = outputMean
    self.stopShare = stopShare
    self.stoppedOutputRatio = stoppedOutputRatio
  }

  /// Requests that are all alike.
  /// - Returns: nil where a length is not at least ``LengthPool/least``.
  public static func constant(prompt: Double, output: Double) -> ClientLengths? {
    guard let prompts = QuantileTable([(0, prompt), (1, prompt)]),
      let outputs = QuantileTable([(0, output), (1, output)]),
      min(prompt, output) >= Double(LengthPool.least)
    else { return nil }
    return ClientLengths(
      prompt: prompts, output: outputs, correlation: 0, promptMean: prompt, outputMean: output)
  }
}

extension QuantileTable {
  /// A distribution that is uniform within each bin of a histogram. An empty bin is joined to the
  /// next that is not.
  /// - Parameter bins: by rising place; shares need not add up to 1.
  /// - Returns: nil where bins overlap, a share is negative, or all are empty.
  public init?(bins: [(low: Double, high: Double, share: Double)]) {
    let isOrdered =
      bins.allSatisfy { $0.low < $0.high && $0.share >= 0 }
      && zip(bins, bins.dropFirst()).allSatisfy { $0.high <= $1.low + 1e-9 }
    let full = bins.filter { $0.share > 0 }
    let total = full.reduce(0) { $0 + $1.share }
    guard isOrdered, let first = full.first, total.isFinite else { return nil }
    var below = 0.0
    var points = [(probability: 0.0, value: first.low)]
    for bin in full {
      below += bin.share
      points.append((below / total, bin.high))
    }
    points[points.count - 1].probability = 1
    self.init(points)
  }
}

import Replay
import Results
import Simulation

extension Profile {
  /// Share of the cache from which on it is what limits how many requests run.
  private static let fullCache = 0.8
  /// How far a capacity goes at once, as a factor.
  private static let capacityStride = 1.5

  /// The profile with the room in the KV cache that runs point to: a server whose cache is full
  /// serves about as much more as the square root of its room, since a larger batch takes longer
  /// steps. So the room is larger than was thought by the square of what was served of what was
  /// predicted. The median over the runs of each number of slots.
  ///
  /// How many requests run at once would tell it more directly, but servers whose requests are all
  /// of one length were seen to hold fewer at a time than their throughput and gaps between tokens
  /// leave room for.
  func findingCapacities(_ runs: [ValidatedRun]) -> Profile {
    with(
      models.map { model in
        let own = runs.filter { ModelShape.known(as: $0.model)?.name == model.name }
        var model = model
        let findings = Set(own.map(\.slots)).sorted().compactMap { slots in
          model.kv.finding(own.filter { $0.slots == slots })
        }
        for finding in findings {
          model.kv.findings.removeAll { $0.slots == finding.slots }
          model.kv.findings.append(finding)
        }
        model.kv.findings.sort { $0.slots < $1.slots }
        return model.starting(own)
      })
  }

  /// What one run says its capacity is of that which was assumed, bounded; nil where it was not full.
  fileprivate static func correction(_ run: ValidatedRun) -> Double? {
    guard let usage = run.predicted[.kvUsage], usage >= fullCache,
      let measured = run.measured[.totalThroughput],
      let predicted = run.predicted[.totalThroughput],
      measured > 0, predicted > 0
    else { return nil }
    let served = measured / predicted
    return min(max(served * served, 1 / capacityStride), capacityStride)
  }
}

extension KVCapacity {
  /// Fewest full runs that say something.
  private static let fewest = 2

  /// What runs with equally many slots point to; nil where too few of them filled the cache.
  fileprivate func finding(_ runs: [ValidatedRun]) -> Finding? {
    guard let run = runs.first, run.slots > 0 else { return nil }
    let corrections = runs.compactMap(Profile.correction).sorted()
    guard corrections.count >= KVCapacity.fewest,
      let median = Quantile.of(sorted: corrections, 0.5)
    else { return nil }
    let now = Double(tokens(slots: run.slots, rank: run.slotRank))
    return Finding(slots: run.slots, tokens: (now * median).rounded(digits: 4))
  }
}

import Orchestration
import Primitives

extension Occupancy {
  /// Means over a run's samples, for worlds that measure no better. Each replica keeps its last
  /// sample's values until its next one, or the end of the run; values are summed over replicas.
  ///
  /// Nil where the time from the first sample to the end has no length.
  init?(_ samples: [Sample], end: Nanoseconds) {
    let count = Int(samples.lazy.map(\.replica).max() ?? -1) + 1
    let length = Double(end - (samples.first?.at ?? end))
    guard length > 0 else { return nil }
    self.init(
      waiting: 0, running: 0, kvBytes: 0, adapterBytes: 0, deepestQueue: 0, replicas: count)
    var latest = [Sample?](repeating: nil, count: count)
    var queue: Int64 = 0
    for (index, sample) in samples.enumerated() where sample.replica >= 0 {
      let replica = Int(sample.replica)
      if let previous = latest[replica] {
        add(previous, share: Double(max(0, sample.at - previous.at)) / length)
        queue -= Int64(previous.waiting)
      }
      latest[replica] = sample
      queue += Int64(sample.waiting)
      // Samples of several replicas at one instant count together.
      let isLastOfInstant = index + 1 == samples.count || samples[index + 1].at > sample.at
      if isLastOfInstant { deepestQueue = max(deepestQueue, queue) }
    }
    for sample in latest.compactMap({ $0 }) {
      add(sample, share: Double(max(0, end - sample.at)) / length)
    }
  }

  private mutating func add(_ sample: Sample, share: Double) {
    waiting += Double(sample.waiting) * share
    running += Double(sample.running) * share
    kvBytes += Double(sample.kvBytes) * share
    adapterBytes += Double(sample.adapterBytes) * share
  }
}

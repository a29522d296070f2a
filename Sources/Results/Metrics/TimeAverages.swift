import Orchestration
import Primitives

/// Means over time of a run's samples. Each replica keeps its last sample's values until its next
/// one, or the end of the run; values are summed over replicas.
struct TimeAverages {
  /// Values at an instant, or their means.
  struct Values {
    var waiting = 0.0
    var running = 0.0
    var kvBytes = 0.0
    var adapterBytes = 0.0
  }

  /// Means over the time from the first sample to the end; nil where that has no length.
  let mean: Values?
  /// The most requests that were waiting at any sample.
  let deepestQueue: Int64
  /// Replicas that samples tell of.
  let replicas: Int

  init(_ samples: [Sample], end: Nanoseconds) {
    let count = Int(samples.lazy.map(\.replica).max() ?? -1) + 1
    var latest = [Sample?](repeating: nil, count: count)
    var waiting: Int64 = 0
    var deepest: Int64 = 0
    var total = Values()
    for (index, sample) in samples.enumerated() where sample.replica >= 0 {
      let replica = Int(sample.replica)
      if let previous = latest[replica] {
        total.add(previous, for: sample.at - previous.at)
        waiting -= Int64(previous.waiting)
      }
      latest[replica] = sample
      waiting += Int64(sample.waiting)
      // Samples of several replicas at one instant count together.
      let isLastOfInstant = index + 1 == samples.count || samples[index + 1].at > sample.at
      if isLastOfInstant { deepest = max(deepest, waiting) }
    }
    for sample in latest.compactMap({ $0 }) { total.add(sample, for: end - sample.at) }
    replicas = count
    deepestQueue = deepest
    let length = Double(end - (samples.first?.at ?? end))
    mean = length > 0 ? total.divided(by: length) : nil
  }
}

extension TimeAverages.Values {
  fileprivate mutating func add(_ sample: Sample, for duration: Nanoseconds) {
    let duration = Double(max(0, duration))
    waiting += Double(sample.waiting) * duration
    running += Double(sample.running) * duration
    kvBytes += Double(sample.kvBytes) * duration
    adapterBytes += Double(sample.adapterBytes) * duration
  }

  fileprivate func divided(by length: Double) -> TimeAverages.Values {
    TimeAverages.Values(
      waiting: waiting / length, running: running / length, kvBytes: kvBytes / length,
      adapterBytes: adapterBytes / length)
  }
}

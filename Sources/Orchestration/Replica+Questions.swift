import BasicContainers
import Histogram
import Primitives

// What the world, a router and a report may ask.
extension Replica {
  /// Steps ended so far in which decoding went on; a sequence that joined at step j has produced one more token at each since.
  public var stepCount: Int64 { kv.step }
  /// What ``stepCount`` will be when the step that runs has ended: steps in which decoding sequences
  /// pause are not counted.
  public var nextStepCount: Int64 { pausesDecodes ? kv.step : kv.step + 1 }
  /// The request that a sequence serves.
  public func request(of slot: Int32) -> Int32 { sequences[Int(slot)].record.request }
  /// Output tokens that a sequence has produced.
  public func produced(by slot: Int32) -> Int32 { sequences[Int(slot)].produced(at: kv.step) }
  /// The step count at which a sequence began to decode, or -1 if it does not decode.
  public func joined(_ slot: Int32) -> Int64 { sequences[Int(slot)].joined }
  /// Whether nothing waits and nothing runs.
  public var isEmpty: Bool { queue.count == 0 && running.count == 0 }
  /// The running sequences, in the order in which they started.
  public var runningSlots: [Int32] {
    var slots: [Int32] = []
    var slot = running.last
    while slot != IndexList.none {
      slots.append(slot)
      slot = running.newer(than: slot)
    }
    return slots
  }

  /// Takes the decisions made since the last call, in order.
  public mutating func takeDecisions(_ body: (Decision) -> Void) {
    for decision in residency.outbox { body(decision) }
    residency.outbox.removeAll(keepingCapacity: true)
  }

  /// Takes the records of requests that have ended since the last call.
  public mutating func takeEnded(_ body: (RequestRecord) -> Void) {
    for record in ended { body(record) }
    ended.removeAll(keepingCapacity: true)
  }

  /// The state as a point of a time series.
  public func sample(at time: Nanoseconds) -> Sample {
    Sample(
      at: time, replica: index, waiting: Int32(queue.count), running: Int32(running.count),
      kvBytes: kv.usedBytes, adapterBytes: residency.deviceBytes,
      residentAdapters: Int32(residency.deviceCount), references: residency.counters.references,
      hits: residency.counters.found[Int(Tier.device.rawValue)])
  }

  /// Everything counted so far.
  public var totals: Counters {
    var sum = counters
    sum.add(residency.counters)
    return sum
  }

  /// The stretches of time that adapters spent on the device.
  public var spans: [ResidencySpan] { residency.spans }

  /// Gaps between tokens and how often each occurred, by rising gap, to three digits.
  public var tokenGaps: [(gap: Nanoseconds, count: Int64)] {
    gaps.recordedValues().map { (Nanoseconds($0.value), Int64($0.count)) }
  }

  /// The load as a router sees it for a request.
  func load(for set: AdapterSetID) -> ReplicaLoad {
    var near = 0
    var farthest = Tier.device
    for adapter in sets.members(set) {
      let tier = residency.tier(of: adapter)
      if tier == .device || residency.isMoving(adapter) { near += 1 }
      farthest = min(farthest, tier)
    }
    return ReplicaLoad(
      waiting: queue.count, running: running.count, near: near, farthest: farthest)
  }
}

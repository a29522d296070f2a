import Orchestration
import Primitives

/// Integrates the replicas' occupancy over time, exactly: points of a time series cannot stand in
/// for it, since a trace whose arrivals tick in whole seconds would be looked at in step.
package struct OccupancyMeter {
  private struct Areas {
    var waiting: Int128 = 0
    var running: Int128 = 0
    var kvBytes: Int128 = 0
    var adapterBytes: Int128 = 0
  }

  private var areas = Areas()
  /// The state of each replica since it last changed.
  private var latest: [Sample]
  private var waiting: Int64 = 0
  private var deepestQueue: Int64 = 0

  /// Replicas that are empty at time 0.
  package init(replicas: Int) {
    latest = (0..<replicas).map {
      Sample(
        at: 0, replica: Int16($0), waiting: 0, running: 0, kvBytes: 0, adapterBytes: 0,
        residentAdapters: 0, references: 0, hits: 0)
    }
  }

  /// A replica's state from now on.
  package mutating func note(_ state: Sample) {
    let replica = Int(state.replica)
    waiting += Int64(state.waiting) - Int64(latest[replica].waiting)
    deepestQueue = max(deepestQueue, waiting)
    pass(to: state.at, on: replica)
    latest[replica] = state
  }

  private mutating func pass(to time: Nanoseconds, on replica: Int) {
    let state = latest[replica]
    let length = Int128(time - state.at)
    areas.waiting += Int128(state.waiting) * length
    areas.running += Int128(state.running) * length
    areas.kvBytes += Int128(state.kvBytes) * length
    areas.adapterBytes += Int128(state.adapterBytes) * length
  }

  /// What was measured from time 0 to the end; nil where that has no length.
  package func occupancy(until end: Nanoseconds) -> Occupancy? {
    guard end > 0 else { return nil }
    var whole = self
    for replica in latest.indices { whole.pass(to: end, on: replica) }
    func mean(_ area: Int128) -> Double { Double(area) / Double(end) }
    return Occupancy(
      waiting: mean(whole.areas.waiting), running: mean(whole.areas.running),
      kvBytes: mean(whole.areas.kvBytes), adapterBytes: mean(whole.areas.adapterBytes),
      deepestQueue: deepestQueue, replicas: latest.count)
  }
}

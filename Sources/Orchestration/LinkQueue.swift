/// The adapters that wait for a link, and those on it. Demand goes before prefetch.
struct LinkQueue {
  /// Transfers at once.
  let lanes: Int
  private(set) var demand: [AdapterID] = []
  private(set) var prefetch: [AdapterID] = []
  private(set) var running: [AdapterID] = []

  init(lanes: Int) { self.lanes = lanes }

  var hasQueue: Bool { !demand.isEmpty || !prefetch.isEmpty }
  var isIdle: Bool { running.isEmpty && !hasQueue }
  var hasFreeLane: Bool { running.count < lanes }

  mutating func enqueue(_ adapter: AdapterID, onDemand: Bool) {
    if onDemand { demand.append(adapter) } else { prefetch.append(adapter) }
  }

  /// A queued prefetch has become a demand.
  mutating func promote(_ adapter: AdapterID) {
    guard let index = prefetch.firstIndex(of: adapter) else { return }
    prefetch.remove(at: index)
    demand.append(adapter)
  }

  /// Puts a queued adapter on the link.
  mutating func begin(_ adapter: AdapterID) {
    demand.removeAll { $0 == adapter }
    prefetch.removeAll { $0 == adapter }
    running.append(adapter)
  }

  /// A transfer has ended or was cancelled.
  mutating func end(_ adapter: AdapterID) { running.removeAll { $0 == adapter } }
}

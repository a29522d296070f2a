import Primitives
import Testing

@testable import Orchestration

@Suite struct LinkQueueTests {
  @Test(arguments: 0..<10) func behavesAsThreeArrays(_ seed: UInt64) {
    var random = RandomStream(seed: seed, purpose: "link")
    var link = LinkQueue(lanes: 2)
    var demand: [AdapterID] = []
    var prefetch: [AdapterID] = []
    var running: [AdapterID] = []
    for _ in 0..<200 {
      let adapter = AdapterID(random.index(below: 8))
      let isQueued = demand.contains(adapter) || prefetch.contains(adapter)
      switch random.index(below: 5) {
      case 0 where !isQueued && !running.contains(adapter):
        link.enqueue(adapter, onDemand: true)
        demand.append(adapter)
      case 1 where !isQueued && !running.contains(adapter):
        link.enqueue(adapter, onDemand: false)
        prefetch.append(adapter)
      case 2:
        link.promote(adapter)
        if prefetch.contains(adapter) { demand.append(adapter) }
        prefetch.removeAll { $0 == adapter }
      case 3 where isQueued && running.count < 2:
        link.begin(adapter)
        demand.removeAll { $0 == adapter }
        prefetch.removeAll { $0 == adapter }
        running.append(adapter)
      case 4:
        link.end(adapter)
        running.removeAll { $0 == adapter }
      default: break
      }
      #expect(link.demand == demand && link.prefetch == prefetch && link.running == running)
      #expect(link.hasFreeLane == (running.count < 2))
      #expect(link.isIdle == (demand + prefetch + running).isEmpty)
    }
  }
}

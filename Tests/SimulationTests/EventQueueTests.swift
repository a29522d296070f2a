import Primitives
import Testing

@testable import Simulation

@Suite struct EventQueueTests {
  /// Events taken out while others are put in, against an array that is sorted stably by time.
  @Test(arguments: 0..<10) func behavesAsAStableSort(_ seed: UInt64) {
    var random = RandomStream(seed: seed, purpose: "events")
    var queue = EventQueue()
    var oracle: [(time: Nanoseconds, payload: Int)] = []
    for payload in 0..<400 {
      let pushes = random.index(below: 4)
      for _ in 0..<pushes {
        // Few different times, so that ties are common.
        let time = Nanoseconds(random.index(below: 12)) * 1_000_000_007
        queue.push(payload, at: time)
        let place = oracle.firstIndex { $0.time > time } ?? oracle.count
        oracle.insert((time, payload), at: place)
      }
      if random.index(below: 3) > 0 {
        #expect(queue.nextTime == oracle.first?.time ?? .max)
        #expect(queue.nextPayload == oracle.first?.payload)
        queue.removeNext()
        if !oracle.isEmpty { oracle.removeFirst() }
      }
    }
    while !oracle.isEmpty {
      #expect(queue.nextPayload == oracle.removeFirst().payload)
      queue.removeNext()
    }
    #expect(queue.isEmpty && queue.nextTime == .max && queue.nextPayload == nil)
  }

  @Test func extremesSurviveThePacking() {
    var queue = EventQueue()
    queue.push(EventQueue.payloadLimit - 1, at: .max)
    queue.push(0, at: 0)
    #expect(queue.nextTime == 0 && queue.nextPayload == 0)
    queue.removeNext()
    #expect(queue.nextTime == .max && queue.nextPayload == EventQueue.payloadLimit - 1)
  }
}

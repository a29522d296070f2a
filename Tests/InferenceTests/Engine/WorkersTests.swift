import Foundation
import Synchronization
import Testing

@testable import Inference

@Suite struct WorkersTests {
  @Test(arguments: [1, 2, 5])
  func everyUnitIsDoneOnce(_ count: Int) {
    let workers = Workers(count: count)
    for units in Array(0...20) + [1000] {
      let done = Mutex([Int](repeating: 0, count: units))
      workers.run(units: units) { unit, worker in
        #expect((0..<count).contains(worker))
        done.withLock { $0[unit] += 1 }
      }
      #expect(done.withLock { $0.allSatisfy { $0 == 1 } })
    }
  }

  @Test func workIsVisibleToTheCallerAfterManyHandovers() {
    let workers = Workers(count: 3)
    var total = 0
    for round in 0..<20_000 {
      let sum = Mutex(0)
      workers.run(units: 8) { unit, _ in sum.withLock { $0 += unit + round } }
      total += sum.withLock { $0 }
    }
    #expect(total == 20_000 * 28 + 8 * (19_999 * 20_000 / 2))
  }

  @Test func sleepersWake() {
    let workers = Workers(count: 2)
    for _ in 0..<5 {
      // Longer than anybody stays awake.
      Thread.sleep(forTimeInterval: 0.02)
      let sum = Mutex(0)
      workers.run(units: 100) { unit, _ in sum.withLock { $0 += unit } }
      #expect(sum.withLock { $0 } == 4950)
    }
  }
}

import Orchestration
import Policies
import Testing

@Suite struct SchedulingTests {
  private func request(priority: Int32 = 0) -> Request {
    Request(id: 0, arrival: 0, adapterSet: 1, promptTokens: 1, priority: priority)
  }

  private func load(inUse: Int, new: Int) -> SchedulingLoad {
    SchedulingLoad(running: inUse, adaptersInUse: inUse, newAdapters: new)
  }

  /// As vLLM's `max_loras`: what is in use already, and the base model, may always join.
  @Test(arguments: [
    (0, 0, true), (2, 0, true), (3, 0, true), (1, 1, true), (2, 1, false), (1, 2, false),
    (0, 2, true), (0, 3, false),
  ]) func atMostTwoAdaptersInABatch(_ inUse: Int, _ new: Int, _ admits: Bool) {
    var skipping = FCFS(cap: 2)
    var stopping = FCFS(cap: 2, skips: false)
    var priority = PriorityFCFS(cap: 2)
    let load = load(inUse: inUse, new: new)
    #expect(skipping.verdict(on: request(), given: load) == (admits ? .admit : .skip))
    #expect(stopping.verdict(on: request(), given: load) == (admits ? .admit : .stop))
    #expect(priority.verdict(on: request(), given: load) == (admits ? .admit : .skip))
  }

  @Test func noCapAtAll() {
    var policy = FCFS(cap: .max)
    #expect(policy.verdict(on: request(), given: load(inUse: 1000, new: 5)) == .admit)
  }

  @Test func higherPriorityGoesFirst() {
    var fcfs = FCFS(cap: 1)
    var priority = PriorityFCFS(cap: 1)
    #expect(fcfs.key(for: request(priority: 5)) == fcfs.key(for: request(priority: -5)))
    let keys = [Int32.max, 5, 0, -5, .min].map { priority.key(for: request(priority: $0)) }
    #expect(keys == keys.sorted() && Set(keys).count == 5)
  }
}

import Orchestration
import Policies
import Primitives
import Testing

@Suite struct RoutingTests {
  private let request = Request(id: 0, arrival: 0, adapterSet: 1, promptTokens: 1)

  private func load(_ waiting: Int, _ running: Int, near: Int = 0) -> ReplicaLoad {
    ReplicaLoad(waiting: waiting, running: running, near: near, farthest: .host)
  }

  @Test func roundRobinTakesTurns() {
    var router = RoundRobin()
    let loads = [load(9, 9), load(0, 0), load(1, 0)]
    let turns = (0..<7).map { _ in router.choose(for: request, among: loads) }
    #expect(turns == [0, 1, 2, 0, 1, 2, 0])
  }

  @Test func leastLoadedCountsWaitingAndRunning() {
    var router = LeastLoaded()
    #expect(router.choose(for: request, among: [load(3, 0), load(0, 2), load(1, 2)]) == 1)
    #expect(router.choose(for: request, among: [load(1, 1), load(2, 0), load(0, 2)]) == 0)
  }

  @Test func affinityHoldsUntilTheSlackIsUsedUp() {
    var router = Affinity(slack: 4)
    #expect(router.choose(for: request, among: [load(0, 0), load(2, 2, near: 1)]) == 1)
    #expect(router.choose(for: request, among: [load(0, 0), load(3, 2, near: 1)]) == 0)
    // Among holders, the least loaded; where nobody has it, the least loaded of all.
    #expect(
      router.choose(for: request, among: [load(5, 0, near: 1), load(3, 0, near: 1), load(2, 0)])
        == 1)
    #expect(router.choose(for: request, among: [load(5, 0), load(3, 0), load(4, 0)]) == 1)
    // Who has more of a pair goes before who has less.
    #expect(router.choose(for: request, among: [load(0, 0, near: 1), load(2, 0, near: 2)]) == 1)
  }

  /// Against the definition, written out slowly.
  @Test func choicesFollowTheDefinition() {
    var random = RandomStream(seed: 1, purpose: "routing")
    var affinity = Affinity(slack: 3)
    var least = LeastLoaded()
    for _ in 0..<200 {
      let loads = (0..<1 + random.index(below: 5)).map { _ in
        load(random.index(below: 6), random.index(below: 6), near: random.index(below: 3))
      }
      let requests = loads.map { $0.waiting + $0.running }
      #expect(
        requests[least.choose(for: request, among: loads)] == requests.min())
      let chosen = affinity.choose(for: request, among: loads)
      let near = loads.map(\.near).max() ?? 0
      let holders = loads.indices.filter { loads[$0].near == near }
      let fewest = holders.map { requests[$0] }.min() ?? 0
      let overall = requests.min() ?? 0
      #expect(requests[chosen] == (fewest > overall + 3 ? overall : fewest))
      if fewest <= overall + 3 { #expect(loads[chosen].near == near) }
    }
  }
}

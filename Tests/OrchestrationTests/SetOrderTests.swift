import Primitives
import Testing

@testable import Orchestration

@Suite struct SetOrderTests {
  private func orders(of count: Int, seed: UInt64) -> (ours: [Int], python: [Int]) {
    var hashes = RandomStream(seed: seed, purpose: "set")
    let drawn = (0..<count).map { _ in hashes.next() }
    let order = SetOrder(count: count, random: RandomStream(seed: seed, purpose: "set"))
    var random = RandomStream(seed: seed, purpose: "members")
    let members = (0..<count).shuffled(using: &random)
    return (
      order.order(of: members.map { Int32($0) }).map { Int($0) },
      PythonSet(members, hashes: drawn).elements
    )
  }

  @Test func isThatOfAPythonSet() {
    for seed in 0..<40 as Range<UInt64> {
      for count in [0, 1, 2, 4, 5, 6, 18, 19, 20, 76, 77, 200, 307] {
        let orders = orders(of: count, seed: seed)
        #expect(orders.ours == orders.python, "\(count) elements, seed \(seed)")
        #expect(orders.ours.sorted() == Array(0..<count))
      }
    }
  }

  /// What CPython 3.11 prints for `list(set(...))`: small integers are their own hashes.
  @Test(arguments: [
    ([8, 0, 16, 1, 25], [0, 1, 8, 16, 25]),
    ([9, 1, 17, 33], [9, 33, 1, 17]),
    ([100, 7, 15, 23, 3, 64, 128, 200], [64, 128, 3, 100, 7, 200, 15, 23]),
  ])
  func pythonPrintsTheSame(_ elements: [Int], _ printed: [Int]) {
    let identity = (0...200).map { UInt64($0) }
    #expect(PythonSet(elements, hashes: identity).elements == printed)
  }

  @Test func anAdapterMoreLeavesTheOthersInPlace() {
    // As long as the table is the same, and but for those who found a place taken.
    let order = SetOrder(count: 40, random: RandomStream(seed: 3, purpose: "set"))
    let before = order.order(of: Array(0..<30))
    let after = order.order(of: Array(0..<31)).filter { $0 != 30 }
    let moved = zip(before, after).count { $0 != $1 }
    #expect(moved <= 4)
  }
}

import BasicContainers
import Foundation
import Orchestration
import Primitives

/// Two rules that propose victims, and what was learnt of them: a rule whose victims are missed loses
/// weight. What LeCaR and Cacheus have in common.
///
/// Each rule has a list of ghosts, its own victims. A lot, weighted, says which rule has its way; it is
/// drawn before it is needed, so that asking for a victim changes nothing.
struct TwoExperts: ~Copyable, Sendable {
  /// What to do about the victim that was proposed.
  struct Choice: BitwiseCopyable {
    var victim = ListSet.none
    /// The rule that is to blame; none if both agree.
    var expert = ListSet.none
  }

  private var ghosts: ListSet
  /// Size of what each list of ghosts may hold.
  var ghostCap: Bytes
  /// Weight of the first rule; that of the other is the rest.
  private(set) var weight = 0.5
  private let leastWeight: Double
  private var random: Lehmer
  private var lot = 0.0

  /// Equal weights.
  init(sizes: [Bytes], ghostCap: Bytes, leastWeight: Double, seed: UInt64) {
    ghosts = ListSet(sizes: sizes, lists: 2)
    self.ghostCap = ghostCap
    self.leastWeight = leastWeight
    random = Lehmer(seed: seed)
    draw()
  }

  private mutating func draw() { lot = Double(random.next() >> 11) * 0x1p-53 }

  /// The rule whose ghost an adapter is, or none.
  func expert(of adapter: AdapterID) -> Int32 { ghosts.list(of: adapter) }

  /// Lets the rule that evicted an adapter lose weight.
  mutating func blame(_ expert: Int32, by loss: Double) {
    let first = weight * (expert == 0 ? exp(-loss) : 1)
    let second = (1 - weight) * (expert == 0 ? 1 : exp(-loss))
    weight = min(max(first / (first + second), leastWeight), 1 - leastWeight)
  }

  /// Which of two victims goes.
  func choose(_ first: AdapterID?, _ second: AdapterID?) -> Choice {
    guard let first, let second else {
      return Choice(victim: first ?? second ?? ListSet.none)
    }
    guard first != second else { return Choice(victim: first) }
    return lot < weight ? Choice(victim: first, expert: 0) : Choice(victim: second, expert: 1)
  }

  /// Notes that a victim has gone.
  mutating func evicted(_ choice: Choice) {
    draw()
    if choice.expert != ListSet.none { ghosts.moveFirst(choice.victim, in: choice.expert) }
  }

  /// Forgets an adapter.
  mutating func remove(_ adapter: AdapterID) { ghosts.remove(adapter) }

  /// Forgets a ghost for which there is no room, until it is nil.
  mutating func removeSurplus() -> AdapterID? {
    for expert in 0..<Int32(2) where ghosts.total(of: expert) > ghostCap {
      let oldest = ghosts.last(of: expert)
      ghosts.remove(oldest)
      return oldest
    }
    return nil
  }
}

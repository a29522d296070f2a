import BasicContainers
import Orchestration
import Primitives

/// CLOCK: first in, first out, but what was used since the hand last passed gets another round.
///
/// With more bits a use counter takes the place of the reference bit, and each pass costs one use.
/// F. J. Corbató, "A paging experiment with the Multics system", 1969 (MIT MAC-M-384); the counter
/// as in A. J. Smith, "Sequentiality and prefetching in database systems", ACM TODS 3(3), 1978,
/// doi:10.1145/320263.320276.
public struct Clock: EvictionPolicy, ~Copyable {
  private var order: ListSet
  private var uses: UniqueArray<UInt8>
  private let mostUses: UInt8
  private var proposed: AdapterID = IndexList.none

  /// An empty ring.
  /// - Parameter bits: of the use counter, 1 to 8.
  public init(_ context: EvictionContext, bits: Int = 1) {
    order = ListSet(sizes: context.sizes, lists: 1)
    uses = UniqueArray(repeating: 0, count: context.count)
    mostUses = UInt8(1 << bits - 1)
  }

  public mutating func inserted(_ adapter: AdapterID, at time: Nanoseconds) {
    uses[Int(adapter)] = 0
    order.moveFirst(adapter, in: 0)
  }

  public mutating func accessed(_ adapter: AdapterID, at time: Nanoseconds) {
    if uses[Int(adapter)] < mostUses { uses[Int(adapter)] += 1 }
  }

  public mutating func removed(_ adapter: AdapterID) {
    if adapter == proposed { order.sweep(0, to: adapter, uses: &uses) }
    proposed = IndexList.none
    order.remove(adapter)
  }

  public mutating func victim(
    for incoming: AdapterID?, sparing pins: borrowing PinTable, at time: Nanoseconds
  ) -> AdapterID? {
    let victim = order.clockVictim(in: 0, uses: uses, sparing: pins)
    proposed = victim ?? IndexList.none
    return victim
  }
}

extension EvictionEntry {
  static let clock = EvictionEntry(
    "clock", "first in, first out, with another round for what was used",
    idea: """
      A queue in order of arrival. A use sets a bit and moves nothing. When room is needed the oldest \
      adapter goes if its bit is not set; else the bit is cleared and it becomes the newest. With more \
      bits the uses are counted, and each further round costs one.
      """, cost: "O(1), evictions amortised",
    parameters: [PolicyParameter("bits", "1", "of the use counter, 1 to 8")],
    source: "Corbató, MIT MAC-M-384, 1969"
  ) { context, parameters in
    Clock(context, bits: try parameters.int("bits", default: 1, in: 1...8))
  }
}

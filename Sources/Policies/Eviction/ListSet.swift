import BasicContainers
import Orchestration
import Primitives

/// Several doubly linked lists over the same adapters, each of which is in one list at most; what
/// policies with segments and ghosts are made of.
///
/// The first of a list is its newest end. Lists are numbered from 0. Every operation is O(1) and
/// allocates nothing.
struct ListSet: ~Copyable, Sendable {
  struct Node: BitwiseCopyable {
    var previous: Int32
    var next: Int32
    var list: Int32
  }

  /// "In no list", and "no adapter".
  static let none = IndexList.none

  // After the adapters, a node for each list closes it to a ring, so that no end is special.
  private var nodes: UniqueArray<Node>
  private var totals: UniqueArray<Bytes>
  private let sizes: [Bytes]

  /// Empty lists.
  init(sizes: [Bytes], lists: Int) {
    self.sizes = sizes
    totals = UniqueArray(repeating: 0, count: lists)
    nodes = UniqueArray(minimumCapacity: sizes.count + lists)
    let apart = Node(previous: Self.none, next: Self.none, list: Self.none)
    for _ in sizes { nodes.append(apart) }
    for list in 0..<lists {
      let end = Int32(sizes.count + list)
      nodes.append(Node(previous: end, next: end, list: Self.none))
    }
  }

  /// The list that an adapter is in, or ``none``.
  func list(of adapter: AdapterID) -> Int32 { nodes[Int(adapter)].list }
  /// Sum of the sizes in a list.
  func size(of list: Int32) -> Bytes { totals[Int(list)] }
  func isEmpty(_ list: Int32) -> Bool { last(of: list) == Self.none }

  /// The newest of a list, or ``none``.
  func first(of list: Int32) -> Int32 { adapter(nodes[end(list)].next) }
  /// The oldest of a list, or ``none``.
  func last(of list: Int32) -> Int32 { adapter(nodes[end(list)].previous) }
  /// The next newer in the list of an adapter, or ``none``.
  func newer(than adapter: AdapterID) -> Int32 { self.adapter(nodes[Int(adapter)].previous) }
  /// The next older in the list of an adapter, or ``none``.
  func older(than adapter: AdapterID) -> Int32 { self.adapter(nodes[Int(adapter)].next) }

  private func end(_ list: Int32) -> Int { sizes.count + Int(list) }
  private func adapter(_ node: Int32) -> Int32 { Int(node) < sizes.count ? node : Self.none }

  /// The oldest of a list that is not pinned; nil if there is none.
  func oldest(of list: Int32, sparing pins: borrowing PinTable) -> AdapterID? {
    var adapter = last(of: list)
    while adapter != Self.none {
      if !pins.isPinned(adapter) { return adapter }
      adapter = newer(than: adapter)
    }
    return nil
  }

  /// Makes an adapter the newest of a list, wherever it was.
  mutating func moveFirst(_ adapter: AdapterID, in list: Int32) {
    remove(adapter)
    let end = end(list)
    link(adapter, between: Int32(end), and: nodes[end].next, in: list)
  }

  /// Makes an adapter the oldest of a list, wherever it was.
  mutating func moveLast(_ adapter: AdapterID, in list: Int32) {
    remove(adapter)
    let end = end(list)
    link(adapter, between: nodes[end].previous, and: Int32(end), in: list)
  }

  private mutating func link(
    _ adapter: AdapterID, between newer: Int32, and older: Int32, in list: Int32
  ) {
    nodes[Int(adapter)] = Node(previous: newer, next: older, list: list)
    nodes[Int(newer)].next = adapter
    nodes[Int(older)].previous = adapter
    totals[Int(list)] += sizes[Int(adapter)]
  }

  /// Takes an adapter out of its list, if it is in one.
  mutating func remove(_ adapter: AdapterID) {
    let node = nodes[Int(adapter)]
    guard node.list != Self.none else { return }
    nodes[Int(node.previous)].next = node.next
    nodes[Int(node.next)].previous = node.previous
    nodes[Int(adapter)].list = Self.none
    totals[Int(node.list)] -= sizes[Int(adapter)]
  }
}

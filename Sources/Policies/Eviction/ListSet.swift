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

  /// Number of lists.
  var count: Int32 { Int32(totals.count) }
  /// The list that an adapter is in, or ``none``.
  func list(of adapter: AdapterID) -> Int32 { nodes[Int(adapter)].list }
  /// What an adapter takes.
  func size(of adapter: AdapterID) -> Bytes { sizes[Int(adapter)] }
  /// What the members of a list take together.
  func total(of list: Int32) -> Bytes { totals[Int(list)] }
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
    let second = nodes[end].next
    nodes[Int(adapter)] = Node(previous: Int32(end), next: second, list: list)
    nodes[end].next = adapter
    nodes[Int(second)].previous = adapter
    totals[Int(list)] += sizes[Int(adapter)]
  }

  /// Takes an adapter out of its list, if it is in one.
  mutating func remove(_ adapter: AdapterID) {
    let node = nodes[Int(adapter)]
    guard node.list != Self.none else { return }
    unlink(node)
    nodes[Int(adapter)].list = Self.none
    totals[Int(node.list)] -= sizes[Int(adapter)]
  }

  private mutating func unlink(_ node: Node) {
    nodes[Int(node.previous)].next = node.next
    nodes[Int(node.next)].previous = node.previous
  }

  /// Makes a member the oldest of its list, and what was older the newest, in the same order: only the
  /// ring's end moves, however many they are.
  mutating func turn(_ list: Int32, to oldest: AdapterID) {
    let end = end(list)
    unlink(nodes[end])
    let newest = nodes[Int(oldest)].next
    nodes[end] = Node(previous: oldest, next: newest, list: Self.none)
    nodes[Int(oldest)].next = Int32(end)
    nodes[Int(newest)].previous = Int32(end)
  }
}

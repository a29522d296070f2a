import BasicContainers
import Orchestration
import Primitives

/// Lists that share out adapters: each adapter is in at most one of them, and each list knows how
/// much its members take. Every operation is O(1) and allocates nothing.
struct Segments: ~Copyable, Sendable {
  struct Node: BitwiseCopyable {
    var newer = IndexList.none
    var older = IndexList.none
    var segment = IndexList.none
  }

  struct Ends: BitwiseCopyable {
    var newest = IndexList.none
    var oldest = IndexList.none
    var bytes: Bytes = 0
  }

  private var nodes: UniqueArray<Node>
  private var ends: UniqueArray<Ends>
  private let sizes: [Bytes]

  /// Empty lists `0..<segments` over the adapters of a context.
  init(_ segments: Int, _ context: EvictionContext) {
    nodes = UniqueArray(repeating: Node(), count: context.count)
    ends = UniqueArray(repeating: Ends(), count: segments)
    sizes = context.sizes
  }

  /// Number of lists.
  var count: Int { ends.count }

  /// The list that an adapter is in, or -1.
  func segment(of adapter: AdapterID) -> Int { Int(nodes[Int(adapter)].segment) }
  /// What a list's members take.
  func bytes(in segment: Int) -> Bytes { ends[segment].bytes }
  /// What an adapter takes.
  func size(of adapter: AdapterID) -> Bytes { sizes[Int(adapter)] }
  /// A list's newest member, or `IndexList.none`.
  func newest(in segment: Int) -> AdapterID { ends[segment].newest }
  /// A list's oldest member, or `IndexList.none`.
  func oldest(in segment: Int) -> AdapterID { ends[segment].oldest }
  /// The neighbour toward the newest end, or `IndexList.none`.
  func newer(than adapter: AdapterID) -> AdapterID { nodes[Int(adapter)].newer }
  /// The neighbour toward the oldest end, or `IndexList.none`.
  func older(than adapter: AdapterID) -> AdapterID { nodes[Int(adapter)].older }
  /// Whether a list has no members.
  func isEmpty(_ segment: Int) -> Bool { ends[segment].oldest == IndexList.none }

  /// The oldest member of a list that is not pinned.
  func oldest(in segment: Int, sparing pins: borrowing PinTable) -> AdapterID? {
    var adapter = ends[segment].oldest
    while adapter != IndexList.none {
      if !pins.isPinned(adapter) { return adapter }
      adapter = newer(than: adapter)
    }
    return nil
  }

  /// Puts an adapter that is in no list at the newest end of one.
  mutating func insert(_ adapter: AdapterID, in segment: Int) {
    link(adapter, segment)
    ends[segment].bytes += sizes[Int(adapter)]
  }

  /// Takes an adapter out of its list.
  mutating func remove(_ adapter: AdapterID) {
    ends[segment(of: adapter)].bytes -= sizes[Int(adapter)]
    unlink(adapter)
    nodes[Int(adapter)].segment = IndexList.none
  }

  /// Makes an adapter the newest of a list, whichever it was in.
  mutating func move(_ adapter: AdapterID, to segment: Int) {
    let old = self.segment(of: adapter)
    if old != segment {
      ends[old].bytes -= sizes[Int(adapter)]
      ends[segment].bytes += sizes[Int(adapter)]
    } else if ends[segment].newest == adapter {
      return
    }
    unlink(adapter)
    link(adapter, segment)
  }

  /// Makes the newest of a list, in their order, what is older than a member: one cut and one splice,
  /// however many they are.
  mutating func moveToNewest(olderThan end: AdapterID, in segment: Int) {
    let (newest, oldest) = (ends[segment].newest, ends[segment].oldest)
    guard oldest != end else { return }
    let last = older(than: end)
    nodes[Int(end)].older = IndexList.none
    nodes[Int(newest)].newer = oldest
    nodes[Int(oldest)].older = newest
    nodes[Int(last)].newer = IndexList.none
    (ends[segment].newest, ends[segment].oldest) = (last, end)
  }

  private mutating func link(_ adapter: AdapterID, _ segment: Int) {
    let newest = ends[segment].newest
    nodes[Int(adapter)] = Node(older: newest, segment: Int32(truncatingIfNeeded: segment))
    if newest == IndexList.none {
      ends[segment].oldest = adapter
    } else {
      nodes[Int(newest)].newer = adapter
    }
    ends[segment].newest = adapter
  }

  private mutating func unlink(_ adapter: AdapterID) {
    let node = nodes[Int(adapter)]
    if node.newer == IndexList.none {
      ends[Int(node.segment)].newest = node.older
    } else {
      nodes[Int(node.newer)].older = node.older
    }
    if node.older == IndexList.none {
      ends[Int(node.segment)].oldest = node.newer
    } else {
      nodes[Int(node.older)].newer = node.newer
    }
  }
}

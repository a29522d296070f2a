import BasicContainers

/// A doubly linked list over dense indices: every operation is O(1) and allocates nothing.
///
/// The front is the newest end. Each index is in the list at most once.
public struct IndexList: ~Copyable, Sendable {
  struct Link: BitwiseCopyable {
    var previous: Int32
    var next: Int32
  }

  private static let absent: Int32 = -2
  /// "No index": what ``first``, ``last`` and the neighbours of the ends are.
  public static let none: Int32 = -1

  private var links: UniqueArray<Link>
  /// The newest index, or ``none``.
  public private(set) var first = IndexList.none
  /// The oldest index, or ``none``.
  public private(set) var last = IndexList.none
  /// Number of indices in the list.
  public private(set) var count = 0

  /// An empty list over `0..<capacity`.
  public init(capacity: Int) {
    links = UniqueArray(minimumCapacity: capacity)
    grow(to: capacity)
  }

  /// Lets the list hold indices below `capacity`.
  public mutating func grow(to capacity: Int) {
    while links.count < capacity {
      links.append(Link(previous: IndexList.absent, next: IndexList.absent))
    }
  }

  /// Whether an index is in the list.
  public func contains(_ index: Int32) -> Bool { links[Int(index)].previous != IndexList.absent }

  /// The neighbour toward the oldest end.
  public func older(than index: Int32) -> Int32 { links[Int(index)].next }

  /// The neighbour toward the newest end.
  public func newer(than index: Int32) -> Int32 { links[Int(index)].previous }

  /// Puts an index at the newest end.
  public mutating func pushFirst(_ index: Int32) {
    links[Int(index)] = Link(previous: IndexList.none, next: first)
    if first == IndexList.none { last = index } else { links[Int(first)].previous = index }
    first = index
    count += 1
  }

  /// Puts an index beside another, toward the newest end; at the oldest end if the other is ``none``.
  public mutating func insert(_ index: Int32, newerThan other: Int32) {
    guard other != first else { return pushFirst(index) }
    guard other != IndexList.none else { return pushLast(index) }
    let newer = links[Int(other)].previous
    links[Int(index)] = Link(previous: newer, next: other)
    links[Int(newer)].next = index
    links[Int(other)].previous = index
    count += 1
  }

  /// Puts an index at the oldest end.
  public mutating func pushLast(_ index: Int32) {
    links[Int(index)] = Link(previous: last, next: IndexList.none)
    if last == IndexList.none { first = index } else { links[Int(last)].next = index }
    last = index
    count += 1
  }

  /// Takes an index out.
  public mutating func remove(_ index: Int32) {
    let link = links[Int(index)]
    if link.previous == IndexList.none {
      first = link.next
    } else {
      links[Int(link.previous)].next = link.next
    }
    if link.next == IndexList.none {
      last = link.previous
    } else {
      links[Int(link.next)].previous = link.previous
    }
    links[Int(index)] = Link(previous: IndexList.absent, next: IndexList.absent)
    count -= 1
  }

  /// Makes an index the newest.
  public mutating func moveFirst(_ index: Int32) {
    guard first != index else { return }
    remove(index)
    pushFirst(index)
  }
}

extension IndexList {
  /// The oldest index that is not pinned; nil if all are.
  public func oldest(sparing pins: borrowing PinTable) -> AdapterID? {
    var index = last
    while index != IndexList.none {
      if !pins.isPinned(index) { return index }
      index = newer(than: index)
    }
    return nil
  }
}

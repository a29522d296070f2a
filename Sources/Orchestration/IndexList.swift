import BasicContainers

/// A doubly linked list over dense indices: every operation is O(1) and allocates nothing.
///
/// The front is the newest end. Each index is in the list at most once.
public struct IndexList: ~Copyable, Sendable {
  @usableFromInline
  struct Link: BitwiseCopyable, Sendable {
    @usableFromInline var previous: Int32
    @usableFromInline var next: Int32

    @inlinable
    init(previous: Int32, next: Int32) {
      self.previous = previous
      self.next = next
    }
  }

  @inlinable static var absent: Int32 { -2 }
  /// "No index": what ``first``, ``last`` and the neighbours of the ends are.
  @inlinable public static var none: Int32 { -1 }

  @usableFromInline var links: UniqueArray<Link>
  /// The newest index, or ``none``.
  @inlinable public var first: Int32 { newest }
  /// The oldest index, or ``none``.
  @inlinable public var last: Int32 { oldest }
  /// Number of indices in the list.
  @inlinable public var count: Int { number }
  @usableFromInline var newest = IndexList.none
  @usableFromInline var oldest = IndexList.none
  @usableFromInline var number = 0

  /// An empty list over `0..<capacity`.
  public init(capacity: Int) {
    links = UniqueArray(minimumCapacity: capacity)
    grow(to: capacity)
  }

  /// Lets the list hold indices below `capacity`.
  @inlinable public mutating func grow(to capacity: Int) {
    while links.count < capacity {
      links.append(Link(previous: IndexList.absent, next: IndexList.absent))
    }
  }

  /// Whether an index is in the list.
  @inlinable public func contains(_ index: Int32) -> Bool {
    links[Int(index)].previous != IndexList.absent
  }

  /// The neighbour toward the oldest end.
  @inlinable public func older(than index: Int32) -> Int32 { links[Int(index)].next }

  /// The neighbour toward the newest end.
  @inlinable public func newer(than index: Int32) -> Int32 { links[Int(index)].previous }

  /// Puts an index at the newest end.
  @inlinable public mutating func pushFirst(_ index: Int32) {
    links[Int(index)] = Link(previous: IndexList.none, next: newest)
    if newest == IndexList.none { oldest = index } else { links[Int(newest)].previous = index }
    newest = index
    number += 1
  }

  /// Puts an index beside another, toward the newest end; at the oldest end if the other is ``none``.
  @inlinable public mutating func insert(_ index: Int32, newerThan other: Int32) {
    guard other != newest else { return pushFirst(index) }
    guard other != IndexList.none else { return pushLast(index) }
    let newer = links[Int(other)].previous
    links[Int(index)] = Link(previous: newer, next: other)
    links[Int(newer)].next = index
    links[Int(other)].previous = index
    number += 1
  }

  /// Puts an index at the oldest end.
  @inlinable public mutating func pushLast(_ index: Int32) {
    links[Int(index)] = Link(previous: oldest, next: IndexList.none)
    if oldest == IndexList.none { newest = index } else { links[Int(oldest)].next = index }
    oldest = index
    number += 1
  }

  /// Takes an index out.
  @inlinable public mutating func remove(_ index: Int32) {
    let link = links[Int(index)]
    if link.previous == IndexList.none {
      newest = link.next
    } else {
      links[Int(link.previous)].next = link.next
    }
    if link.next == IndexList.none {
      oldest = link.previous
    } else {
      links[Int(link.next)].previous = link.previous
    }
    links[Int(index)] = Link(previous: IndexList.absent, next: IndexList.absent)
    number -= 1
  }

  /// Makes an index the newest.
  @inlinable public mutating func moveFirst(_ index: Int32) {
    guard newest != index else { return }
    remove(index)
    pushFirst(index)
  }
}

extension IndexList {
  /// The oldest index that is not pinned; nil if all are.
  @inlinable public func oldest(sparing pins: borrowing PinTable) -> AdapterID? {
    var index = oldest
    while index != IndexList.none {
      if !pins.isPinned(index) { return index }
      index = newer(than: index)
    }
    return nil
  }
}

import Orchestration
import Primitives

/// Which adapters left lately: as many as would fit a capacity, the first that left forgotten first.
struct GhostQueue: ~Copyable, Sendable {
  private var order: IndexList
  private var bytes: Bytes = 0
  private let sizes: [Bytes]
  /// What the remembered adapters may have taken together.
  var capacity: Bytes {
    didSet { shrink(to: capacity) }
  }

  /// Nothing remembered yet.
  init(_ context: EvictionContext, capacity: Bytes) {
    order = IndexList(capacity: context.count)
    sizes = context.sizes
    self.capacity = capacity
  }

  /// Whether an adapter is remembered.
  func contains(_ adapter: AdapterID) -> Bool { order.contains(adapter) }

  /// An adapter has left. One that is larger than all that may be remembered is not.
  mutating func remember(_ adapter: AdapterID) {
    let size = sizes[Int(adapter)]
    guard size <= capacity, !contains(adapter) else { return }
    shrink(to: capacity - size)
    order.pushFirst(adapter)
    bytes += size
  }

  /// Forgets an adapter; true if it was remembered.
  @discardableResult
  mutating func forget(_ adapter: AdapterID) -> Bool {
    guard contains(adapter) else { return false }
    order.remove(adapter)
    bytes -= sizes[Int(adapter)]
    return true
  }

  private mutating func shrink(to limit: Bytes) {
    while bytes > limit { forget(order.last) }
  }
}

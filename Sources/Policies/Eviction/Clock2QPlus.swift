import BasicContainers
import Orchestration
import Primitives

/// Clock2Q+: S3-FIFO with one bit for each adapter, which a use does not set while the adapter is new.
///
/// Uses that follow soon on the first mostly belong to the same work. So nothing counts within the
/// correlation window, the newer part of the small queue.
/// Y. Zhai et al., "Clock2Q+: a simple and efficient replacement algorithm for metadata cache in VMware
/// vSAN", VLDB 2026, arXiv:2511.21958.
public struct Clock2QPlus: EvictionPolicy, ~Copyable {
  /// In what the window is measured.
  public enum Unit: String, CaseIterable, Sendable {
    /// In that of the capacity.
    case size
    /// In adapters that came since, as many as the share of the small queue comes to in units of the
    /// capacity. So does libCacheSim: with sizes in bytes the window is never left.
    case arrivals
  }

  private var queues: S3FIFO
  /// All that has come, up to and with the adapter, when it came.
  private var arrivals: UniqueArray<Bytes>
  private var arrived: Bytes = 0
  private var window: Bytes = 0
  private let windowShare: Double
  private let unit: Unit
  private let sizes: [Bytes]

  /// An empty cache.
  /// - Parameters:
  ///   - small: share of the capacity for new adapters.
  ///   - ghosts: what is remembered of those that left the small queue, as a share of the capacity.
  ///   - window: share of the small queue within which uses do not count.
  ///   - unit: in what the window is measured.
  public init(
    _ context: EvictionContext, small: Double = 0.1, ghosts: Double = 0.9, window: Double = 0.5,
    unit: Unit = .size
  ) {
    queues = S3FIFO(context, small: small, ghosts: ghosts, threshold: 1, mostUses: 1)
    arrivals = UniqueArray(repeating: 0, count: context.count)
    windowShare = window
    self.unit = unit
    sizes = context.sizes
    capacityChanged(to: context.capacity)
  }

  public mutating func capacityChanged(to capacity: Bytes) {
    queues.capacityChanged(to: capacity)
    window = Bytes(Double(queues.smallCapacity) * windowShare)
  }

  public mutating func missed(_ adapter: AdapterID, at time: Nanoseconds) {
    queues.missed(adapter, at: time)
  }

  public mutating func admits(_ adapter: AdapterID, at time: Nanoseconds) -> Bool {
    queues.admits(adapter, at: time)
  }

  public mutating func inserted(_ adapter: AdapterID, at time: Nanoseconds) {
    queues.inserted(adapter, at: time)
    guard queues.isSmall(adapter) else { return }
    arrived += unit == .size ? sizes[Int(adapter)] : 1
    arrivals[Int(adapter)] = arrived
  }

  public mutating func accessed(_ adapter: AdapterID, at time: Nanoseconds) {
    if queues.isSmall(adapter), arrived - arrivals[Int(adapter)] < window { return }
    queues.accessed(adapter, at: time)
  }

  public mutating func removed(_ adapter: AdapterID) { queues.removed(adapter) }

  public mutating func victim(
    for incoming: AdapterID?, sparing pins: borrowing PinTable, at time: Nanoseconds
  ) -> AdapterID? {
    queues.victim(for: incoming, sparing: pins, at: time)
  }
}

extension EvictionEntry {
  static let clock2QPlus = EvictionEntry(
    "clock2q-plus", "s3-fifo with one bit, which early uses of a new adapter do not set",
    idea: """
      As s3-fifo, with one bit in place of a counter. Uses of an adapter while it is in the newer part \
      of the small queue, the correlation window, do not count, since they mostly belong to the work \
      that brought it.
      """, cost: "O(1), evictions amortised",
    parameters: S3FIFO.shareParameters + [
      PolicyParameter("window", "0.5", "share of the small queue in which uses do not count"),
      PolicyParameter(
        "window-unit", "size", "size, or arrivals: what the window counts (libCacheSim: arrivals)"),
    ], source: "Zhai et al., VLDB 2026, arXiv:2511.21958"
  ) { context, parameters in
    let (small, ghosts) = try S3FIFO.shares(&parameters)
    return Clock2QPlus(
      context, small: small, ghosts: ghosts,
      window: try parameters.double("window", default: 0.5, in: 0...1),
      unit: try parameters.choice("window-unit", default: Clock2QPlus.Unit.size))
  }
}

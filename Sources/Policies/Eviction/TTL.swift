import BasicContainers
import Orchestration
import Primitives

/// Keep-alive: an adapter that nobody has used for a fixed time goes, though there is room; when there
/// is none, the least recently used goes before its time.
///
/// What serverless platforms do with idle containers (ten minutes, in OpenWhisk). The end of the time is
/// noticed when something next comes to the tier or is used there, not by a clock.
public struct TTL: EvictionPolicy, ~Copyable {
  private let keepAlive: Nanoseconds
  private var order: IndexList
  private var lastUse: UniqueArray<Nanoseconds>

  /// An empty tier that keeps what is not used for so long.
  public init(count: Int, keepAlive: Nanoseconds) {
    self.keepAlive = keepAlive
    order = IndexList(capacity: count)
    lastUse = UniqueArray(repeating: 0, count: count)
  }

  public mutating func inserted(_ adapter: AdapterID, at time: Nanoseconds) {
    order.pushFirst(adapter)
    lastUse[Int(adapter)] = time
  }

  public mutating func accessed(_ adapter: AdapterID, at time: Nanoseconds) {
    order.moveFirst(adapter)
    lastUse[Int(adapter)] = time
  }

  public mutating func released(_ adapter: AdapterID, at time: Nanoseconds) {
    accessed(adapter, at: time)
  }

  public mutating func removed(_ adapter: AdapterID) { order.remove(adapter) }

  public mutating func victim(
    for incoming: AdapterID?, sparing pins: borrowing PinTable, at time: Nanoseconds
  ) -> AdapterID? {
    order.oldest(sparing: pins)
  }

  public mutating func surplus(
    sparing pins: borrowing PinTable, at time: Nanoseconds
  ) -> AdapterID? {
    guard let oldest = order.oldest(sparing: pins), time - lastUse[Int(oldest)] >= keepAlive else {
      return nil
    }
    return oldest
  }
}

extension EvictionEntry {
  static let ttl = EvictionEntry(
    "ttl", "what has not been used for a fixed time goes, though there is room",
    idea: """
      A list in order of last use. An adapter that has been idle for the keep-alive time goes when \
      something next comes or is used; if room is needed before, the least recently used goes. Memory \
      is free for the KV cache sooner, at the price of misses after a long silence.
      """, cost: "O(1)",
    parameters: [PolicyParameter("keep-alive", "10m", "how long an idle adapter stays")],
    source: "fixed keep-alive of OpenWhisk; TTL in Fuerst and Sharma, FaasCache, ASPLOS'21"
  ) { context, parameters in
    TTL(
      count: context.count,
      keepAlive: try parameters.nanoseconds("keep-alive") ?? 600_000_000_000)
  }
}

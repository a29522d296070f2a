import Orchestration
import Primitives

/// The world's side of a server: how long things take on it.
public struct ServerModel: Sendable {
  /// Step times.
  public var cost: any CostModel
  /// Links into disk, host and device.
  public var links: [Link]

  /// Makes a model.
  /// - Parameter links: three, in the order of the tiers that they lead to: disk, host, device.
  public init(cost: any CostModel, links: [Link]) {
    precondition(links.count == 3, "a server has three links")
    self.cost = cost
    self.links = links
  }

  /// How long a transfer takes.
  public func duration(of transfer: Transfer, _ adapter: Adapter) -> Nanoseconds {
    links[Int(transfer.destination.rawValue) - 1]
      .duration(bytes: adapter.bytes, tensors: adapter.tensors)
  }

  /// Estimated time to bring each adapter into a tier, as policies are told it.
  public func loadCosts(of catalogue: AdapterCatalogue) -> [[Nanoseconds]] {
    [catalogue.adapters.map { _ in 0 }]
      + links.map { link in
        catalogue.adapters.map { link.duration(bytes: $0.bytes, tensors: $0.tensors) }
      }
  }
}

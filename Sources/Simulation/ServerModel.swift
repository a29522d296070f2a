import Orchestration
import Primitives

/// The world's side of a server: how long things take on it.
public struct ServerModel: Sendable {
  /// Step times.
  public var cost: any CostModel
  /// Links into disk, host and device.
  public var links: [Link]
  /// Measured times of copies into the device, in place of its link's.
  public var deviceLoads: LoadTimes?
  /// Measured time to read an adapter from disk, in place of the link's.
  public var hostLoad: Nanoseconds?
  /// What requests and tokens pass through; nil where that takes no time.
  public var frontend: FrontendModel?

  /// Makes a model.
  /// - Parameter links: three, in the order of the tiers that they lead to: disk, host, device.
  public init(
    cost: any CostModel, links: [Link], deviceLoads: LoadTimes? = nil,
    frontend: FrontendModel? = nil
  ) {
    precondition(links.count == 3, "a server has three links")
    self.cost = cost
    self.links = links
    self.deviceLoads = deviceLoads
    self.frontend = frontend
  }

  /// How long a transfer takes.
  public func duration(of transfer: Transfer, _ adapter: Adapter) -> Nanoseconds {
    duration(ofLoading: adapter, into: transfer.destination)
  }

  /// Estimated time to bring each adapter into a tier, as policies are told it.
  public func loadCosts(of catalogue: AdapterCatalogue) -> [[Nanoseconds]] {
    Tier.allCases.map { tier in
      catalogue.adapters.map {
        tier.rawValue == 0 ? 0 : duration(ofLoading: $0, into: tier)
      }
    }
  }

  private func duration(ofLoading adapter: Adapter, into tier: Tier) -> Nanoseconds {
    if tier == .host, let hostLoad { return max(1, hostLoad) }
    if tier == .device, let deviceLoads { return deviceLoads.duration(rank: adapter.rank) }
    return links[Int(tier.rawValue) - 1].duration(bytes: adapter.bytes, tensors: adapter.tensors)
  }
}

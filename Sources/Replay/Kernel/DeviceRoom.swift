import Orchestration
import Primitives

/// The device memory of an engine in this process, page by page: what a server has in place of an
/// accelerator's memory, so that a simulation decides with the same room as the engine.
public struct DeviceRoom: Sendable, Equatable {
  /// Pages of the pool that key-value blocks and adapters share; a block is a page.
  public var pages: Int
  /// Bytes of a page.
  public var pageBytes: Bytes
  /// Bytes of the weights, beside the pool.
  public var weightBytes: Bytes
  /// Pages of each of the trace's adapters.
  public var adapterPages: [Int]

  /// Pages of a slot: those of the largest adapter.
  var slotPages: Int { adapterPages.max() ?? 0 }

  /// Bytes of all pages of an adapter.
  func adapterBytes(_ adapter: Int) -> Bytes { Bytes(adapterPages[adapter]) * pageBytes }
}

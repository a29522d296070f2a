import Orchestration
import Primitives

/// The way from one tier to the next: how long a copy takes on it.
public struct Link: Sendable, Equatable {
  /// Bytes per second of one transfer.
  public var bandwidth: Double
  /// Time before the first byte.
  public var latency: Nanoseconds
  /// Time for each tensor: what separate copies cost where they are not coalesced.
  public var perTensor: Nanoseconds
  /// Transfers at once, each at full bandwidth.
  public var lanes: Int

  /// Makes a link.
  public init(bandwidth: Double, latency: Nanoseconds, perTensor: Nanoseconds = 0, lanes: Int) {
    self.bandwidth = bandwidth
    self.latency = latency
    self.perTensor = perTensor
    self.lanes = lanes
  }

  /// The time to copy an adapter, at least 1 ns.
  public func duration(bytes: Bytes, tensors: Int) -> Nanoseconds {
    let copying = Nanoseconds((Double(bytes) / bandwidth * 1e9).rounded())
    return max(1, latency + Nanoseconds(tensors) * perTensor + copying)
  }

  /// From an object store to disk: 30 ms to the first byte and 1 GB/s, as one well-connected node
  /// sees it (the figures of BLIS's storage class `s3`).
  public static let remoteToDisk = Link(bandwidth: 1e9, latency: 30_000_000, lanes: 4)
  /// From disk to host memory: 2 GB/s and 20 ms for opening and parsing. Measured by Agullo et al.
  /// (2025) in vLLM with a warm page cache: 38 to 44 ms at rank 8 (40 MiB), 51 to 107 at rank 32.
  public static let diskToHost = Link(bandwidth: 2e9, latency: 20_000_000, lanes: 2)
  /// From host memory to the device: 14 us a tensor beside the link's bandwidth. Measured by the
  /// same: 6.4 to 8.1 ms for about 450 tensors, nearly independent of rank.
  public static func hostToDevice(bandwidth: Double) -> Link {
    Link(bandwidth: bandwidth, latency: 0, perTensor: 14_000, lanes: 1)
  }
}

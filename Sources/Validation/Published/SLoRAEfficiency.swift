import Primitives
import Simulation

/// How near an implementation comes to its device's limits: the two numbers that a roofline cannot
/// know. S-LoRA is written in PyTorch without CUDA graphs, with kernels in Triton: its host works
/// for tens of milliseconds in each step on a device that is done sooner.
public struct SLoRAEfficiency: Sendable, Equatable {
  /// Share of the peak bandwidth.
  public var bandwidth: Double
  /// Time of any step, whatever it computes, in seconds.
  public var stepOverhead: Double

  /// Makes an efficiency.
  public init(bandwidth: Double, stepOverhead: Double) {
    self.bandwidth = bandwidth
    self.stepOverhead = stepOverhead
  }

  /// The accelerator with this efficiency.
  func applied(to accelerator: Accelerator) -> Accelerator {
    var accelerator = accelerator
    accelerator.bandwidthEfficiency = bandwidth
    accelerator.stepOverhead = Nanoseconds(seconds: stepOverhead)
    return accelerator
  }

  /// Finds the efficiency at which a function is least, to half a percent of the bandwidth and half a
  /// millisecond, by compass search (R. Hooke and T. A. Jeeves, "Direct search", JACM 8(2), 1961).
  /// - Parameter error: computed some fifty times.
  /// - Throws: what `error` throws.
  static func minimizing(
    _ error: (SLoRAEfficiency) async throws -> Double
  ) async throws -> SLoRAEfficiency {
    var best = SLoRAEfficiency(bandwidth: 0.8, stepOverhead: 0.005)
    var least = try await error(best)
    var step = 16.0
    while step >= 1 {
      var improved = false
      for (bandwidth, overhead) in [(0, 1), (0, -1), (-1, 0), (1, 0)] {
        let candidate = SLoRAEfficiency(
          bandwidth: min(max(best.bandwidth + Double(bandwidth) * step * 0.005, 0.05), 1),
          stepOverhead: max(best.stepOverhead + Double(overhead) * step * 0.0005, 0))
        guard candidate != best else { continue }
        let found = try await error(candidate)
        if found < least { (best, least, improved) = (candidate, found, true) }
      }
      if !improved { step /= 2 }
    }
    return best
  }
}

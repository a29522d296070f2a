import Primitives

/// What a server runs on: the limits that a roofline needs.
public struct Accelerator: Sendable, Equatable {
  /// The name in experiment files.
  public var name: String
  /// Peak dense throughput in the weights' precision (BF16 on GPUs, f32 on CPUs), FLOP/s.
  public var flops: Double
  /// Peak bandwidth of device memory, bytes/s.
  public var memoryBandwidth: Double
  /// Device memory.
  public var memory: Bytes
  /// Bandwidth of one copy from pinned host memory to the device, bytes/s.
  public var hostLink: Double
  /// Share of peak throughput that large matrix products reach.
  public var computeEfficiency: Double
  /// Share of peak bandwidth that streaming reaches.
  public var bandwidthEfficiency: Double
  /// Time a step takes whatever it computes: scheduling, sampling, launching.
  public var stepOverhead: Nanoseconds
  /// Time for one small kernel's launch that is not hidden.
  public var launch: Nanoseconds

  /// Makes an accelerator.
  public init(
    name: String, flops: Double, memoryBandwidth: Double, memory: Bytes, hostLink: Double,
    computeEfficiency: Double = 0.6, bandwidthEfficiency: Double = 0.8,
    stepOverhead: Nanoseconds = 3_000_000, launch: Nanoseconds = 5_000
  ) {
    self.name = name
    self.flops = flops
    self.memoryBandwidth = memoryBandwidth
    self.memory = memory
    self.hostLink = hostLink
    self.computeEfficiency = computeEfficiency
    self.bandwidthEfficiency = bandwidthEfficiency
    self.stepOverhead = stepOverhead
    self.launch = launch
  }

  /// The accelerators that ship.
  ///
  /// Peaks: NVIDIA's datasheets, dense BF16 without sparsity. Host links: 25 GB/s of PCIe 4.0 x16's
  /// 31.5, and 52 of PCIe 5.0 x16's 63, as pinned copies reach in practice. Efficiencies: 0.6 of
  /// peak FLOP/s and 0.8 of peak bandwidth are what prefill and decode of 7B to 13B models reach in
  /// published profiles (Agrawal et al., "Sarathi-Serve", OSDI'24; Yuan et al., "LLM inference
  /// unveiled", 2024). Step overhead: the batch-1 step of Llama-3.1-8B in vLLM 0.8.5 on an H100 takes
  /// 12.8 ms, of which its 16 GB of weights at 0.8 x 3.35 TB/s are 6; about 3 ms of the rest is host
  /// work and the remainder the launch of some 300 kernels, which `launch` carries for LoRA only.
  public static let catalogue: [Accelerator] = [
    // AWS G5's A10G: 70 TFLOP/s dense BF16, 600 GB/s, 24 GB.
    Accelerator(
      name: "a10g", flops: 70e12, memoryBandwidth: 600e9, memory: 24 << 30, hostLink: 25e9),
    // L40S: 362 TFLOP/s, 864 GB/s, 48 GB.
    Accelerator(
      name: "l40s", flops: 362e12, memoryBandwidth: 864e9, memory: 48 << 30, hostLink: 25e9),
    // A100 SXM 40 GB: 312 TFLOP/s, 1555 GB/s.
    Accelerator(
      name: "a100-40g", flops: 312e12, memoryBandwidth: 1555e9, memory: 40 << 30, hostLink: 25e9),
    // A100 SXM 80 GB: 312 TFLOP/s, 2039 GB/s.
    Accelerator(
      name: "a100-80g", flops: 312e12, memoryBandwidth: 2039e9, memory: 80 << 30, hostLink: 25e9),
    // H100 SXM: 989 TFLOP/s, 3350 GB/s, 80 GB.
    Accelerator(
      name: "h100", flops: 989e12, memoryBandwidth: 3350e9, memory: 80 << 30, hostLink: 52e9),
    // Two Zen 4 cores with AVX-512: 173 to 188 GFLOP/s f32 in OpenBLAS sgemm (N = 256, two threads)
    // and 26 GB/s streaming, both measured; the rates are what was reached, so efficiency is 1.
    // Copies between host buffers run at memory speed, half of it read and half written.
    Accelerator(
      name: "cpu-2core", flops: 180e9, memoryBandwidth: 26e9, memory: 4 << 30, hostLink: 10e9,
      computeEfficiency: 1, bandwidthEfficiency: 1, stepOverhead: 100_000, launch: 1_000),
  ]
}

import CKernels
import Primitives

/// What the machine can do at best, measured where an engine runs.
public struct MachineLimits: Sendable {
  /// Bytes a second that all workers together read from memory that no cache holds.
  public let bytesPerSecond: Double
  /// Multiplications and additions a second of OpenBLAS's sgemm, on square matrices, with as many
  /// threads as there are workers.
  public let openBLASPerSecond: Double
  /// The same of the engine's own kernels.
  public let kernelsPerSecond: Double
  /// The processor that OpenBLAS takes this one for.
  public let openBLASCore: String

  /// The faster of the two products.
  public var operationsPerSecond: Double { max(openBLASPerSecond, kernelsPerSecond) }

  /// Measures, in about a second; the best of several repeats counts.
  /// - Throws: `PitwallError` (unavailable) where there is no memory for it.
  public static func measure(
    workers count: Int, instructionSet set: InstructionSet
  ) throws -> MachineLimits {
    let workers = Workers(count: count)
    return MachineLimits(
      bytesPerSecond: try readingRate(workers, set),
      openBLASPerSecond: openBLASRate(threads: count),
      kernelsPerSecond: try kernelRate(workers, set),
      openBLASCore: unsafe String(cString: openblas_get_corename()))
  }

  private static func best(of repeats: Int, _ work: () -> Void) -> Double {
    let times = (0..<repeats).map { _ in ContinuousClock().measure(work) / .seconds(1) }
    return times.min() ?? .infinity
  }

  private static func readingRate(_ workers: Workers, _ set: InstructionSet) throws -> Double {
    let bytes = 512 << 20
    let memory = try AlignedMemory(byteCount: bytes, for: "measuring memory")
    memory.populate(by: workers)
    let part = bytes / 4 / workers.count / 128 * 128
    let seconds = best(of: 8) {
      workers.run(units: workers.count) { unit, _ in
        _ = unsafe pw_read(set.code, memory.floats + unit * part, part)
      }
    }
    return Double(part * 4 * workers.count) / seconds
  }

  private static let size = 1024

  private static func openBLASRate(threads: Int) -> Double {
    let count = size * size
    let a = [Float](repeating: 0.5, count: count)
    let b = [Float](repeating: 0.25, count: count)
    var c = [Float](repeating: 0, count: count)
    let side = Int32(truncatingIfNeeded: size)
    openblas_set_num_threads(Int32(truncatingIfNeeded: threads))
    defer { openblas_set_num_threads(1) }
    let seconds = best(of: 8) {
      unsafe cblas_sgemm(
        CblasRowMajor, CblasNoTrans, CblasTrans, side, side, side, 1, a, side, b, side, 0, &c, side)
    }
    return 2 * Double(size) * Double(count) / seconds
  }

  private static func kernelRate(_ workers: Workers, _ set: InstructionSet) throws -> Double {
    let floats = size * size
    let memory = try AlignedMemory(byteCount: 3 * 4 * (floats + 16 * size), for: "measuring")
    let matrix = PanelMatrix(rows: size, columns: size, kind: .f32, memory: memory, offset: 0)
    let parts = 8
    let seconds = best(of: 8) {
      workers.run(units: parts * matrix.panels) { unit, _ in
        let x = unsafe Rows(start: memory.floats + floats, stride: size + 16)
        let y = unsafe Rows(start: memory.floats + 2 * floats + 16 * size, stride: size + 16)
        let first = unit / matrix.panels * (size / parts)
        matrix.multiply(
          x, from: first, count: size / parts, panel: unit % matrix.panels, into: y,
          accumulating: false, by: set)
      }
    }
    return 2 * Double(size) * Double(floats) / seconds
  }
}

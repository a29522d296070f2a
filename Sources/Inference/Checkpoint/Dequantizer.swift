import CKernels
import Primitives

/// Turns stored elements into floats.
///
/// Exact to the bit: the products and sums of ggml's reference `dequantize_row_*`
/// (github.com/ggml-org/llama.cpp, ggml/src/ggml-quants.c), in its order, each rounded once.
public enum Dequantizer {
  /// Widens rows of a tensor, `[rows][columns]`, contiguously.
  ///
  /// Rows come as the checkpoint has them; see ``Checkpoint/rowOrder(of:)``.
  /// - Parameters:
  ///   - rows: which of the tensor's rows; must lie in `0..<tensor.rows`.
  ///   - target: has room for `rows.count * tensor.columns` floats.
  public static func widen(
    _ tensor: StoredTensor, rows: Range<Int>, into target: UnsafeMutablePointer<Float>
  ) {
    precondition(rows.lowerBound >= 0 && rows.upperBound <= tensor.rows, "no such rows")
    let rowBytes = tensor.rowBytes
    unsafe tensor.withBytes { bytes in
      let piece = rows.lowerBound * rowBytes..<rows.upperBound * rowBytes
      unsafe widen(
        UnsafeRawBufferPointer(rebasing: bytes[piece]), of: tensor.type,
        count: rows.count * tensor.columns, into: target)
    }
  }

  /// All elements of a tensor, in its order: for small ones, such as norms and biases.
  public static func floats(_ tensor: StoredTensor) -> [Float] {
    let count = tensor.rows * tensor.columns
    return unsafe [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
      if let start = buffer.baseAddress {
        unsafe widen(tensor, rows: 0..<tensor.rows, into: start)
      }
      initialized = count
    }
  }

  /// Widens `count` elements, which `bytes` holds exactly.
  static func widen(
    _ bytes: UnsafeRawBufferPointer, of type: ElementType, count: Int,
    into target: UnsafeMutablePointer<Float>
  ) {
    guard count > 0, let source = bytes.baseAddress else { return }
    switch type {
    case .f32: unsafe UnsafeMutableRawPointer(target).copyMemory(from: source, byteCount: 4 * count)
    case .f16: unsafe pitwall_widen_f16(source, target, count)
    case .bf16: unsafe pitwall_widen_bf16(source, target, count)
    case .q8_0: unsafe pitwall_widen_q8_0(source, target, count)
    case .q4_0: unsafe pitwall_widen_q4_0(source, target, count)
    case .q4_1: unsafe pitwall_widen_q4_1(source, target, count)
    case .q6_K: unsafe pitwall_widen_q6_k(source, target, count)
    }
  }

  /// Floats as a file stores them: as they are, or rounded to nearest, ties to even.
  /// - Parameter type: one of F32, F16 and BF16.
  /// - Throws: `PitwallError` (fault) for the quantised types.
  public static func narrow(_ floats: [Float], to type: ElementType) throws -> [UInt8] {
    switch type {
    case .f32: return unsafe floats.withUnsafeBytes { unsafe [UInt8]($0) }
    case .f16: return unsafe narrow(floats, by: pitwall_narrow_f16)
    case .bf16: return unsafe narrow(floats, by: pitwall_narrow_bf16)
    case .q8_0, .q4_0, .q4_1, .q6_K: throw PitwallError.fault("\(type) is not written")
    }
  }

  private static func narrow(
    _ floats: [Float], by convert: (UnsafePointer<Float>, UnsafeMutablePointer<UInt16>, Int) -> Void
  ) -> [UInt8] {
    var words = [UInt16](repeating: 0, count: floats.count)
    unsafe words.withUnsafeMutableBufferPointer { target in
      unsafe floats.withUnsafeBufferPointer { source in
        guard let from = source.baseAddress, let to = target.baseAddress else { return }
        unsafe convert(from, to, floats.count)
      }
    }
    return unsafe words.withUnsafeBytes { unsafe [UInt8]($0) }
  }
}

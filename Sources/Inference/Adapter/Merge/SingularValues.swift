import CKernels
import Primitives

/// A matrix as a sum of `count` products, largest first: U diag(s) V'.
struct SingularValues {
  /// `[rows][count]`, orthonormal columns.
  let u: DenseMatrix
  /// Descending, not negative.
  let s: [Float]
  /// `[count][columns]`, orthonormal rows.
  let vt: DenseMatrix

  /// Decomposes a matrix with LAPACK's `sgesdd`.
  /// - Throws: `PitwallError` (data) where the iteration does not converge, as with values that are
  ///   not finite.
  init(of matrix: DenseMatrix) throws {
    // By columns, as LAPACK reads, the matrix is its transpose V diag(s) U'. What LAPACK then calls
    // U, by columns, is V' by rows, and the other way round.
    let (m, n) = (matrix.columns, matrix.rows)
    let count = min(m, n)
    var call = Call(m: Int32(m), n: Int32(n), count: Int32(count), matrix: matrix.values)
    call.perform()
    guard call.info == 0 else {
      throw PitwallError(.data, "a singular value decomposition did not converge")
    }
    u = DenseMatrix(rows: n, columns: count, values: call.vt)
    s = call.s
    vt = DenseMatrix(rows: count, columns: m, values: call.u)
  }

  /// Decomposes a product of a tall and a wide matrix, B A, without multiplying it out: orthonormal
  /// bases of the columns of B and of the rows of A leave a small matrix between them to be decomposed.
  /// - Throws: as ``init(of:)``.
  init(ofProduct b: DenseMatrix, _ a: DenseMatrix) throws {
    guard a.rows < min(b.rows, a.columns) else {
      try self.init(of: b * a)
      return
    }
    let (left, right) = (try SingularValues(of: b), try SingularValues(of: a))
    let inner = try SingularValues(
      of: left.vt.scalingRows(by: left.s) * right.u.scalingColumns(by: right.s))
    self.init(u: left.u * inner.u, s: inner.s, vt: inner.vt * right.vt)
  }

  private init(u: DenseMatrix, s: [Float], vt: DenseMatrix) {
    (self.u, self.s, self.vt) = (u, s, vt)
  }

  /// The best approximation of rank `rank`, as factors `b` (`[rows][rank]`, scaled by the singular
  /// values) and `a` (`[rank][columns]`); zeros fill what the matrix has not.
  func factors(rank: Int) -> LoRAFactors {
    let kept = min(rank, s.count)
    var b = DenseMatrix(rows: u.rows, columns: rank)
    for row in 0..<u.rows {
      for column in 0..<kept {
        b.values[row * rank + column] = u.values[row * u.columns + column] * s[column]
      }
    }
    let a = DenseMatrix(
      rows: kept, columns: vt.columns, values: Array(vt.values.prefix(kept * vt.columns)))
    return LoRAFactors(a: a.padded(rows: rank, columns: vt.columns), b: b)
  }

  /// The buffers of a call of LAPACK.
  private struct Call {
    var m, n, count: Int32
    var matrix: [Float]
    var s: [Float]
    var u: [Float]
    var vt: [Float]
    var info: Int32 = 0

    init(m: Int32, n: Int32, count: Int32, matrix: [Float]) {
      (self.m, self.n, self.count, self.matrix) = (m, n, count, matrix)
      s = Array(repeating: 0, count: Int(count))
      u = Array(repeating: 0, count: Int(m) * Int(count))
      vt = Array(repeating: 0, count: Int(count) * Int(n))
    }

    /// Asks how much room LAPACK wants, then decomposes.
    mutating func perform() {
      var room: [Float] = [0]
      decompose(&room, size: -1)
      guard info == 0 else { return }
      // A size above 2^24 may have been rounded down.
      room = Array(repeating: 0, count: Int(room[0].nextUp.rounded(.up)))
      decompose(&room, size: Int32(clamping: room.count))
    }

    private mutating func decompose(_ room: inout [Float], size: Int32) {
      var integers = [Int32](repeating: 0, count: 8 * Int(count))
      var (job, size) = (CChar(UInt8(ascii: "S")), size)
      unsafe sgesdd_(
        &job, &m, &n, &matrix, &m, &s, &u, &m, &vt, &count, &room, &size, &integers, &info, 1)
    }
  }
}

import CKernels
import Primitives

/// A matrix of floats in memory, row by row.
public struct DenseMatrix: Sendable, Equatable {
  public let rows: Int
  public let columns: Int
  /// `rows * columns` of them.
  public var values: [Float]

  /// - Precondition: there are `rows * columns` values.
  public init(rows: Int, columns: Int, values: [Float]) {
    precondition(values.count == rows * columns, "a matrix of another size")
    self.rows = rows
    self.columns = columns
    self.values = values
  }

  /// A matrix of zeros.
  public init(rows: Int, columns: Int) {
    self.init(rows: rows, columns: columns, values: Array(repeating: 0, count: rows * columns))
  }

  /// A stored matrix, widened.
  public init(_ tensor: StoredTensor) {
    self.init(
      rows: tensor.rows, columns: tensor.columns, values: Dequantizer.floats(tensor))
  }

  /// Whether no value is infinite or not a number.
  public var isFinite: Bool { values.allSatisfy(\.isFinite) }

  /// Root of the sum of squares.
  public var frobeniusNorm: Double {
    values.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
  }

  /// Every value times `factor`.
  public func scaled(by factor: Float) -> DenseMatrix {
    DenseMatrix(rows: rows, columns: columns, values: values.map { $0 * factor })
  }

  /// Every row times its factor.
  func scalingRows(by factors: [Float]) -> DenseMatrix {
    var result = self
    for index in values.indices { result.values[index] *= factors[index / columns] }
    return result
  }

  /// Every column times its factor.
  func scalingColumns(by factors: [Float]) -> DenseMatrix {
    var result = self
    for index in values.indices { result.values[index] *= factors[index % columns] }
    return result
  }

  /// The same with rows and columns of zeros after its own.
  public func padded(rows newRows: Int, columns newColumns: Int) -> DenseMatrix {
    if newRows == rows, newColumns == columns { return self }
    precondition(newRows >= rows && newColumns >= columns, "padding cannot shrink a matrix")
    var result = DenseMatrix(rows: newRows, columns: newColumns)
    for row in 0..<rows {
      for column in 0..<columns {
        result.values[row * newColumns + column] = values[row * columns + column]
      }
    }
    return result
  }

  /// Rows become columns.
  public func transposed() -> DenseMatrix {
    var result = DenseMatrix(rows: columns, columns: rows)
    for row in 0..<rows {
      for column in 0..<columns {
        result.values[column * rows + row] = values[row * columns + column]
      }
    }
    return result
  }

  /// The matrix product.
  /// - Precondition: `a` has as many columns as `b` has rows.
  public static func * (a: DenseMatrix, b: DenseMatrix) -> DenseMatrix {
    precondition(a.columns == b.rows, "matrices that do not fit")
    var result = DenseMatrix(rows: a.rows, columns: b.columns)
    guard !result.values.isEmpty, a.columns > 0 else { return result }
    unsafe result.values.withUnsafeMutableBufferPointer { target in
      unsafe cblas_sgemm(
        CblasRowMajor, CblasNoTrans, CblasNoTrans, Int32(a.rows), Int32(b.columns),
        Int32(a.columns), 1, a.values, Int32(a.columns), b.values, Int32(b.columns), 0,
        target.baseAddress, Int32(b.columns))
    }
    return result
  }

  /// Adds another matrix of the same shape.
  public static func += (a: inout DenseMatrix, b: DenseMatrix) {
    precondition(a.rows == b.rows && a.columns == b.columns, "matrices of unequal shapes")
    for index in a.values.indices { a.values[index] += b.values[index] }
  }
}

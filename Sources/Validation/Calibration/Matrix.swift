/// A dense matrix of doubles, row by row.
struct Matrix {
  private(set) var rows: Int
  let columns: Int
  private var values: [Double]

  /// A matrix of zeros.
  init(rows: Int, columns: Int) {
    self.rows = rows
    self.columns = columns
    values = Array(repeating: 0, count: rows * columns)
  }

  subscript(row: Int, column: Int) -> Double {
    get { values[row * columns + column] }
    set { values[row * columns + column] = newValue }
  }

  /// A row more, at the end.
  mutating func append(_ row: [Double]) {
    precondition(row.count == columns)
    values += row
    rows += 1
  }

  /// Some of the columns, in the given order.
  func selecting(_ kept: [Int]) -> Matrix {
    var result = Matrix(rows: rows, columns: kept.count)
    for row in 0..<rows {
      for (index, column) in kept.enumerated() { result[row, index] = self[row, column] }
    }
    return result
  }

  /// The product with a vector.
  func times(_ vector: [Double]) -> [Double] {
    (0..<rows).map { row in
      (0..<columns).reduce(0) { $0 + self[row, $1] * vector[$1] }
    }
  }

  /// The product of the transpose with a vector.
  func transposedTimes(_ vector: [Double]) -> [Double] {
    (0..<columns).map { column in
      (0..<rows).reduce(0) { $0 + self[$1, column] * vector[$1] }
    }
  }
}

/// The QR decomposition of a matrix by Householder reflections: the way to solve least squares that
/// does not square the condition number (Golub and Van Loan, "Matrix Computations", 5.2 and 5.3).
struct QRDecomposition {
  /// `R` in the upper triangle, the reflections below and in `scales`.
  private var factors: Matrix
  private var scales: [Double]
  private var diagonal: [Double]

  /// Decomposes a matrix that has at least as many rows as columns.
  init(_ matrix: Matrix) {
    precondition(matrix.rows >= matrix.columns, "fewer rows than columns")
    factors = matrix
    scales = []
    diagonal = []
    for column in 0..<matrix.columns {
      var square = 0.0
      for row in column..<matrix.rows { square += factors[row, column] * factors[row, column] }
      let norm = square.squareRoot()
      let head = factors[column, column]
      let pivot = head > 0 ? -norm : norm
      diagonal.append(pivot)
      guard norm > 0 else {
        scales.append(0)
        continue
      }
      factors[column, column] = head - pivot
      scales.append(1 / (pivot * (pivot - head)))
      for other in column + 1..<max(column + 1, matrix.columns) { reflect(column, other) }
    }
  }

  /// Applies the reflection of a column to another one.
  private mutating func reflect(_ column: Int, _ other: Int) {
    var product = 0.0
    for row in column..<factors.rows { product += factors[row, column] * factors[row, other] }
    product *= scales[column]
    for row in column..<factors.rows { factors[row, other] -= product * factors[row, column] }
  }

  /// The first column that is a combination of those before it; nil if there is none.
  ///
  /// The diagonal of `R` holds what of each column is new; relative to the column's length it would
  /// be of the order of the rounding error.
  func firstDependentColumn(lengths: [Double]) -> Int? {
    diagonal.indices.first { abs(diagonal[$0]) <= 1e-10 * lengths[$0] || lengths[$0] == 0 }
  }

  /// The vector that the matrix takes nearest to `target`.
  func solve(_ target: [Double]) -> [Double] {
    var target = target
    for column in diagonal.indices where scales[column] != 0 {
      var product = 0.0
      for row in column..<factors.rows { product += factors[row, column] * target[row] }
      product *= scales[column]
      for row in column..<factors.rows { target[row] -= product * factors[row, column] }
    }
    return backSubstitute(target)
  }

  /// The diagonal of the inverse of the matrix's product with its own transpose, as variances of
  /// estimates need it: the squared lengths of the rows of `R`'s inverse.
  func inverseNormalDiagonal() -> [Double] {
    var result = Array(repeating: 0.0, count: diagonal.count)
    for column in diagonal.indices {
      var unit = Array(repeating: 0.0, count: diagonal.count)
      unit[column] = 1
      for (row, value) in backSubstitute(unit).enumerated() { result[row] += value * value }
    }
    return result
  }

  private func backSubstitute(_ target: [Double]) -> [Double] {
    var solution = Array(repeating: 0.0, count: diagonal.count)
    for row in diagonal.indices.reversed() {
      var rest = target[row]
      for column in row + 1..<max(row + 1, diagonal.count) {
        rest -= factors[row, column] * solution[column]
      }
      solution[row] = rest / diagonal[row]
    }
    return solution
  }
}

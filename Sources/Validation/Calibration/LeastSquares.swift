import Primitives
import Replay

/// A linear model's coefficients from measurements, by weighted least squares.
public struct LeastSquares: Sendable {
  /// What is believed of a coefficient before the measurements: it counts like one more measurement
  /// of the coefficient itself.
  public struct Prior: Sendable, Equatable {
    /// The value believed in.
    public var mean: Double
    /// How far off it may be, in the coefficient's unit (one standard deviation). Compared with
    /// measurements, whose weights must then be inverse variances.
    public var deviation: Double

    /// Makes a prior; the deviation must be above 0.
    public init(mean: Double, deviation: Double) {
      precondition(deviation > 0)
      self.mean = mean
      self.deviation = deviation
    }
  }

  /// What came out.
  public struct Fit: Sendable, Equatable {
    /// The coefficients. The standard error of one that is held at 0 is 0.
    public var coefficients: [Estimate]
    /// Weighted sum of squared residuals of the measurements, priors not counted.
    public var residual: Double
    /// Variance of a measurement of weight 1: the residual over the degrees of freedom.
    public var variance: Double
  }

  /// The names of the coefficients.
  public let names: [String]
  /// For each coefficient what is believed of it beforehand; nil for nothing.
  public var priors: [Prior?]
  private var design: Matrix
  private var targets: [Double] = []

  /// A problem without measurements.
  public init(_ names: [String]) {
    self.names = names
    priors = Array(repeating: nil, count: names.count)
    design = Matrix(rows: 0, columns: names.count)
  }

  /// The number of measurements.
  public var count: Int { targets.count }

  /// Adds a measurement.
  /// - Parameters:
  ///   - factors: what each coefficient is multiplied by.
  ///   - target: what was measured.
  ///   - weight: its inverse variance, up to a factor common to all.
  public mutating func add(_ factors: [Double], target: Double, weight: Double = 1) {
    precondition(weight >= 0)
    let root = weight.squareRoot()
    design.append(factors.map { $0 * root })
    targets.append(target * root)
  }

  /// Fits all coefficients.
  /// - Throws: `PitwallError` (data) that names a coefficient which the measurements say nothing
  ///   about, or cannot tell from the others.
  public func fit() throws -> Fit {
    let (matrix, targets) = problem()
    guard matrix.rows >= names.count else {
      throw PitwallError(
        .data, "\(count) measurements do not determine \(names.count) coefficients")
    }
    let decomposition = QRDecomposition(matrix)
    if let column = decomposition.firstDependentColumn(lengths: lengths(of: matrix)) {
      throw PitwallError(.data, "the measurements do not determine \"\(names[column])\"")
    }
    return finish(decomposition.solve(targets), free: Array(names.indices))
  }

  /// Fits coefficients none of which is below 0, by the active-set method of Lawson and Hanson
  /// ("Solving Least Squares Problems", 1974, chapter 23). A coefficient that the measurements say
  /// nothing about, or cannot tell from those already used, stays 0.
  public func fitNonNegative() -> Fit {
    let (matrix, targets) = problem()
    let lengths = lengths(of: matrix)
    var solution = Array(repeating: 0.0, count: names.count)
    var free: [Int] = []
    var dependent: Set<Int> = []
    let scale = targets.reduce(0) { $0 + $1 * $1 }.squareRoot()
    // Each turn lowers the residual, so that no set of free coefficients comes twice; but for
    // rounding, hence the bound.
    for _ in 0..<10 * (names.count + 1) {
      guard
        let next = steepest(matrix, targets, solution, lengths, beyond: free, dependent, scale)
      else { break }
      free.append(next)
      guard var candidate = solve(matrix, targets, free, lengths), candidate[next] > 0 else {
        // Rounding alone made it look useful.
        free.removeLast()
        dependent.insert(next)
        continue
      }
      while let smallest = free.map({ candidate[$0] }).min(), smallest <= 0 {
        var step = 1.0
        for column in free where candidate[column] <= 0 {
          step = min(step, solution[column] / (solution[column] - candidate[column]))
        }
        for column in free { solution[column] += step * (candidate[column] - solution[column]) }
        for column in free where solution[column] <= 1e-14 / max(lengths[column], 1e-300) * scale {
          solution[column] = 0
        }
        free.removeAll { solution[$0] == 0 }
        candidate = solve(matrix, targets, free, lengths) ?? solution
      }
      solution = candidate
      dependent.removeAll()
    }
    return finish(solution, free: free.sorted())
  }

  /// The measurements with the priors below them.
  private func problem() -> (Matrix, [Double]) {
    var matrix = design
    var targets = targets
    for (column, prior) in priors.enumerated() {
      guard let prior else { continue }
      var row = Array(repeating: 0.0, count: names.count)
      row[column] = 1 / prior.deviation
      matrix.append(row)
      targets.append(prior.mean / prior.deviation)
    }
    return (matrix, targets)
  }

  private func lengths(of matrix: Matrix) -> [Double] {
    names.indices.map { column in
      (0..<matrix.rows).reduce(0) { $0 + matrix[$1, column] * matrix[$1, column] }.squareRoot()
    }
  }

  /// The column whose growth from 0 would lower the residual most; nil if none would.
  private func steepest(
    _ matrix: Matrix, _ targets: [Double], _ solution: [Double], _ lengths: [Double],
    beyond free: [Int], _ excluded: Set<Int>, _ scale: Double
  ) -> Int? {
    let residuals = zip(targets, matrix.times(solution)).map { $0 - $1 }
    let slopes = matrix.transposedTimes(residuals)
    var best: (column: Int, slope: Double)?
    for column in names.indices where !free.contains(column) && !excluded.contains(column) {
      guard lengths[column] > 0 else { continue }
      let slope = slopes[column] / lengths[column]
      if slope > 1e-12 * scale, slope > best?.slope ?? 0 { best = (column, slope) }
    }
    return best?.column
  }

  /// Least squares over some of the columns, the others being 0; nil where these depend on one
  /// another.
  private func solve(
    _ matrix: Matrix, _ targets: [Double], _ free: [Int], _ lengths: [Double]
  ) -> [Double]? {
    guard matrix.rows >= free.count else { return nil }
    let decomposition = QRDecomposition(matrix.selecting(free))
    guard decomposition.firstDependentColumn(lengths: free.map { lengths[$0] }) == nil else {
      return nil
    }
    var solution = Array(repeating: 0.0, count: names.count)
    for (column, value) in zip(free, decomposition.solve(targets)) { solution[column] = value }
    return solution
  }

  private func finish(_ solution: [Double], free: [Int]) -> Fit {
    let residuals = zip(targets, design.times(solution)).map { $0 - $1 }
    let residual = residuals.reduce(0) { $0 + $1 * $1 }
    let freedom = max(1, design.rows - free.count)
    let variance = residual / Double(freedom)
    var estimates = solution.map { Estimate($0, standardError: 0) }
    let errors = QRDecomposition(problem().0.selecting(free)).inverseNormalDiagonal()
    for (column, error) in zip(free, errors) {
      estimates[column].standardError = (error * variance).squareRoot()
    }
    return Fit(coefficients: estimates, residual: residual, variance: variance)
  }
}

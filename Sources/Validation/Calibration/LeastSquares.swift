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
    if let column = decomposition.firstDependentColumn(lengths: matrix.columnLengths) {
      throw PitwallError(.data, "the measurements do not determine \"\(names[column])\"")
    }
    return finish(decomposition.solve(targets), free: Array(names.indices))
  }

  /// Fits coefficients none of which is below 0. A coefficient that the measurements say nothing
  /// about, or cannot tell from others, stays 0.
  public func fitNonNegative() -> Fit {
    let (matrix, targets) = problem()
    let none = Array(repeating: 0.0, count: names.count)
    let bounded = BoundedLeastSquares(
      matrix, targets: targets, lower: none,
      upper: Array(repeating: .infinity, count: names.count), start: none)
    return finish(bounded.solution, free: bounded.free.sorted())
  }

  /// What the measurements say about given coefficients: the residual, and standard errors.
  ///
  /// A coefficient at 0 counts as held there; so does one that cannot be told from those before it.
  public func statement(on coefficients: [Double]) -> Fit {
    let matrix = problem().0
    var free = Array(coefficients.indices.filter { coefficients[$0] > 0 }.prefix(matrix.rows))
    let lengths = matrix.columnLengths
    while let dependent = QRDecomposition(matrix.selecting(free))
      .firstDependentColumn(lengths: free.map { lengths[$0] })
    {
      free.remove(at: dependent)
    }
    return finish(coefficients, free: free)
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

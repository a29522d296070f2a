/// Least squares between bounds, by the active-set method of Lawson and Hanson ("Solving Least
/// Squares Problems", 1974, chapter 23) with upper bounds as well (Stark and Parker,
/// "Bounded-variable least squares", Computational Statistics 10, 1995).
struct BoundedLeastSquares {
  /// The values; those that are not free lie at a bound.
  private(set) var solution: [Double]
  /// The columns that are not held at a bound.
  private(set) var free: [Int]
  private let matrix: Matrix
  private let targets: [Double]
  private let lower: [Double]
  private let upper: [Double]
  private let lengths: [Double]

  /// Solves a problem.
  ///
  /// A column that is empty, or that depends on those already free, stays where it began.
  /// - Parameter start: values between the bounds to begin from.
  init(
    _ matrix: Matrix, targets: [Double], lower: [Double], upper: [Double], start: [Double]
  ) {
    self.matrix = matrix
    self.targets = targets
    self.lower = lower
    self.upper = upper
    lengths = matrix.columnLengths
    solution = start
    free = []
    for column in start.indices where lengths[column] > 0 {
      if start[column] > lower[column] && start[column] < upper[column] { free.append(column) }
    }
    solve()
  }

  private mutating func solve() {
    settle()
    var useless: Set<Int> = []
    // Each turn lowers the residual, so that no set of free columns comes twice; but for rounding,
    // hence the bound.
    for _ in 0..<10 * (solution.count + 1) {
      guard let next = steepest(except: useless) else { return }
      free.append(next)
      let isLower = solution[next] <= lower[next]
      guard let wanted = unbounded()?[next],
        isLower ? wanted > solution[next] : wanted < solution[next]
      else {
        // Rounding alone made it look useful.
        free.removeLast()
        useless.insert(next)
        continue
      }
      settle()
      useless.removeAll()
    }
  }

  /// Goes to the solution over the free columns; where a bound is in the way, as far as the first,
  /// at which that column is then held.
  private mutating func settle() {
    while let wanted = unbounded() {
      var first: (column: Int, step: Double)?
      for column in free where wanted[column] <= lower[column] || wanted[column] >= upper[column] {
        let bound = wanted[column] <= lower[column] ? lower[column] : upper[column]
        let move = wanted[column] - solution[column]
        let step = move == 0 ? 1 : (bound - solution[column]) / move
        if step < first?.step ?? .infinity { first = (column, step) }
      }
      guard let first else {
        solution = wanted
        return
      }
      for column in free {
        let moved = solution[column] + first.step * (wanted[column] - solution[column])
        solution[column] = min(max(moved, lower[column]), upper[column])
      }
      let atLower = wanted[first.column] <= lower[first.column]
      solution[first.column] = atLower ? lower[first.column] : upper[first.column]
      free.removeAll { solution[$0] <= lower[$0] || solution[$0] >= upper[$0] }
    }
  }

  /// The held column whose way from its bound would lower the residual most; nil if none would.
  private func steepest(except useless: Set<Int>) -> Int? {
    let residuals = zip(targets, matrix.times(solution)).map { $0 - $1 }
    let slopes = matrix.transposedTimes(residuals)
    let scale = targets.reduce(0) { $0 + $1 * $1 }.squareRoot()
    var best: (column: Int, slope: Double)?
    for column in solution.indices where !free.contains(column) && !useless.contains(column) {
      guard lengths[column] > 0, lower[column] < upper[column] else { continue }
      let slope = slopes[column] / lengths[column] * (solution[column] <= lower[column] ? 1 : -1)
      if slope > 1e-12 * scale, slope > best?.slope ?? 0 { best = (column, slope) }
    }
    return best?.column
  }

  /// Least squares over the free columns, the others being where they are; nil where these depend
  /// on one another.
  private func unbounded() -> [Double]? {
    guard matrix.rows >= free.count else { return nil }
    let decomposition = QRDecomposition(matrix.selecting(free))
    guard decomposition.firstDependentColumn(lengths: free.map { lengths[$0] }) == nil else {
      return nil
    }
    var held = solution
    for column in free { held[column] = 0 }
    let rest = zip(targets, matrix.times(held)).map { $0 - $1 }
    for (column, value) in zip(free, decomposition.solve(rest)) { held[column] = value }
    return held
  }
}

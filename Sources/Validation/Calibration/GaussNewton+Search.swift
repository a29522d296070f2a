import Primitives
import Replay

extension GaussNewton {
  /// The state of a search.
  struct Search {
    typealias Predict = ([[Double]]) throws -> [[Double]]

    private let problem: GaussNewton
    private let observations: [Double]
    private let roots: [Double]
    private var values: [Double]
    private var predictions: [Double] = []
    private var damping = 1e-3
    /// The derivatives at the current values, once they have been computed.
    private var derivatives: Matrix?
    private(set) var result: Result

    init(_ problem: GaussNewton, observations: [Double], weights: [Double]) {
      self.problem = problem
      self.observations = observations
      roots = weights.map { $0.squareRoot() }
      values = problem.parameters.map(\.start)
      result = Result(
        parameters: [], residual: .infinity, objective: .infinity, iterations: 0, converged: false)
    }

    mutating func begin(_ predict: Predict) throws {
      predictions = try first(predict([values]))
      (result.residual, result.objective) = cost(values, predictions)
      guard result.objective.isFinite else {
        throw PitwallError(.data, "the fit cannot begin: a prediction is not finite")
      }
      result.parameters = values.map { Estimate($0, standardError: 0) }
    }

    /// Linearises at the current values and goes to a better point, with ever more damping until
    /// there is one; without one, the search has converged.
    mutating func improve(_ predict: Predict) throws {
      result.iterations += 1
      let jacobian = try derivatives ?? jacobian(predict)
      derivatives = jacobian
      for _ in 0..<12 {
        let candidate = step(jacobian)
        let moved = zip(candidate, values).contains { $0 != $1 }
        guard moved else { break }
        let predicted = try first(predict([candidate]))
        let (residual, objective) = cost(candidate, predicted)
        if objective < result.objective {
          let improvement = (result.objective - objective) / max(result.objective, 1e-300)
          (values, predictions, derivatives) = (candidate, predicted, nil)
          (result.residual, result.objective) = (residual, objective)
          for index in values.indices { result.parameters[index].value = values[index] }
          damping = max(damping / 10, 1e-12)
          result.converged = improvement < problem.tolerance
          return
        }
        damping *= 10
      }
      result.converged = true
    }

    private func first(_ predictions: [[Double]]) -> [Double] {
      precondition(predictions.count == 1 && predictions[0].count == observations.count)
      return predictions[0]
    }

    private func cost(_ values: [Double], _ predictions: [Double]) -> (Double, Double) {
      var residual = 0.0
      for index in observations.indices {
        let error = roots[index] * (observations[index] - predictions[index])
        residual += error * error
      }
      var objective = residual
      for (parameter, value) in zip(problem.parameters, values) {
        guard let prior = parameter.prior else { continue }
        let error = (value - prior.mean) / prior.deviation
        objective += error * error
      }
      // A comparison with a value that is not a number would be false either way.
      return objective.isFinite ? (residual, objective) : (.infinity, .infinity)
    }

    /// Derivatives of the predictions, one column a parameter, by one-sided differences that stay
    /// within the bounds.
    private func jacobian(_ predict: Predict) throws -> Matrix {
      var vectors: [[Double]] = []
      for (index, parameter) in problem.parameters.enumerated() {
        let width = problem.relativeStep * max(abs(values[index]), parameter.scale)
        var vector = values
        let isUpward = values[index] + width <= parameter.bounds.upperBound
        vector[index] =
          isUpward
          ? values[index] + width : max(values[index] - width, parameter.bounds.lowerBound)
        vectors.append(vector)
      }
      let moved = try predict(vectors)
      precondition(moved.count == vectors.count)
      var jacobian = Matrix(rows: observations.count, columns: vectors.count)
      for (column, vector) in vectors.enumerated() {
        let width = vector[column] - values[column]
        guard width != 0 else { continue }
        for row in observations.indices {
          let slope = roots[row] * (moved[column][row] - predictions[row]) / width
          jacobian[row, column] = slope.isFinite ? slope : 0
        }
      }
      return jacobian
    }

    /// The values that minimise the damped, linearised objective within the bounds.
    private func step(_ jacobian: Matrix) -> [Double] {
      var matrix = jacobian
      var targets = observations.indices.map { roots[$0] * (observations[$0] - predictions[$0]) }
      let lengths = jacobian.columnLengths
      for (column, parameter) in problem.parameters.enumerated() {
        var row = Array(repeating: 0.0, count: values.count)
        var curvature = lengths[column] * lengths[column]
        if let prior = parameter.prior {
          row[column] = 1 / prior.deviation
          matrix.append(row)
          targets.append((prior.mean - values[column]) / prior.deviation)
          curvature += 1 / (prior.deviation * prior.deviation)
        }
        // What nothing depends on is kept where it is.
        row[column] = curvature > 0 ? (damping * curvature).squareRoot() : 1 / parameter.scale
        matrix.append(row)
        targets.append(0)
      }
      let moves = BoundedLeastSquares(
        matrix, targets: targets,
        lower: zip(problem.parameters, values).map { $0.bounds.lowerBound - $1 },
        upper: zip(problem.parameters, values).map { $0.bounds.upperBound - $1 },
        start: values.map { _ in 0 }
      ).solution
      return values.indices.map { index in
        let bounds = problem.parameters[index].bounds
        return min(max(values[index] + moves[index], bounds.lowerBound), bounds.upperBound)
      }
    }

    /// Standard errors from the linearisation at the end: of the parameters that are not at a bound, and that
    /// something depends on.
    mutating func estimateErrors(_ predict: Predict) throws {
      let jacobian = try derivatives ?? jacobian(predict)
      let lengths = jacobian.columnLengths
      let free = values.indices.filter { index in
        let parameter = problem.parameters[index]
        let isInside =
          values[index] > parameter.bounds.lowerBound && values[index] < parameter.bounds.upperBound
        return isInside && (lengths[index] > 0 || parameter.prior != nil)
      }
      var matrix = jacobian.selecting(free)
      for (column, index) in free.enumerated() {
        guard let prior = problem.parameters[index].prior else { continue }
        var row = Array(repeating: 0.0, count: free.count)
        row[column] = 1 / prior.deviation
        matrix.append(row)
      }
      guard matrix.rows >= free.count, !free.isEmpty else { return }
      let decomposition = QRDecomposition(matrix)
      guard decomposition.firstDependentColumn(lengths: matrix.columnLengths) == nil else { return }
      let variance = result.residual / Double(max(1, observations.count - free.count))
      for (index, inverse) in zip(free, decomposition.inverseNormalDiagonal()) {
        result.parameters[index].standardError = (inverse * variance).squareRoot()
      }
    }
  }
}

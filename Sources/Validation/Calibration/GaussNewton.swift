import Primitives
import Replay

/// Non-linear least squares: parameters at which predictions come nearest to observations.
///
/// Gauss-Newton with Levenberg's and Marquardt's damping (Nocedal and Wright, "Numerical
/// Optimization", chapter 10), derivatives by finite differences. Made for predictions that a
/// simulation computes: few evaluations, steps of derivatives far above a simulation's noise (whose
/// random numbers must be the same in every call), and predictions of many observables at once, for
/// which a caller may use all its cores.
public struct GaussNewton: Sendable {
  /// A parameter.
  public struct Parameter: Sendable, Equatable {
    /// Its name, for errors and reports.
    public var name: String
    /// The value to begin with.
    public var start: Double
    /// Where it may lie.
    public var bounds: ClosedRange<Double>
    /// The typical size of a change that matters, above 0: derivatives are taken over
    /// ``GaussNewton/relativeStep`` of it, or of the value where that is larger.
    public var scale: Double
    /// What is known of it beforehand; compared with observations in units of their deviations.
    public var prior: LeastSquares.Prior?

    /// Makes a parameter.
    public init(
      _ name: String, start: Double,
      bounds: ClosedRange<Double> = 0...Double.greatestFiniteMagnitude,
      scale: Double, prior: LeastSquares.Prior? = nil
    ) {
      precondition(scale > 0)
      self.name = name
      self.start = min(max(start, bounds.lowerBound), bounds.upperBound)
      self.bounds = bounds
      self.scale = scale
      self.prior = prior
    }
  }

  /// What came out.
  public struct Result: Sendable, Equatable {
    /// The parameters. The standard error of one that is held at a bound is 0.
    public var parameters: [Estimate]
    /// Weighted sum of squared residuals, without the priors.
    public var residual: Double
    /// The sum that was minimised: with the priors.
    public var objective: Double
    /// Linearisations made.
    public var iterations: Int
    /// Whether it ended because nothing improved any more, not because of ``maxIterations``.
    public var converged: Bool
  }

  /// The parameters.
  public var parameters: [Parameter]
  /// Most linearisations.
  public var maxIterations = 20
  /// The share of a parameter over which derivatives are taken.
  public var relativeStep = 0.02
  /// The relative improvement of the objective below which it ends.
  public var tolerance = 1e-6

  /// Makes a problem.
  public init(_ parameters: [Parameter]) { self.parameters = parameters }

  /// Fits the parameters.
  /// - Parameters:
  ///   - observations: what was measured.
  ///   - weights: their inverse variances; 1 for all if nil.
  ///   - predict: what is predicted with each of several vectors of parameters, in the order of the
  ///     observations. It gets all vectors of a linearisation at once, so that it can work on them
  ///     at the same time.
  /// - Throws: what `predict` throws; `PitwallError` (data) if a prediction is not finite at the
  ///   start.
  public func fit(
    observations: [Double], weights: [Double]? = nil,
    predict: (_ vectors: [[Double]]) throws -> [[Double]]
  ) throws -> Result {
    let weights = weights ?? Array(repeating: 1, count: observations.count)
    precondition(weights.count == observations.count)
    var search = Search(self, observations: observations, weights: weights)
    try search.begin(predict)
    while search.result.iterations < maxIterations, !search.result.converged {
      try search.improve(predict)
    }
    try search.estimateErrors(predict)
    return search.result
  }
}

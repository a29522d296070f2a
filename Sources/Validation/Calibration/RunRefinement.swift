import Primitives
import Replay
import Results
import Simulation
import Synchronization

/// Fits the coefficients of a profile's step terms to whole runs, by simulating these.
///
/// Steps measured alone determine most coefficients, but servers at work differ from benchmarks: in
/// what they do, and in what nobody made a benchmark of, such as queues. This is Gauss and Newton's
/// method on the logarithms of what was measured (``RunObservable``), with the derivatives of
/// ``LinearizedRun``, damped, robust against runs that something else went wrong in, and with the
/// benchmarks' coefficients as prior knowledge.
public struct RunRefinement: Sendable {
  /// What is believed of the coefficients of each model beforehand, by the model's name, in the
  /// order of ``StepTerm/allCases``.
  public typealias Priors = [String: [LeastSquares.Prior?]]

  /// The profile at which to begin.
  public var start: Profile
  /// What benchmarks say.
  public var priors: Priors
  /// The runs: those that served, of which something was measured.
  public let runs: [MeasuredRun]
  /// Times that the coefficients are improved.
  public var iterations = 4
  /// Whether to find the room in KV caches from the runs, too (``Profile/findingCapacities(_:)``).
  public var findsCapacities = false
  /// The seed of all simulations.
  public var seed: UInt64 = 1
  /// Simulations at a time; they change nothing but the time it takes.
  public var threads = 1

  /// How far coefficients go in one iteration, more or less, as a multiple of their own size.
  private static let stride = 6.0
  /// A coefficient's own size is never taken for less than what makes up this share of a step.
  private static let leastShare = 0.01

  /// Prepares to fit to runs; those that did not serve, or that nothing was measured of, are passed
  /// over, as are those of models that the profile does not have.
  public init(_ start: Profile, priors: Priors, runs: [MeasuredRun]) {
    self.start = start
    self.priors = priors
    let names = Set(start.models.map(\.name))
    self.runs = runs.filter { run in
      guard run.status == .ok, run.measured != nil else { return false }
      return ModelShape.known(as: run.model).map { names.contains($0.name) } ?? false
    }
  }

  /// Runs as a profile predicts them.
  public struct Point: Sendable {
    /// The profile.
    public var profile: Profile
    /// The runs, in order.
    let runs: [LinearizedRun]

    /// The runs as measured and as predicted.
    public var validated: [ValidatedRun] {
      runs.map { ValidatedRun($0.run, predicted: $0.prediction) }
    }
  }

  /// Points at which elasticities are computed anew: at the start, which may be far off, and where
  /// that leads. From there on they hardly change.
  private static let freshPoints = 2

  /// The number of simulations that a fit takes.
  public var simulations: Int {
    (iterations + 1 + min(iterations + 1, RunRefinement.freshPoints)) * runs.count
      + (iterations > 1 ? frontend.simulations : 0)
  }

  private var frontend: FrontendFit {
    var fit = FrontendFit(runs)
    fit.seed = seed
    fit.threads = threads
    return fit
  }

  /// Fits the coefficients.
  /// - Parameter finished: told whenever a simulation has ended; returns false to give up.
  /// - Returns: the best point that was found for each model, with standard errors.
  /// - Throws: `PitwallError` of a run that cannot be simulated; `CancellationError` where
  ///   `finished` gives up.
  public func fit(finished: @escaping @Sendable () -> Bool = { true }) async throws -> Point {
    var best = try await linearize(start, finished)
    var point = best
    for iteration in 0..<iterations {
      var next = point.profile.mapStep { model in
        problem(model, point, damped: true).fitNonNegative().coefficients.map(\.value)
      }
      if findsCapacities { next = next.findingCapacities(point.validated) }
      // Not before steps are about as long as they are in reality.
      if iteration == 1 { next = try await frontend.fit(next, finished: finished) }
      let isFresh = iteration + 1 < RunRefinement.freshPoints
      point = try await linearize(next, like: isFresh ? nil : point, finished)
      best = better(best, point)
    }
    let errors = best
    best.profile = best.profile.mapEstimates { model in
      problem(model, errors, damped: false).statement(on: model.coefficients).coefficients
    }
    best.profile = best.profile.knowingErrors(of: best.validated)
    return best
  }

  /// The profile that the runs which are `kept` would have led to from a point: one step without
  /// damping, which is all of the way, since the point is near.
  func profile(from point: Point, keeping kept: (MeasuredRun) -> Bool) -> Profile {
    let part = Point(profile: point.profile, runs: point.runs.filter { kept($0.run) })
    return part.profile.mapStep { model in
      problem(model, part, damped: false).fitNonNegative().coefficients.map(\.value)
    }
  }

  /// Simulates every run, and computes derivatives.
  /// - Parameter old: whose elasticities to take; where there is none, those of each run are found
  ///   by simulating it once more.
  private func linearize(
    _ profile: Profile, like old: Point? = nil, _ finished: @escaping @Sendable () -> Bool
  ) async throws -> Point {
    let here = ProfilePredictor(profile)
    let simulated = try await mapConcurrently(runs, threads: threads, finished: finished) { run in
      let steps = Mutex(StepProfile(slots: SlotLayout(count: run.slots, rank: run.slotRank)))
      let prediction = try here.predict(run, seed: seed) { first, count in
        steps.withLock { $0.add(first, count: count) }
      }
      return (prediction, steps.withLock { $0 })
    }
    let elasticities: [[RunObservable: Double]]
    if let old {
      elasticities = old.runs.map(\.elasticities)
    } else {
      let longer = ProfilePredictor(
        profile.mapStep { model in model.coefficients.map { $0 * LinearizedRun.scale } })
      let scaled = try await mapConcurrently(runs, threads: threads, finished: finished) { run in
        try longer.predict(run, seed: seed)
      }
      elasticities = zip(simulated, scaled).map { LinearizedRun.elasticities(from: $0.0, to: $1) }
    }
    let linearized = runs.indices.map { index in
      LinearizedRun(
        runs[index], simulated[index].0, simulated[index].1,
        coefficients: profile.model(of: runs[index])?.coefficients ?? [],
        elasticities: elasticities[index])
    }
    return Point(profile: profile, runs: linearized)
  }

  /// The linear problem that takes a model's coefficients to better ones.
  private func problem(_ model: Profile.Model, _ point: Point, damped: Bool) -> LeastSquares {
    let here = model.coefficients
    let runs = point.runs.filter { $0.run.isOf(model) }
    var problem = LeastSquares(StepTerm.allCases.map(\.rawValue))
    for row in runs.flatMap(\.rows) {
      let predicted = zip(row.slopes, here).reduce(0) { $0 + $1.0 * $1.1 }
      problem.add(row.slopes, target: predicted + row.residual, weight: row.weight)
    }
    problem.priors = priors[model.name] ?? problem.priors
    guard damped else { return problem }
    let stepTime = runs.reduce(0) { $0 + $1.stepTime }
    for index in here.indices {
      let amount = runs.reduce(0) { $0 + $1.means[index] }
      let size = amount > 0 ? RunRefinement.leastShare * stepTime / amount : 0
      let deviation = RunRefinement.stride * max(here[index], size, 1e-9)
      let damping = LeastSquares.Prior(mean: here[index], deviation: deviation)
      problem.priors[index] = problem.priors[index].map { $0.combined(with: damping) } ?? damping
    }
    return problem
  }

  /// For each model the point that explains the measurements better.
  private func better(_ old: Point, _ new: Point) -> Point {
    var improved: Set<String> = []
    for (before, after) in zip(old.profile.models, new.profile.models)
    where loss(after, new) < loss(before, old) {
      improved.insert(after.name)
    }
    let models = zip(old.profile.models, new.profile.models).map { before, after in
      improved.contains(after.name) ? after : before
    }
    let runs = zip(old.runs, new.runs).map { before, after in
      let model = ModelShape.known(as: after.run.model)?.name ?? ""
      return improved.contains(model) ? after : before
    }
    return Point(profile: old.profile.with(models), runs: runs)
  }

  /// What the fit minimises.
  private func loss(_ model: Profile.Model, _ point: Point) -> Double {
    let data = point.runs.filter { $0.run.isOf(model) }.flatMap(\.rows).reduce(0) { $0 + $1.loss }
    return zip(model.coefficients, priors[model.name] ?? []).reduce(data) { sum, pair in
      guard let prior = pair.1 else { return sum }
      let distance = (pair.0 - prior.mean) / prior.deviation
      return sum + distance * distance
    }
  }
}

extension LeastSquares.Prior {
  /// What follows from this and another, independent one.
  fileprivate func combined(with other: LeastSquares.Prior) -> LeastSquares.Prior {
    let (own, its) = (1 / (deviation * deviation), 1 / (other.deviation * other.deviation))
    return LeastSquares.Prior(
      mean: (mean * own + other.mean * its) / (own + its), deviation: 1 / (own + its).squareRoot())
  }
}

extension MeasuredRun {
  /// Whether it is a run of a model.
  func isOf(_ model: Profile.Model) -> Bool { ModelShape.known(as: self.model)?.name == model.name }
}

extension Profile.Model {
  /// The coefficients in the order of ``StepTerm/allCases``, us; 0 for terms that it does not have.
  var coefficients: [Double] {
    StepTerm.allCases.map { term in step.first { $0.term == term }?.microseconds.value ?? 0 }
  }
}

extension Profile {
  /// The model that a run is of.
  func model(of run: MeasuredRun) -> Model? { models.first { run.isOf($0) } }

  /// The profile with other models.
  func with(_ models: [Model]) -> Profile {
    Profile(
      name: name, engine: engine, accelerator: accelerator, fittedFrom: fittedFrom, models: models)
  }

  /// The profile with the errors of its predictions of the runs that it was fitted to.
  func knowingErrors(of runs: [ValidatedRun]) -> Profile {
    let names = Set(runs.map(\.model)).sorted()
    let table = ErrorTable(runs)
    return with(
      models.map { model in
        var model = model
        let own = names.first { ModelShape.known(as: $0)?.name == model.name }
        model.errors = own.map(table.fitErrors) ?? []
        return model
      })
  }

  /// The profile with other coefficients, in the order of ``StepTerm/allCases``.
  func mapStep(_ coefficients: (Model) -> [Double]) -> Profile {
    mapEstimates { model in coefficients(model).map { Estimate($0, standardError: 0) } }
  }

  /// Likewise, with standard errors.
  func mapEstimates(_ estimates: (Model) -> [Estimate]) -> Profile {
    with(
      models.map { model in
        var model = model
        model.step = zip(StepTerm.allCases, estimates(model)).filter { $0.1.value > 0 }.map {
          Model.StepCoefficient($0, microseconds: $1.rounded)
        }
        return model
      })
  }
}

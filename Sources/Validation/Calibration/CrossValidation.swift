import Primitives
import Results

/// Errors on runs that a fit has not seen: for each set of rates, those of a fit without its runs.
///
/// Room in the KV cache, load times and lengths of requests do not depend on rates, and stay. The
/// fits without a set begin at the whole one, where the derivatives of every run are known; each is
/// one Gauss-Newton step away, without damping.
public struct CrossValidation: Sendable {
  /// The runs of one set of rates.
  public struct Fold: Sendable {
    /// The rates, as ``RateSet`` writes them.
    public var rates: String
    /// The runs as the fit to all runs predicts them.
    public var seen: [ValidatedRun]
    /// The runs as the fit without them does.
    public var unseen: [ValidatedRun]
  }

  /// All runs, each as the fit without its rates predicts it.
  public var whole: Fold {
    Fold(rates: "each in turn", seen: folds.flatMap(\.seen), unseen: folds.flatMap(\.unseen))
  }

  /// By the rates' first occurrence in the file.
  public let folds: [Fold]

  /// Fits and predicts.
  /// - Parameters:
  ///   - refinement: the fit to all runs.
  ///   - point: what it led to.
  ///   - finished: told whenever a simulation has ended; returns false to give up.
  /// - Throws: as ``RunRefinement/fit(finished:)`` does.
  public init(
    _ refinement: RunRefinement, at point: RunRefinement.Point,
    finished: @escaping @Sendable () -> Bool = { true }
  ) async throws {
    var rates: [String] = []
    for run in refinement.runs where !rates.contains(RateSet.text(of: run)) {
      rates.append(RateSet.text(of: run))
    }
    let predictors = rates.map { left in
      ProfilePredictor(refinement.profile(from: point) { RateSet.text(of: $0) != left })
    }
    let tasks = refinement.runs.map { run in
      (run, predictors[rates.firstIndex(of: RateSet.text(of: run)) ?? 0])
    }
    let seed = refinement.seed
    let unseen = try await mapConcurrently(
      tasks, threads: refinement.threads, finished: finished
    ) { run, predictor in
      ValidatedRun(run, predicted: try predictor.predict(run, seed: seed))
    }
    let seen = point.validated
    folds = rates.map { rates in
      let members = refinement.runs.indices.filter {
        RateSet.text(of: refinement.runs[$0]) == rates
      }
      return Fold(
        rates: rates, seen: members.map { seen[$0] }, unseen: members.map { unseen[$0] })
    }
  }
}

import Orchestration
import Replay
import Results
import Simulation

/// A part of the model that is left out, to see what it contributes.
public struct Ablation: Sendable {
  /// The part: a term of the step time, or one of the others.
  public var name: String
  private let change: @Sendable (inout ProfilePredictor) -> Void

  private init(_ name: String, _ change: @escaping @Sendable (inout ProfilePredictor) -> Void) {
    self.name = name
    self.change = change
  }

  /// A predictor without the part.
  public func callAsFunction(_ predictor: ProfilePredictor) -> ProfilePredictor {
    var predictor = predictor
    change(&predictor)
    return predictor
  }

  /// Every part that can be left out of a predictor: the terms of its profile first, in the order
  /// of ``StepTerm``.
  public static func all(of predictor: ProfilePredictor) -> [Ablation] {
    let terms = StepTerm.allCases.filter { term in
      predictor.profile.models.contains { $0.step.contains { $0.term == term } }
    }
    return terms.map(withoutTerm) + others
  }

  private static func withoutTerm(_ term: StepTerm) -> Ablation {
    Ablation(term.rawValue) { predictor in
      predictor.changeModels { model in
        for index in model.step.indices where model.step[index].term == term {
          model.step[index].microseconds = Estimate(0, standardError: 0)
        }
      }
    }
  }

  private static let others = [
    Ablation("loads") { predictor in
      predictor.changeModels { model in
        for index in model.loads.indices { model.loads[index].milliseconds = 0 }
      }
    },
    Ablation("kv-per-slot") { predictor in
      predictor.changeModels { model in
        model.kv.perSlot = Estimate(0, standardError: 0)
        model.kv.perSlotRank = Estimate(0, standardError: 0)
      }
    },
    Ablation("length-correlation") { predictor in
      predictor.changeModels { $0.lengths?.correlation = 0 }
    },
    Ablation("early-stop") { predictor in
      predictor.changeModels { $0.lengths?.stopShare = 0 }
    },
    Ablation("connection-cap") { $0.client.ports = nil },
    Ablation("metrics-scrapes") { $0.client.scrapeInterval = nil },
    Ablation("frontend") { predictor in predictor.changeModels { $0.frontend = nil } },
    Ablation("reload-cascade") { $0.activation = .protected },
  ]
}

extension ProfilePredictor {
  fileprivate mutating func changeModels(_ change: (inout Profile.Model) -> Void) {
    let models = profile.models.map { model in
      var model = model
      change(&model)
      return model
    }
    profile = Profile(
      name: profile.name, engine: profile.engine, accelerator: profile.accelerator,
      fittedFrom: profile.fittedFrom, models: models)
  }
}

/// The errors that are left when a part of the model is not.
public struct AblatedErrors: Sendable, Equatable {
  /// The part that was left out.
  public var part: String
  /// The errors without it.
  public var table: ErrorTable

  /// Makes a result.
  public init(part: String, table: ErrorTable) {
    self.part = part
    self.table = table
  }

  /// By how much a mean error is larger without the part; nil where either has none.
  public func change(
    of metric: ValidationQuantity, from complete: ErrorTable, regime: String = ErrorTable.all
  ) -> Double? {
    guard let before = complete.entry(metric, regime: regime),
      let after = table.entry(metric, regime: regime)
    else { return nil }
    return after.errors.mean - before.errors.mean
  }
}

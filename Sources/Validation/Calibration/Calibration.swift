import Foundation
import Primitives
import Replay
import Simulation
import Workload

/// The measurements in a folder, and the profile that they give before anything is simulated: what
/// was measured alone (KV cache, loads, lengths, steps), each fitted by itself.
public struct Calibration: Sendable {
  /// What the engine was and ran on.
  public struct Subject: Sendable {
    /// The name of the profile.
    public var name: String
    /// The engine and its version.
    public var engine: String
    /// What it ran on, in words.
    public var accelerator: String

    /// Makes a subject.
    public init(name: String, engine: String, accelerator: String) {
      self.name = name
      self.engine = engine
      self.accelerator = accelerator
    }
  }

  /// The profile.
  public let profile: Profile
  /// The step terms as fitted to steps that were measured alone, by model.
  public let stepFits: [(model: String, fit: StepFit)]
  /// Whole runs, of all models.
  public let runs: [MeasuredRun]
  /// Whether the steps were measured on a server of another kind.
  let isAdapted: Bool

  init(adapted profile: Profile, runs: [MeasuredRun]) {
    self.profile = profile
    stepFits = profile.models.map { ($0.name, StepFit(known: $0.step)) }
    self.runs = runs
    isAdapted = true
  }

  /// Fits what a folder holds: `kv_memory.csv`, `adapter_load.csv`, `length_hist.csv`,
  /// `runs_v1.csv`, `step_groups.csv` and `estimator_runs.csv`.
  /// - Parameters:
  ///   - folder: where these files are.
  ///   - subject: what was measured.
  ///   - models: names in ``ModelShape/catalogue`` of those to fit; all where empty.
  /// - Throws: `PitwallError`: noInput for a file that is not there, data with file, line and column
  ///   of a malformed one, or for measurements that do not determine what is fitted.
  public init(
    folder: String, subject: Subject, models: [String] = []
  ) throws {
    var sources: [Profile.Source] = []
    func read(_ name: String, _ columns: [String]) throws -> CSVTable {
      let table = try CSVTable.read("\(folder)/\(name)", required: columns)
      sources.append(Profile.Source(file: name, sha256: table.digest, rows: table.rows.count))
      return table
    }
    let capacities = try read("kv_memory.csv", MeasuredCapacity.columns).byModel()
    if let absent = models.first(where: { name in !capacities.contains { $0.model.name == name } })
    {
      let known = capacities.map(\.model.name)
      throw PitwallError(
        .usage, "no model \"\(absent)\" was measured" + Suggestion.hint(for: absent, in: known))
    }
    let loads = try read("adapter_load.csv", MeasuredLoads.columns).byModel()
    let histograms = try read("length_hist.csv", Profile.Lengths.histogramColumns)
    let table = try read("runs_v1.csv", MeasuredLengths.columns + MeasuredRun.requiredColumns)
    let runs = try table.byModel()
    isAdapted = false
    self.runs = try MeasuredRun.read(table)
    let steps = try StepMeasurements(
      groups: read("step_groups.csv", MeasuredStep.columns),
      benchmarks: read("estimator_runs.csv", MeasuredStep.Benchmark.columns))
    let fits = steps.steps.map { (model: $0.model.name, fit: StepFit($0.steps)) }
    stepFits = fits

    let wanted = capacities.filter { models.isEmpty || models.contains($0.model.name) }
    let fitted = try wanted.map { model, rows in
      guard let fit = fits.first(where: { $0.model == model.name })?.fit else {
        throw PitwallError.data("\(folder)/step_groups.csv", "no step of \(model.name)")
      }
      let ran = try runs.first { $0.model.name == model.name }?.rows.compactMap(
        MeasuredLengths.init)
      let loaded = try loads.first { $0.model.name == model.name }?.rows
        .compactMap(MeasuredLoads.init)
      return Profile.Model(
        name: model.name, maxModelLength: model.maxContext,
        kv: try KVCapacity.fitted(to: rows.map(MeasuredCapacity.init)).rounded,
        step: fit.coefficients.filter { $0.microseconds.value > 0 }.map {
          .init($0.term, microseconds: $0.microseconds.rounded)
        },
        loads: Profile.Model.Load.fitted(to: loaded ?? []),
        frontend: .typical,
        lengths: try ran.flatMap { runs in
          runs.isEmpty ? nil : try .fitted(histograms: histograms, runs: runs)
        })
    }
    profile = Profile(
      name: subject.name, engine: subject.engine, accelerator: subject.accelerator,
      fittedFrom: sources, models: fitted)
  }
}

extension Calibration {
  /// How far coefficients of servers at work may be from those of benchmarks, as a share, and how far
  /// from those of other servers.
  private static let spread = (own: 0.3, others: 1.0)

  /// What the steps measured alone say of the coefficients: those that they determine to better
  /// than half of themselves. What another server's scheduler takes says nothing.
  public var priors: RunRefinement.Priors {
    let spread = isAdapted ? Calibration.spread.others : Calibration.spread.own
    let pairs = stepFits.map { model, fit in
      let priors = StepTerm.allCases.map { term -> LeastSquares.Prior? in
        guard let estimate = fit.coefficients.first(where: { $0.term == term })?.microseconds,
          estimate.value > 2 * estimate.standardError,
          !isAdapted || (term != .waiting && term != .waitingScanned)
        else { return nil }
        return LeastSquares.Prior(mean: estimate.value, deviation: spread * estimate.value)
      }
      return (model, priors)
    }
    return Dictionary(uniqueKeysWithValues: pairs)
  }
}

extension Estimate {
  /// To as many digits as people read: six of the value, two of its error.
  public var rounded: Estimate {
    Estimate(value.rounded(digits: 6), standardError: standardError.rounded(digits: 2))
  }
}

extension KVCapacity {
  var rounded: KVCapacity {
    KVCapacity(base: base.rounded, perSlotRank: perSlotRank.rounded, perSlot: perSlot.rounded)
  }
}

extension Double {
  /// The nearest number with so many significant digits.
  func rounded(digits: Int) -> Double {
    guard isFinite, self != 0 else { return self }
    // Dividing by a power of ten, unlike multiplying by its inverse, ends at the shortest text.
    let exponent = digits - 1 - Int(log10(magnitude).rounded(.down))
    let scale = pow(10, Double(abs(exponent)))
    return exponent >= 0 ? (self * scale).rounded() / scale : (self / scale).rounded() * scale
  }
}

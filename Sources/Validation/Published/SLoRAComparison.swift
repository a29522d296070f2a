import Primitives

/// S-LoRA's published results beside what the model predicts: from data sheets alone, and with an
/// implementation's efficiency fitted for each kind of device.
///
/// Two numbers a device are fitted, to the five rows of one file for the A10G and the six of one for
/// the A100; both have a single arrival process and no setting with Llama-13B. Everything else is
/// predicted: other ranks, rates, burstiness, the larger model, and the A100 with half the memory.
public struct SLoRAComparison: Sendable {
  /// Names of the two models.
  static let models = ["datasheet", "fitted"]

  private static let fittedFiles = [
    SLoRAExperiment.Device.a10g: "synthetic/slora/synthetic_num_adapters_a10g_S1_slora.jsonl",
    .a100Large: "synthetic/slora/synthetic_num_adapters_a100-80_S2_slora.jsonl",
  ]

  private let results: [SLoRAResult]
  private let threads: Int

  /// - Parameter threads: experiments at a time, at least 1.
  public init(_ results: [SLoRAResult], threads: Int) {
    self.results = results
    self.threads = threads
  }

  /// Simulates every experiment that can be.
  /// - Parameters:
  ///   - fits: whether to fit efficiencies; if not, there are predictions from data sheets only.
  ///   - finished: told whenever an experiment has been simulated; returns false to give up.
  /// - Throws: as ``SLoRAExperiment/predict(with:)`` does; `CancellationError` where `finished` gives
  ///   up.
  public func compare(
    fits: Bool, finished: @escaping @Sendable () -> Bool = { true }
  ) async throws -> PublishedComparison {
    var comparison = PublishedComparison(models: fits ? Self.models : [Self.models[0]])
    var subjects: [Subject] = []
    for result in results {
      switch result.subject {
      case .experiment(let experiment):
        guard let measured = result.measured else { continue }
        subjects.append(Subject(file: result.file, experiment: experiment, measured: measured))
      case .notSimulated(let reason): comparison.leaveOut(because: reason)
      }
    }
    var predictions = [try await predict(subjects, finished) { _ in nil }]
    if fits {
      let (fitted, notes) = try await fit(subjects, finished)
      comparison.notes = notes
      predictions.append(
        try await predict(subjects, finished) { fitted[$0.experiment.device.kind] })
    }
    for (index, subject) in subjects.enumerated() {
      comparison.figures += subject.figures(
        predictions.map { $0[index] }, isFitted: fits && Self.isFitted(subject))
    }
    return comparison
  }

  /// An experiment and what came of it.
  struct Subject: Sendable {
    var file: String
    var experiment: SLoRAExperiment
    var measured: SLoRAExperiment.Outcome
  }

  private static func isFitted(_ subject: Subject) -> Bool {
    fittedFiles[subject.experiment.device.kind] == subject.file
  }

  private func predict(
    _ subjects: [Subject], _ finished: @escaping @Sendable () -> Bool,
    with efficiency: (Subject) -> SLoRAEfficiency?
  ) async throws -> [SLoRAExperiment.Outcome] {
    try await mapConcurrently(
      subjects.map { ($0.experiment, efficiency($0)) }, threads: threads, finished: finished
    ) { try $0.predict(with: $1) }
  }

  /// The efficiency on each kind of device, and a line about each.
  private func fit(
    _ subjects: [Subject], _ finished: @escaping @Sendable () -> Bool
  ) async throws -> ([SLoRAExperiment.Device: SLoRAEfficiency], notes: [String]) {
    var fitted: [SLoRAExperiment.Device: SLoRAEfficiency] = [:]
    var notes: [String] = []
    for device in SLoRAExperiment.Device.allCases {
      let own = subjects.filter { Self.isFitted($0) && $0.experiment.device == device }
      guard !own.isEmpty else { continue }
      let found = try await SLoRAEfficiency.minimizing { candidate in
        let outcomes = try await predict(own, finished) { _ in candidate }
        return zip(own, outcomes).reduce(0) { $0 + $1.0.measured.error(of: $1.1) }
      }
      fitted[device] = found
      notes.append(
        "\(device.rawValue): \(percent(found.bandwidth)) % of peak bandwidth and "
          + "\(percent(found.stepOverhead * 10)) ms a step, fitted to \(own.count) rows of "
          + "\(own[0].file)")
    }
    return (fitted, notes)
  }
}

/// Hundredths, to a tenth.
private func percent(_ share: Double) -> Double { (share * 1000).rounded() / 10 }

extension SLoRAExperiment.Device {
  /// The device whose efficiency this one has.
  fileprivate var kind: SLoRAExperiment.Device { self == .a10g ? .a10g : .a100Large }
}

extension SLoRAExperiment.Outcome {
  /// What a fit makes small: the errors of throughput and latency. The others follow from these.
  fileprivate func error(of predicted: Self) -> Double {
    ErrorSummary.smape(measured: throughput, predicted: predicted.throughput)
      + ErrorSummary.smape(measured: latency, predicted: predicted.latency)
  }
}

extension SLoRAComparison.Subject {
  fileprivate func figures(
    _ outcomes: [SLoRAExperiment.Outcome], isFitted: Bool
  ) -> [PublishedFigure] {
    let workload = experiment.workload
    let quantities: [(String, (SLoRAExperiment.Outcome) -> Double)] = [
      ("throughput req/s", { $0.throughput }), ("latency s", { $0.latency }),
      ("first token s", { $0.firstToken }), ("attainment", { $0.attainment }),
    ]
    return quantities.map { name, value in
      PublishedFigure(
        group: "\(experiment.device.rawValue) \(experiment.setting.rawValue)",
        setting: "n=\(workload.adapters) R=\(short(workload.rate)) cv=\(short(workload.cv)) "
          + "T=\(short(workload.duration))",
        quantity: name, published: value(measured), predicted: outcomes.map(value),
        isFitted: isFitted)
    }
  }

  private func short(_ number: Double) -> String {
    number == number.rounded() ? "\(Int(number))" : "\(number)"
  }
}

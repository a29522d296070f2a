import Foundation
import Primitives
import Replay
import Simulation
import Synchronization
import Testing

@testable import Validation

/// A world whose coefficients are known, with runs that are as they make them.
private enum KnownWorld {
  static let truth: [StepTerm: Double] = [
    .step: 12_000, .adapter: 500, .decode: 60, .waitingScanned: 4,
  ]
  /// What benchmarks would say: a quarter off.
  static let start: [StepTerm: Double] = [.step: 9500, .adapter: 620, .decode: 45]

  static func profile(_ coefficients: [StepTerm: Double]) -> Profile {
    Synthetic.profile.mapStep { _ in StepTerm.allCases.map { coefficients[$0] ?? 0 } }
  }

  /// Ten runs of two minutes, lightly loaded and overloaded, with measurements that are simulated.
  static let runs = Result {
    var random = RandomStream(seed: 1, purpose: "known-world.test")
    var rows = [
      "run_no,family,group,model,engine,dataset,max_loras,max_lora_rank,n_adapters,adapter_ranks,"
        + "adapter_rates_req_s,total_time_s,max_num_seqs,status,regime"
    ]
    for number in 1...10 {
      let slots = 4 + random.index(below: 20)
      let (rates, regime) = number % 2 == 0 ? ("0.2-0.1", "unloaded") : ("1.5-1", "overloaded")
      rows.append(
        "\(number),f,g,llama-3.1-8b,V1,sharegpt,\(slots),8,\(2 * slots),8,\(rates),120,"
          + "\(10 + random.index(below: 60)),ok,\(regime)")
    }
    let predictor = ProfilePredictor(profile(truth))
    return try MeasuredRun.parse(rows.joined(separator: "\n"), file: "runs.csv").map { run in
      var run = run
      let prediction = try predictor.predict(run, seed: 1)
      var measured = MeasuredRun.Measurements(completed: prediction.completed)
      measured.totalTokensPerSecond = prediction.totalTokensPerSecond
      measured.itlMean = prediction.itlMean
      run.measured = measured
      return run
    }
  }

  static func refinement(
    of start: [StepTerm: Double] = start, _ runs: [MeasuredRun]
  ) -> RunRefinement {
    let priors = StepTerm.allCases.map { term in
      self.start[term].map { LeastSquares.Prior(mean: $0, deviation: 0.3 * $0) }
    }
    var refinement = RunRefinement(
      profile(start), priors: ["llama-3.1-8b": priors], runs: runs)
    refinement.threads = 2
    refinement.iterations = 1
    return refinement
  }

  /// A fit that several tests look at, with the very random numbers that the measurements were made
  /// with, so that these can be met.
  static let fit = Task { () -> (RunRefinement, RunRefinement.Point) in
    var whole = refinement(try runs.get())
    whole.iterations = 5
    return (whole, try await whole.fit())
  }
}

@Suite struct RunRefinementTests {
  private func values(_ profile: Profile) -> [StepTerm: Double] {
    Dictionary(
      uniqueKeysWithValues: profile.models[0].step.map { ($0.term, $0.microseconds.value) })
  }

  @Test func findsTheCoefficients() async throws {
    let (_, point) = try await KnownWorld.fit.value
    let found = values(point.profile)
    for (term, tolerance) in [(StepTerm.step, 0.05), (.adapter, 0.1), (.decode, 0.4)] {
      let wanted = try #require(KnownWorld.truth[term])
      #expect(abs((found[term] ?? 0) / wanted - 1) < tolerance, "\(term) \(found)")
    }
    for run in point.runs {
      #expect(run.rows.allSatisfy { abs($0.residual) < $0.deviation }, "run \(run.run.number)")
    }
    #expect(point.profile.models[0].step.allSatisfy { $0.microseconds.standardError >= 0 })
    #expect(point.profile.models[0].step.contains { $0.microseconds.standardError > 0 })
  }

  /// What the fit has not seen: other luck, and servers with other slots and limits.
  @Test(arguments: [(6, 12, 20), (20, 50, 48)])
  func predictsOtherServers(slots: Int, adapters: Int, sequences: Int) async throws {
    var run = try KnownWorld.runs.get()[0]
    (run.slots, run.adapters, run.maxSequences) = (slots, adapters, sequences)
    let (_, point) = try await KnownWorld.fit.value
    let found = try ProfilePredictor(point.profile).predict(run, seed: 2)
    let truth = try ProfilePredictor(KnownWorld.profile(KnownWorld.truth)).predict(run, seed: 2)
    #expect(abs(try #require(found.itlMean) / #require(truth.itlMean) - 1) < 0.05)
    #expect(abs(found.totalTokensPerSecond / truth.totalTokensPerSecond - 1) < 0.05)
  }

  /// The derivatives of one more simulation, against simulations with one coefficient changed.
  @Test func slopesAreThoseOfSimulations() async throws {
    var refinement = KnownWorld.refinement(
      of: KnownWorld.truth, Array(try KnownWorld.runs.get().prefix(4)))
    refinement.iterations = 0
    let point = try await refinement.fit()
    for (index, term) in StepTerm.allCases.enumerated() {
      guard term != .waitingScanned, let value = KnownWorld.truth[term] else { continue }
      let change = 0.05 * value
      var changed = KnownWorld.truth
      changed[term]? += change
      let predictor = ProfilePredictor(KnownWorld.profile(changed))
      var (expected, simulated) = (0.0, 0.0)
      for run in point.runs {
        let itl = try #require(run.prediction.itlMean)
        let moved = try #require(try predictor.predict(run.run, seed: 1).itlMean)
        expected += run.rows[0].slopes[index] * change
        simulated += log(moved / itl)
      }
      #expect(simulated > 0)
      #expect(abs(expected / simulated - 1) < 0.25, "\(term) \(expected) \(simulated)")
    }
  }

  @Test func threadsChangeNothing() async throws {
    var refinement = KnownWorld.refinement(Array(try KnownWorld.runs.get().prefix(4)))
    refinement.threads = 1
    let one = try await refinement.fit().profile
    refinement.threads = 3
    let simulations = Mutex(0)
    let three = try await refinement.fit {
      simulations.withLock { $0 += 1 }
      return true
    }
    #expect(three.profile == one)
    #expect(simulations.withLock { $0 } == refinement.simulations)
  }

  @Test func canBeGivenUp() async throws {
    let refinement = KnownWorld.refinement(try KnownWorld.runs.get())
    await #expect(throws: CancellationError.self) { try await refinement.fit { false } }
  }

  /// What benchmarks are sure of stays, whatever the runs say.
  @Test func priorsHold() async throws {
    var refinement = KnownWorld.refinement(Array(try KnownWorld.runs.get().prefix(4)))
    refinement.priors = [
      "llama-3.1-8b": StepTerm.allCases.map {
        $0 == .adapter ? LeastSquares.Prior(mean: 800, deviation: 0.01) : nil
      }
    ]
    // The best of the points counts priors as well, so that the start cannot win.
    let found = values(try await refinement.fit().profile)
    #expect(abs((found[.adapter] ?? 0) - 800) < 1)
  }

  @Test func fitsToRunsThatServed() throws {
    var runs = try KnownWorld.runs.get()
    runs[0].status = .memoryError
    runs[1].measured = nil
    runs[2].model = "qwen2.5-7b"
    #expect(KnownWorld.refinement(runs).runs.map(\.number) == Array(4...10))
  }

  @Test func leavesOutOneSetOfRatesAtATime() async throws {
    let (refinement, point) = try await KnownWorld.fit.value
    let validation = try await CrossValidation(refinement, at: point)
    #expect(validation.folds.map(\.rates) == ["1.5-1.0", "0.2-0.1"])
    for fold in validation.folds {
      #expect(fold.seen.map(\.number) == fold.unseen.map(\.number) && fold.seen.count == 5)
      #expect(fold.seen.map(\.predicted) != fold.unseen.map(\.predicted))
    }
    #expect(validation.whole.unseen.count == 10)
  }

  @Test func ratesAreNamedAsInTheFile() throws {
    let runs = try KnownWorld.runs.get()
    let left = try RateSet.leaving(["1.5-1"], outOf: runs)
    #expect(left.allSatisfy { RateSet.text(of: $0) == "0.2-0.1" } && left.count == 5)
    #expect(
      message { _ = try RateSet.leaving(["2-2"], outOf: runs) }?
        .hasPrefix("64 no run has the rates \"2-2\"") == true)
  }
}

@Suite struct RunObservableTests {
  /// Far off, a residual counts as its size, not as its square; and the loss has no jump.
  @Test func lossIsHubers() {
    func row(_ residual: Double) -> LinearizedRun.Row {
      LinearizedRun.Row(residual: residual, slopes: [], deviation: 0.1)
    }
    #expect(abs(row(0.1).loss - 1) < 1e-9 && abs(row(-0.2).loss - 4) < 1e-9)
    #expect(abs(row(0.3).loss - row(0.2).loss - 4) < 1e-9)
    for residual in [-0.5, -0.15, 0.05, 0.3, 1] {
      let slope = (row(residual + 1e-6).loss - row(residual - 1e-6).loss) / 2e-6
      #expect(abs(slope - 2 * row(residual).weight * residual) < 1e-3)
    }
  }

  @Test func whatTellsAboutSteps() {
    #expect(RunObservable.throughput.deviation(in: "unloaded") == nil)
    #expect(RunObservable.ttft.deviation(in: "overloaded") == nil)
    for regime in ["unloaded", "slot_queueing", "transition", "overloaded", ""] {
      #expect(RunObservable.itl.deviation(in: regime) != nil)
    }
  }
}

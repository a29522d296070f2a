import Foundation
import Primitives
import Replay
import Simulation
import Synchronization
import Testing

@testable import Validation

/// A world whose coefficients are known, with runs that are as they make them.
private struct KnownWorld {
  static let truth: [StepTerm: Double] = [
    .step: 12_000, .adapter: 500, .decode: 60, .waitingScanned: 4,
  ]

  static func profile(_ coefficients: [StepTerm: Double]) -> Profile {
    Synthetic.profile.mapStep { _ in StepTerm.allCases.map { coefficients[$0] ?? 0 } }
  }

  /// Runs of 100 s, lightly loaded and overloaded, with measurements that are simulated.
  static func runs(seed: UInt64) throws -> [MeasuredRun] {
    var random = RandomStream(seed: 1, purpose: "known-world.test")
    var rows = [
      "run_no,family,group,model,engine,dataset,max_loras,max_lora_rank,n_adapters,adapter_ranks,"
        + "adapter_rates_req_s,total_time_s,max_num_seqs,status,regime"
    ]
    for number in 1...16 {
      let slots = 4 + random.index(below: 28)
      let (rates, regime) = number % 2 == 0 ? ("0.1-0.05", "unloaded") : ("2-1", "overloaded")
      rows.append(
        "\(number),f,g,llama-3.1-8b,V1,sharegpt,\(slots),8,\(2 * slots),8,\(rates),100,"
          + "\(40 + random.index(below: 60)),ok,\(regime)")
    }
    let predictor = ProfilePredictor(profile(truth))
    return try MeasuredRun.parse(rows.joined(separator: "\n"), file: "runs.csv").map { run in
      var run = run
      let prediction = try predictor.predict(run, seed: seed)
      var measured = MeasuredRun.Measurements(completed: prediction.completed)
      measured.totalTokensPerSecond = prediction.totalTokensPerSecond
      measured.itlMean = prediction.itlMean
      measured.ttftMean = prediction.ttftMean
      run.measured = measured
      return run
    }
  }

  static func refinement(of start: [StepTerm: Double], _ runs: [MeasuredRun]) -> RunRefinement {
    RunRefinement(profile(start), priors: [:], runs: runs)
  }
}

@Suite struct RunRefinementTests {
  private let start: [StepTerm: Double] = [.step: 9000, .adapter: 800, .decode: 30]

  private func values(_ profile: Profile) -> [StepTerm: Double] {
    Dictionary(
      uniqueKeysWithValues: profile.models[0].step.map { ($0.term, $0.microseconds.value) })
  }

  /// With the very random numbers that the measurements were made with, they can be met.
  @Test func findsTheCoefficients() async throws {
    var refinement = KnownWorld.refinement(of: start, try KnownWorld.runs(seed: 1))
    refinement.iterations = 8
    let point = try await refinement.fit()
    let found = values(point.profile)
    for (term, tolerance) in [(StepTerm.step, 0.05), (.adapter, 0.1), (.decode, 0.35)] {
      let wanted = try #require(KnownWorld.truth[term])
      #expect(abs(try #require(found[term]) / wanted - 1) < tolerance, "\(term) \(found)")
    }
    for run in point.runs {
      #expect(run.rows.allSatisfy { abs($0.residual) < $0.deviation }, "run \(run.run.number)")
    }
    #expect(point.profile.models[0].step.allSatisfy { $0.microseconds.standardError >= 0 })
    #expect(point.profile.models[0].step.contains { $0.microseconds.standardError > 0 })
  }

  /// Other luck: predictions of runs that were not fitted to are right to what luck makes.
  @Test func predictsRunsThatItHasNotSeen() async throws {
    let runs = try KnownWorld.runs(seed: 2)
    var refinement = KnownWorld.refinement(of: start, Array(runs.prefix(10)))
    refinement.threads = 2
    let predictor = ProfilePredictor(try await refinement.fit().profile)
    for run in runs.dropFirst(10) {
      let itl = try #require(try predictor.predict(run, seed: 2).itlMean)
      #expect(abs(itl / (run.measured?.itlMean ?? 0) - 1) < 0.06, "run \(run.number)")
    }
  }

  /// The derivatives of one more simulation, against simulations with one coefficient changed.
  @Test(arguments: [StepTerm.step, .adapter, .decode])
  func slopesAreThoseOfSimulations(term: StepTerm) async throws {
    let runs = try KnownWorld.runs(seed: 1)
    var refinement = KnownWorld.refinement(of: KnownWorld.truth, runs)
    refinement.iterations = 0
    let point = try await refinement.fit()
    let index = try #require(StepTerm.allCases.firstIndex(of: term))
    var changed = KnownWorld.truth
    let change = try #require(changed[term]) * 0.03
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
    #expect(abs(expected / simulated - 1) < 0.25, "\(expected) \(simulated)")
  }

  @Test func threadsChangeNothing() async throws {
    var refinement = KnownWorld.refinement(of: start, try KnownWorld.runs(seed: 1))
    refinement.iterations = 1
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
    let refinement = KnownWorld.refinement(of: start, try KnownWorld.runs(seed: 1))
    await #expect(throws: CancellationError.self) { try await refinement.fit { false } }
  }

  /// What benchmarks are sure of stays, whatever the runs say.
  @Test func priorsHold() async throws {
    var refinement = KnownWorld.refinement(of: start, try KnownWorld.runs(seed: 1))
    refinement.priors = [
      "llama-3.1-8b": StepTerm.allCases.map {
        $0 == .adapter ? LeastSquares.Prior(mean: 800, deviation: 0.01) : nil
      }
    ]
    let found = values(try await refinement.fit().profile)
    #expect(abs(try #require(found[.adapter]) - 800) < 1)
  }

  @Test func fitsToRunsThatServed() throws {
    var runs = try KnownWorld.runs(seed: 1)
    runs[0].status = .memoryError
    runs[1].measured = nil
    runs[2].model = "qwen2.5-7b"
    let refinement = KnownWorld.refinement(of: start, runs)
    #expect(refinement.runs.map(\.number) == Array(4...16))
  }

  @Test func leavesOutOneSetOfRatesAtATime() async throws {
    var refinement = KnownWorld.refinement(of: start, try KnownWorld.runs(seed: 1))
    let point = try await refinement.fit()
    refinement.threads = 2
    let validation = try await CrossValidation(refinement, at: point)
    #expect(validation.folds.map(\.rates) == ["2.0-1.0", "0.1-0.05"])
    for fold in validation.folds {
      #expect(fold.seen.map(\.number) == fold.unseen.map(\.number) && fold.seen.count == 8)
      #expect(fold.seen.map(\.predicted) != fold.unseen.map(\.predicted))
    }
    #expect(validation.whole.unseen.count == 16)
  }

  @Test func ratesAreNamedAsInTheFile() throws {
    let runs = try KnownWorld.runs(seed: 1)
    let left = try RateSet.leaving(["2-1"], outOf: runs)
    #expect(left.allSatisfy { RateSet.text(of: $0) == "0.1-0.05" } && left.count == 8)
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

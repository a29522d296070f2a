import Orchestration
import Primitives
import Synchronization
import Testing

@testable import Simulation

@Suite struct StepProfileTests {
  private let slots = SlotLayout(count: 10, rank: 24)

  private func profile(_ bench: Bench, _ source: ListSource) throws -> (StepProfile, RunOutcome) {
    let profile = Mutex(StepProfile(slots: slots))
    var bench = bench
    bench.options.onSteps = { first, count in
      profile.withLock { $0.add(first, count: count) }
    }
    let outcome = try bench.run(source)
    return (profile.withLock { $0 }, outcome)
  }

  private func cost() -> FittedCost {
    var random = RandomStream(seed: 4, purpose: "step-profile.test")
    return FittedCost(
      StepTerm.allCases.map { .init($0, nanoseconds: random.uniform() * 1e4) }, slots: slots)
  }

  /// Steps run one by one are the oracle for leaps.
  @Test(arguments: 0..<30) func leapingEqualsStepping(_ seed: Int) throws {
    var random = RandomStream(seed: UInt64(seed), purpose: "step-profile.test")
    var (bench, source) = randomWorld(&random)
    bench.cost = cost()
    let (leapt, outcome) = try profile(bench, source)
    bench.options.leaps = false
    #expect(try profile(bench, source).0 == leapt)
    #expect(leapt.gaps <= Double(outcome.tokenGaps.reduce(0) { $0 + $1.count }))
    #expect(leapt.gaps > 0)
  }

  /// A sequence that nobody disturbs has a token a step: its mean gap is the mean step.
  @Test func theTermsAddUpToTheMeanGap() throws {
    var bench = Bench(adapters: 1)
    bench.cost = cost()
    var source = ListSource()
    source.add(at: 0, set: 1, prompt: 100, output: 300)
    let (profile, outcome) = try profile(bench, source)
    #expect(profile.gaps == 299)
    let gap = outcome.tokenGaps.reduce(0.0) { $0 + Double($1.gap) * Double($1.count) } / 299
    let sum = zip(cost().coefficients, StepTerm.allCases.indices).reduce(0.0) {
      $0 + $1.0.nanoseconds * profile.means[$1.1]
    }
    // Gaps are recorded in buckets of 0.1 %, and rounded to nanoseconds.
    #expect(abs(sum / gap - 1) < 2e-3)
  }

  @Test func withoutDecodingThereIsNothing() {
    var profile = StepProfile(slots: slots)
    var work = StepWork()
    work.promptTokens = 100
    profile.add(work, count: 3)
    #expect(profile.gaps == 0 && profile.means.allSatisfy { $0 == 0 })
  }

  /// Two steps of 3 sequences, over 30 and then 33 tokens; one of 1 sequence over 8.
  @Test func contextsGrowFromStepToStep() throws {
    var profile = StepProfile(slots: slots)
    var work = StepWork()
    (work.decodes, work.contextTokens) = (3, 30)
    profile.add(work, count: 2)
    (work.decodes, work.contextTokens) = (1, 8)
    profile.add(work, count: 1)
    let index = try #require(StepTerm.allCases.firstIndex(of: .contextToken))
    #expect(profile.gaps == 7)
    #expect(abs(profile.means[index] - Double(3 * 30 + 3 * 33 + 8) / 7) < 1e-12)
  }
}

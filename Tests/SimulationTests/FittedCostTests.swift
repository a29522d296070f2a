import Orchestration
import Primitives
import Testing

@testable import Simulation

@Suite struct FittedCostTests {
  private func step(
    decodes: Int = 0, chunks: [Int] = [], adapters: Int = 0, scanned: Int = 0, waiting: Int = 0
  ) -> StepWork {
    var step = StepWork()
    step.decodes = decodes
    step.promptTokens = chunks.reduce(0, +)
    step.promptPairs = chunks.reduce(0) { $0 + Int64($1 * ($1 + 1) / 2) }
    step.contextTokens = Int64(decodes) * 300
    step.adapters = adapters
    step.scanned = scanned
    step.waiting = waiting
    return step
  }

  private let slots = SlotLayout(count: 10, rank: 24)

  private func value(_ term: StepTerm, _ step: StepWork) -> Double {
    term.value(of: step, on: slots)
  }

  /// Worked by hand from the grids of the kernels: 10 slots of 2 tiles of ranks.
  @Test func gridsOfTheKernels() {
    // 1 token is padded to 8: one tile of tokens.
    #expect(value(.shrinkGrid, step(decodes: 1)) == 20)
    #expect(value(.expandGrid, step(decodes: 1)) == 10)
    // 121 are padded to 128: from there the hidden dimension is split 8 ways, over 4 tiles.
    #expect(value(.shrinkGrid, step(decodes: 120)) == 80)
    #expect(value(.shrinkGrid, step(decodes: 121)) == 20 * 8 * 4 / 64)
    #expect(value(.expandGrid, step(decodes: 121)) == 20)
    // Above 512 tokens nothing is padded.
    #expect(value(.expandGrid, step(decodes: 1, chunks: [512])) == 90)
    #expect(value(.expandGrid, step(decodes: 1, chunks: [511])) == 80)
    #expect(StepTerm.shrinkGrid.value(of: step(decodes: 9), on: SlotLayout(count: 0, rank: 8)) == 0)
  }

  @Test func otherTerms() {
    let small = step(decodes: 7, chunks: [100, 20], adapters: 3, scanned: 9, waiting: 11)
    let expected: [(StepTerm, Double)] = [
      (.step, 1), (.decode, 7), (.promptToken, 120), (.contextToken, 2100),
      (.prefill, 1), (.adapter, 3), (.adapterRank, 3), (.adapterSplit, 0), (.eager, 0),
      (.eagerToken, 0), (.waitingScanned, 9), (.waiting, 11),
    ]
    for (term, number) in expected { #expect(value(term, small) == number, "\(term)") }
    let large = step(decodes: 13, chunks: [500])
    #expect(value(.eager, large) == 1)
    #expect(value(.eagerToken, large) == 1)
    #expect(value(.prefill, step(decodes: 12)) == 0)
    // Padding to 128 tokens ends the split: 121 are like 128.
    #expect(value(.adapterSplit, step(decodes: 120, adapters: 5)) == 5)
    #expect(value(.adapterSplit, step(decodes: 121, adapters: 5)) == 0)
    // A server without slots, or with one tile of ranks, has nothing beyond the first.
    for rank in [0, 8, 16] {
      let layout = SlotLayout(count: 4, rank: rank)
      #expect(StepTerm.adapterRank.value(of: small, on: layout) == 0)
    }
    #expect(value(.eager, step(decodes: 12, chunks: [500])) == 0)
  }

  /// The whole is the sum of its parts, to the rounding of each to a nanosecond.
  @Test func theSumOfTheTerms() {
    var random = RandomStream(seed: 1, purpose: "fitted-cost.test")
    for _ in 0..<500 {
      let coefficients: [FittedCost.Coefficient] = StepTerm.allCases.filter { _ in
        random.index(below: 3) > 0
      }
      .map { .init($0, nanoseconds: random.uniform() * 1e5) }
      let work = step(
        decodes: random.index(below: 700),
        chunks: (0..<random.index(below: 4)).map { _ in 1 + random.index(below: 600) },
        adapters: random.index(below: 50), scanned: random.index(below: 1000))
      let whole = FittedCost(coefficients, slots: slots).duration(of: work)
      let parts = coefficients.map { coefficient in
        FittedCost([coefficient], slots: slots).duration(of: work)
          * (value(coefficient.term, work) == 0 ? 0 : 1)
      }
      #expect(abs(whole - max(1, parts.reduce(0, +))) <= 14)
    }
  }

  private func everything() -> FittedCost {
    var random = RandomStream(seed: 2, purpose: "fitted-cost.test")
    return FittedCost(
      StepTerm.allCases.map { .init($0, nanoseconds: random.uniform() * 1e4) }, slots: slots)
  }

  @Test func repeatedStepsCostTheSameToTheNanosecond() {
    var random = RandomStream(seed: 3, purpose: "fitted-cost.test")
    let costs: [any CostModel] = [
      everything(), LinearCost(base: 10, perDecode: 0.3, perContextToken: 0.7),
    ]
    for cost in costs {
      for _ in 0..<200 {
        var work = step(decodes: random.index(below: 700), adapters: random.index(below: 50))
        let duration = cost.durations(repeating: work)
        for _ in 0..<10 {
          work.contextTokens += Int64(work.decodes)
          #expect(duration(work.contextTokens) == cost.duration(of: work))
        }
      }
    }
  }

  /// Steps run one by one are the oracle for leaps.
  @Test(arguments: 0..<20) func leapingEqualsStepping(_ seed: Int) throws {
    var random = RandomStream(seed: UInt64(seed), purpose: "fitted-leap.test")
    var (bench, source) = randomWorld(&random)
    bench.cost = everything()
    var stepping = bench
    stepping.options.leaps = false
    let (a, b) = (try bench.run(source), try stepping.run(source))
    #expect(a.requests == b.requests)
    #expect(a.tokenGaps == b.tokenGaps)
    #expect(a.end == b.end)
  }

  @Test func neverLessThanANanosecond() {
    let cost = FittedCost([.init(.step, nanoseconds: -1e18)], slots: slots)
    #expect(cost.duration(of: StepWork()) == 1)
    let endless = FittedCost([.init(.step, nanoseconds: 1e30)], slots: slots)
    #expect(endless.duration(of: StepWork()) == 4_000_000_000_000_000_000)
  }

  @Test func everyTermSaysItsUnit() {
    #expect(Set(StepTerm.allCases.map(\.unit)).count == StepTerm.allCases.count)
    for term in StepTerm.allCases {
      #expect(term.rawValue.allSatisfy { $0.isLowercase || $0 == "-" })
    }
  }
}

@Suite struct TableCostTests {
  private func step(_ decodes: Int, _ prompt: Int, _ adapters: Int) -> StepWork {
    var step = StepWork()
    step.decodes = decodes
    step.promptTokens = prompt
    step.adapters = adapters
    return step
  }

  /// A function linear along each axis is reproduced everywhere, beyond the grid as well.
  @Test func reproducesWhatIsLinearAlongEachAxis() {
    func truth(_ d: Int, _ p: Int, _ a: Int) -> Double {
      1e7 + 3e4 * Double(d) + 2e3 * Double(p) + 1e5 * Double(a) + 7 * Double(d * p)
        + 40 * Double(d * a) + Double(d * p * a)
    }
    let axes = ([1, 5, 80, 256], [0, 64, 2048], [0, 3, 40, 41])
    var values: [Double] = []
    for d in axes.0 { for p in axes.1 { for a in axes.2 { values.append(truth(d, p, a)) } } }
    let table = TableCost(
      decodes: axes.0, promptTokens: axes.1, adapters: axes.2, nanoseconds: values)
    var random = RandomStream(seed: 1, purpose: "table.test")
    for _ in 0..<2000 {
      let (d, p, a) = (
        random.index(below: 400), random.index(below: 3000), random.index(below: 60)
      )
      let time = Double(table.duration(of: step(d, p, a)))
      #expect(abs(time - truth(d, p, a)) <= 1 + 1e-9 * truth(d, p, a), "\(d) \(p) \(a)")
    }
  }

  @Test func anAxisOfOnePointIsConstant() {
    let table = TableCost(
      decodes: [4], promptTokens: [0, 10], adapters: [2], nanoseconds: [100, 200])
    #expect(table.duration(of: step(99, 5, 7)) == 150)
    #expect(table.duration(of: step(0, 0, 0)) == 100)
  }

  @Test func extrapolationStopsAtANanosecond() {
    let table = TableCost(
      decodes: [10, 20], promptTokens: [0], adapters: [0], nanoseconds: [100, 200])
    #expect(table.duration(of: step(0, 0, 0)) == 1)
    #expect(table.duration(of: step(40, 0, 0)) == 400)
  }
}

@Suite struct LoadTimesTests {
  @Test func interpolatesBetweenRanksAndStaysBeyond() {
    let times = LoadTimes([(rank: 16, time: 200), (rank: 8, time: 100), (rank: 32, time: 100)])
    let expected: [(Int, Nanoseconds)] = [
      (1, 100), (8, 100), (12, 150), (16, 200), (24, 150), (32, 100), (64, 100),
    ]
    for (rank, time) in expected { #expect(times.duration(rank: rank) == time, "\(rank)") }
  }

  @Test func takeTheLinksPlaceIntoTheDeviceOnly() {
    let link = Link(bandwidth: 1e9, latency: 5, lanes: 1)
    let model = ServerModel(
      cost: LinearCost(base: 1), links: [link, link, link],
      deviceLoads: LoadTimes([(rank: 8, time: 77)]))
    let adapter = Adapter(
      name: "a", baseModel: "m", rank: 8, targetModules: [], bytes: 1000, tensors: 1)
    #expect(model.loadCosts(of: AdapterCatalogue([adapter])) == [[0], [1005], [1005], [77]])
  }
}

import Primitives
import Testing

@testable import Workload

@Suite struct TransformTests {
  // MARK: Helpers

  /// Requests at whole seconds over five sessions of two tenants, a third of them base-only.
  static func sample(_ count: Int, seed: UInt64 = 1, span: Double = 5000) throws -> Trace {
    var random = RandomStream(seed: seed, purpose: "sample")
    var builder = TraceBuilder(name: "sample")
    builder.origins[.arrival] = Origin(.recorded, "a test")
    builder.origins[.adapters] = Origin(.recorded, "a test")
    for request in 0..<count {
      var row = TraceBuilder.Row(
        arrival: Int64(random.uniform() * span) * 1_000_000_000)
      let session = random.index(below: 5)
      row.session = builder.internSession("session \(session)")
      row.tenant = builder.internTenant("tenant \(session % 2)")
      if random.uniform() < 2.0 / 3 {
        row.adapterSet = builder.internSingle("adapter \(random.index(below: 7))")
      }
      row.promptTokens = Int32(request)
      row.outputTokens = Int32(2 * request)
      builder.append(row)
    }
    return try builder.finish()
  }

  func apply(
    _ text: String, to trace: Trace, seed: UInt64 = 1,
    resolve: (@Sendable (String) throws -> Trace)? = nil
  ) throws -> Trace {
    let transform = try TransformRegistry.make(Parameters(parsing: text))
    let result = try trace.applying([transform], seed: seed, resolve: resolve)
    try expectInvariants(result)
    return result
  }

  func expectInvariants(_ trace: Trace) throws {
    #expect(trace.arrival.allSatisfy { $0 >= 0 })
    #expect(zip(trace.arrival, trace.arrival.dropFirst()).allSatisfy { $0 <= $1 })
    for column in [
      trace.adapterSet, trace.promptTokens, trace.outputTokens, trace.tenant, trace.session,
      trace.priority, trace.metadata,
    ] {
      #expect(column.count == trace.count)
    }
    #expect(trace.adapterSet.allSatisfy { trace.adapterSets.indices.contains(Int($0)) })
    #expect(trace.tenant.allSatisfy { trace.tenants.indices.contains(Int($0)) })
    #expect(trace.metadata.allSatisfy { trace.metadataTable.indices.contains(Int($0)) })
    let sessions = Set(trace.session)
    #expect(sessions.isEmpty || sessions.max() == Int32(sessions.count - 1))
  }

  /// The original request number of each row: the sample stores it in the prompt length.
  func requests(of trace: Trace, session: Int32) -> [Int32] {
    trace.session.indices.filter { trace.session[$0] == session }.map { trace.promptTokens[$0] }
  }

  // MARK: Every transform

  static let examples = [
    "slice from=100s to=3000s adapters-only=true skip=3 count=50", "rate-scale factor=3.5",
    "rate-scale rate=2", "fold span=10min", "fold span=10min keep-order=none", "repeat times=3",
    "jitter", "jitter resolution=1min keep-order=tenant", "arrivals rate=5",
    "arrivals rate=5 cv=4", "arrivals rate=5 cv=2 process=weibull", "graft ids=other",
    "graft ids=other adapters-only=true offset=random when-shorter=cycle", "lengths from=other",
    "lengths prompt=lognormal(300,1) output=uniform(8,512) correlation=0.5", "ranks ranks=8,16,32",
    "ranks ranks=8,64 weights=3,1 bytes-per-rank=2MiB", "shuffle",
  ]

  @Test(arguments: examples) func isAPureFunctionAndKeepsInvariants(text: String) throws {
    let other = try Self.sample(40, seed: 9)
    for count in [0, 1, 200] {
      let trace = try Self.sample(count)
      let first = try apply(text, to: trace) { _ in other }
      let second = try apply(text, to: trace) { _ in other }
      #expect(first.arrival == second.arrival)
      #expect(first.adapterSet == second.adapterSet)
      #expect(first.promptTokens == second.promptTokens)
      #expect(first.session == second.session)
      #expect(first.adapters == second.adapters)
      #expect(first.origins == second.origins)
    }
  }

  @Test func everyTransformHasAnExample() {
    for type in TransformRegistry.all {
      #expect(
        Self.examples.contains { $0.split(separator: " ").first.map { $0 == type.name } == true })
    }
  }

  @Test func unknownNamesSuggestTheNearest() throws {
    let error = try #require(throws: PitwallError.self) {
      try TransformRegistry.make(Parameters(parsing: "shufle"))
    }
    #expect(error.code == .usage)
    #expect(error.message.contains("did you mean \"shuffle\""))
    #expect(throws: PitwallError.self) {
      try TransformRegistry.make(Parameters(parsing: "fold spam=1h"))
    }
  }

  @Test(arguments: [
    "fold", "fold span=0s", "fold span=-1s", "rate-scale", "rate-scale factor=0",
    "rate-scale factor=2 rate=3", "rate-scale factor=nan", "repeat times=0", "slice from=2s to=1s",
    "slice count=-1", "ranks", "ranks ranks=8.5", "ranks ranks=8,16 weights=1",
    "ranks ranks=8 weights=-1", "ranks ranks=8 weights=0", "ranks ranks=8 bytes=0",
    "ranks ranks=8 bytes=1MiB bytes-per-rank=1MiB", "ranks ranks=8 by=round-robin weights=1",
    "lengths", "lengths prompt=5", "lengths prompt=uniform(9,3) output=1",
    "lengths prompt=quantiles(0,1,0.5,9) output=1", "lengths prompt=1 output=1 correlation=2",
    "arrivals", "arrivals rate=0", "arrivals rate=1 cv=2 process=poisson", "jitter resolution=0s",
    "graft", "graft ids=x offset=-1", "graft ids=x when-shorter=stretch", "shuffle seed=3",
  ])
  func badParametersAreErrors(text: String) {
    #expect(throws: PitwallError.self) { try TransformRegistry.make(Parameters(parsing: text)) }
  }

  @Test func stagesOfOneKindDrawDifferentNumbers() throws {
    let trace = try Self.sample(200)
    let shuffle = try TransformRegistry.make(Parameters(parsing: "shuffle"))
    let once = try trace.applying([shuffle], seed: 1)
    // A second shuffle with the first one's numbers would not be independent of it.
    let context = TransformContext(seed: 1, stage: 1)
    #expect(try shuffle.apply(to: trace, context).adapterSet != once.adapterSet)
  }

  // MARK: What each one means

  @Test func sliceKeepsTheStretch() throws {
    let trace = try Self.sample(300)
    let result = try apply("slice from=1000s to=2000s", to: trace)
    let expected = trace.arrival.filter { (1_000_000_000_000..<2_000_000_000_000).contains($0) }
    #expect(result.count == expected.count)
    #expect(result.arrival.map { $0 + expected[0] } == expected)
    #expect(
      try apply("slice skip=10 count=7", to: trace).promptTokens
        .elementsEqual(trace.promptTokens.dropFirst(10).prefix(7)))
    let adapters = try apply("slice adapters-only=true", to: trace)
    #expect(adapters.adapterReferences() == trace.adapterReferences())
    #expect(adapters.adapterSet.allSatisfy { $0 != 0 })
  }

  @Test func rateScaleReachesTheRate() throws {
    let trace = try Self.sample(300)
    let before = TraceStatistics(of: trace)
    let after = TraceStatistics(of: try apply("rate-scale rate=12.5", to: trace))
    #expect(abs(try #require(after.rate) / 12.5 - 1) < 1e-6)
    #expect(abs(try #require(after.interArrivalCV) - #require(before.interArrivalCV)) < 1e-6)
  }

  @Test func rateScaleRefusesTimesBeyondTheClock() throws {
    let trace = try Self.sample(10)
    #expect(throws: PitwallError.self) { try apply("rate-scale factor=1e-12", to: trace) }
  }

  @Test func foldKeepsTheMultisetOfFoldedTimesAndTheOrderInsideSessions() throws {
    let trace = try Self.sample(400)
    let span: Int64 = 600_000_000_000
    let folded = try apply("fold span=10min", to: trace)
    #expect(Array(folded.arrival) == trace.arrival.map { $0 % span }.sorted())
    // Sessions are renumbered by first appearance; a request's number tells which it was.
    for session in 0..<Int32(5) {
      let order = requests(of: folded, session: session)
      let original = trace.promptTokens.indices.filter { order.contains(trace.promptTokens[$0]) }
      #expect(original.map { trace.promptTokens[$0] } == order)
      #expect(Set(original.map { trace.session[$0] }).count == 1)
    }
    let plain = try apply("fold span=10min keep-order=none", to: trace)
    for row in plain.arrival.indices {
      let source = try #require(trace.promptTokens.firstIndex(of: plain.promptTokens[row]))
      #expect(plain.arrival[row] == trace.arrival[source] % span)
    }
    #expect(folded.origins[.arrival]?.provenance == .assigned)
  }

  @Test func jitterStaysInTheSecondAndInTheOrderOfASession() throws {
    let trace = try Self.sample(2000, span: 100)
    let result = try apply("jitter", to: trace)
    #expect(result.arrival.contains { $0 % 1_000_000_000 != 0 })
    #expect(
      result.arrival.map { $0 / 1_000_000_000 } == trace.arrival.map { $0 / 1_000_000_000 })
    for row in result.arrival.indices {
      let source = try #require(trace.promptTokens.firstIndex(of: result.promptTokens[row]))
      #expect(trace.arrival[source] / 1_000_000_000 == result.arrival[row] / 1_000_000_000)
    }
    for session in 0..<Int32(5) {
      let order = requests(of: result, session: session)
      let members = Set(order)
      #expect(trace.promptTokens.filter { members.contains($0) } == order)
    }
  }

  @Test func graftTakesArrivalsAndLengthsFromOneAndAdaptersFromTheOther() throws {
    let trace = try Self.sample(100)
    let ids = try Self.sample(300, seed: 4)
    let result = try apply("graft ids=other adapters-only=true", to: trace) { _ in ids }
    #expect(result.arrival == trace.arrival)
    #expect(result.promptTokens == trace.promptTokens)
    #expect(result.adapterReferences() == Array(ids.adapterReferences().prefix(100)))
    #expect(result.tenants == ids.tenants)
    let offset = try apply("graft ids=other adapters-only=true offset=5", to: trace) { _ in ids }
    #expect(offset.adapterReferences() == Array(ids.adapterReferences().dropFirst(5).prefix(100)))
  }

  @Test func graftSaysWhatHappensWhereTheOtherIsShorter() throws {
    let trace = try Self.sample(100)
    let ids = try Self.sample(30, seed: 4)
    let truncated = try apply("graft ids=other", to: trace) { _ in ids }
    #expect(truncated.count == 30)
    #expect(truncated.arrival.elementsEqual(trace.arrival.prefix(30)))
    let cycled = try apply("graft ids=other when-shorter=cycle", to: trace) { _ in ids }
    #expect(cycled.count == 100)
    let expected = (0..<100).map { ids.adapterSet[$0 % 30] }
    #expect(cycled.adapterSet.elementsEqual(expected))
    // Three whole passes and ten requests: no session spans two of them.
    #expect(Set(cycled.session.prefix(30)).isDisjoint(with: cycled.session.dropFirst(30)))
    let empty = try Self.sample(0)
    #expect(throws: PitwallError.self) { try apply("graft ids=other", to: trace) { _ in empty } }
    #expect(throws: PitwallError.self) { try apply("graft ids=other", to: trace) }
  }

  @Test func lengthsKeepTheJointDistributionOfTheOther() throws {
    let trace = try Self.sample(500)
    let other = try Self.sample(50, seed: 2)
    let result = try apply("lengths from=other", to: trace) { _ in other }
    let pairs = Set(zip(other.promptTokens, other.outputTokens).map { "\($0) \($1)" })
    #expect(
      zip(result.promptTokens, result.outputTokens).allSatisfy { pairs.contains("\($0) \($1)") })
    #expect(Set(result.promptTokens).count > 40)
    #expect(result.arrival == trace.arrival)
    #expect(result.origins[.promptTokens]?.provenance == .assigned)
  }

  @Test func lengthsFromDistributions() throws {
    let trace = try Self.sample(4000)
    let result = try apply(
      "lengths prompt=uniform(8,512) output=quantiles(0,1,0.5,100,1,300) correlation=1", to: trace)
    let prompt = try #require(LengthSummary(result.promptTokens))
    let output = try #require(LengthSummary(result.outputTokens))
    #expect(abs(prompt.mean - 260) < 10)
    #expect(abs(output.p50 - 100) < 8)
    #expect(output.max <= 300)
    // At correlation 1 both rise together.
    let order = result.promptTokens.indices.sorted {
      (result.promptTokens[$0], result.outputTokens[$0])
        < (result.promptTokens[$1], result.outputTokens[$1])
    }
    let sorted = order.map { result.outputTokens[$0] }
    #expect(zip(sorted, sorted.dropFirst()).allSatisfy { $0 <= $1 + 1 })
  }

  @Test func ranksGoRoundOrByWeight() throws {
    let trace = try Self.sample(200)
    let round = try apply("ranks ranks=8,16,32 bytes-per-rank=2MiB", to: trace)
    #expect(round.adapters.map(\.rank) == [8, 16, 32, 8, 16, 32, 8])
    #expect(round.adapters[1].bytes == 32 << 20)
    let never = try apply("ranks ranks=8,64 weights=1,0", to: trace)
    #expect(never.adapters.allSatisfy { $0.rank == 8 && $0.bytes == nil })
  }

  @Test func shuffleKeepsPopularityAndChangesTheOrder() throws {
    let trace = try Self.sample(300)
    let result = try apply("shuffle", to: trace)
    #expect(result.adapterSet.sorted() == trace.adapterSet.sorted())
    #expect(result.adapterSet != trace.adapterSet)
    #expect(try apply("shuffle", to: trace, seed: 2).adapterSet != result.adapterSet)
    #expect(result.promptTokens == trace.promptTokens)
  }

  @Test func repeatRefusesWhatWouldEndBeyondAllTime() throws {
    var trace = try Self.sample(2)
    trace.arrival = Column([0, Int64.max - 10])
    #expect(throws: PitwallError.self) { try apply("repeat times=2", to: trace) }
  }

  @Test func repeatStartsAgainWithNewSessions() throws {
    let trace = try Self.sample(50)
    let result = try apply("repeat times=3", to: trace)
    #expect(result.count == 150)
    #expect(result.adapterSet.elementsEqual((0..<150).map { trace.adapterSet[$0 % 50] }))
    #expect(Set(result.session).count == 3 * Set(trace.session).count)
  }

  @Test func arrivalsHaveTheRateAndVariationAskedFor() throws {
    let trace = try Self.sample(6000)
    for (text, cv) in [("", 1.0), ("cv=3", 3), ("cv=0.5", 0.5), ("cv=2 process=weibull", 2)] {
      let statistics = TraceStatistics(of: try apply("arrivals rate=20 \(text)", to: trace))
      #expect(abs(try #require(statistics.rate) / 20 - 1) < 0.12)
      #expect(abs(try #require(statistics.interArrivalCV) / cv - 1) < 0.12)
    }
  }
}

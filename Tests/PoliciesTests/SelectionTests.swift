import Orchestration
import Policies
import Primitives
import Testing

@Suite struct SelectionTests {
  private func request(
    _ number: Int = 0, set: AdapterSetID = 7, tenant: Int32 = 0, session: Int32 = 0,
    metadata: Int32 = 0
  ) -> Request {
    Request(
      id: Int32(number), arrival: 0, adapterSet: set, promptTokens: 1, tenant: tenant,
      session: session, metadata: metadata)
  }

  private func make(_ text: String, seed: UInt64 = 1) throws -> any SelectionPolicy & ~Copyable {
    try PolicyRegistry.make(
      Parameters(parsing: text), kind: "selection", from: PolicyRegistry.builtIn.selection,
      SelectionContext(
        setByAdapter: ["a": 1, "b": 2, "c": 3],
        metadata: [
          [], [("topic", "law")], [("lang", "de"), ("topic", "law")], [("topic", "medicine")],
        ],
        seed: seed))
  }

  @Test func explicitIsWhatTheRequestNames() throws {
    var policy = try make("explicit")
    #expect(policy.select(for: request(set: 7)) == 7)
    #expect(policy.select(for: request(set: 0)) == 0)
  }

  @Test func theFirstRuleThatMatchesDecides() throws {
    var policy = try make("rules rules=lang=de:b;topic=law:a")
    let chosen = (0..<4).map { policy.select(for: request(metadata: Int32($0))) }
    #expect(chosen == [7, 1, 2, 7])
    #expect(policy.select(for: request(metadata: 99)) == 7)
    #expect(policy.select(for: request(metadata: -1)) == 7)
  }

  @Test func weightsAreKept() throws {
    var policy = try make("split variants=a:1,b:2,c:5")
    var counts = [0, 0, 0, 0]
    for session in 0..<8000 as Range<Int32> {
      counts[Int(policy.select(for: request(session: session)))] += 1
    }
    // Within four standard deviations of a binomial: 4 x sqrt(8000 p (1 - p)).
    for (set, share) in [(1, 0.125), (2, 0.25), (3, 0.625)] {
      let deviation = (8000 * share * (1 - share)).squareRoot()
      #expect(abs(Double(counts[set]) - 8000 * share) < 4 * deviation)
    }
  }

  @Test func aVariantWithoutWeightIsNeverDealt() throws {
    var policy = try make("split variants=a:0,b:1")
    #expect((0..<500).allSatisfy { session in policy.select(for: request(session: session)) == 2 })
  }

  /// A session keeps its variant, whoever else comes and in whatever order.
  @Test func sessionsStickWhateverTheOrder() throws {
    var random = RandomStream(seed: 1, purpose: "split")
    var forward = try make("split variants=a:1,b:1")
    var mixed = try make("split variants=a:1,b:1")
    let expected = (0..<100 as Range<Int32>).map {
      forward.select(for: request(set: 0, tenant: 1, session: $0))
    }
    for number in 0..<1000 {
      let session = Int32(random.index(below: 100))
      let set = mixed.select(
        for: request(number, set: 3, tenant: Int32(number), session: session))
      #expect(set == expected[Int(session)])
    }
    #expect(Set(expected) == [1, 2])
  }

  @Test func tenantsMayStickInstead() throws {
    var policy = try make("split variants=a:1,b:1 sticky=tenant")
    for tenant in 0..<50 as Range<Int32> {
      let sets = (0..<5 as Range<Int32>).map {
        policy.select(for: request(tenant: tenant, session: $0))
      }
      #expect(Set(sets).count == 1)
    }
  }

  @Test func anotherSeedDealsAnew() throws {
    var one = try make("split variants=a:1,b:1", seed: 1)
    var two = try make("split variants=a:1,b:1", seed: 2)
    let different = (0..<1000 as Range<Int32>).count { session in
      one.select(for: request(session: session)) != two.select(for: request(session: session))
    }
    #expect(different > 400 && different < 600)
  }
}

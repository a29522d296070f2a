import Primitives
import Testing

@Suite struct RandomStreamTests {
  private func draws(
    _ count: Int, seed: UInt64 = 1, purpose: String = "a", entity: UInt64 = 0
  ) -> [UInt64] {
    var stream = RandomStream(seed: seed, purpose: purpose, entity: entity)
    return (0..<count).map { _ in stream.next() }
  }

  /// Chi-square of counts in equal bins.
  private func chiSquare(_ counts: [Int]) -> Double {
    let expected = Double(counts.reduce(0, +)) / Double(counts.count)
    return counts.reduce(0) { $0 + (Double($1) - expected) * (Double($1) - expected) / expected }
  }

  @Test func sameNameSameNumbers() {
    #expect(draws(100) == draws(100))
  }

  @Test func everyPartOfTheNameMatters() {
    let all = [
      draws(50), draws(50, seed: 2), draws(50, purpose: "b"), draws(50, entity: 1),
      draws(50, entity: 1 << 32), draws(50, seed: 1 << 40),
    ]
    // 300 draws of 64 bits: a single repetition has a chance of 2e-15.
    #expect(Set(all.joined()).count == 300)
  }

  @Test func otherStreamsChangeNothing() {
    var first = RandomStream(seed: 3, purpose: "x")
    var other = RandomStream(seed: 3, purpose: "y")
    var mixed: [UInt64] = []
    for turn in 0..<40 {
      if turn % 3 == 0 { _ = other.next() }
      mixed.append(first.next())
    }
    #expect(mixed == draws(40, seed: 3, purpose: "x"))
  }

  @Test func aCopyGoesOnAlike() {
    var stream = RandomStream(seed: 1, purpose: "a")
    _ = stream.next()
    var copy = stream
    #expect((0..<5).map { _ in stream.next() } == (0..<5).map { _ in copy.next() })
  }

  /// 64 bins have 63 degrees of freedom: above 104 is a chance of one in a thousand; the seed is
  /// fixed, so the test is not a matter of luck.
  @Test func uniformOverBins() {
    var stream = RandomStream(seed: 7, purpose: "uniform")
    var counts = [Int](repeating: 0, count: 64)
    for _ in 0..<20_000 {
      let x = stream.uniform()
      #expect(x >= 0 && x < 1)
      counts[Int(x * 64)] += 1
    }
    #expect(chiSquare(counts) < 104)
  }

  @Test func anotherEntityIsThatStreamFromItsBeginning() {
    var stream = RandomStream(seed: 7, purpose: "entities", entity: 1)
    _ = stream.next()
    var other = stream.entity(5)
    var expected = RandomStream(seed: 7, purpose: "entities", entity: 5)
    for _ in 0..<5 { #expect(other.next() == expected.next()) }
  }

  /// Pairs of neighbouring entities, and of successive draws, fall evenly into 8 x 8 squares.
  @Test func pairsAreIndependent() {
    var entities = [Int](repeating: 0, count: 64)
    var successors = [Int](repeating: 0, count: 64)
    var a = RandomStream(seed: 7, purpose: "pairs", entity: 1)
    var b = RandomStream(seed: 7, purpose: "pairs", entity: 2)
    for _ in 0..<10_000 {
      let x = a.uniform()
      entities[Int(x * 8) * 8 + Int(b.uniform() * 8)] += 1
      successors[Int(x * 8) * 8 + Int(a.uniform() * 8)] += 1
    }
    #expect(chiSquare(entities) < 104)
    #expect(chiSquare(successors) < 104)
  }

  @Test func bothBoundsOfUniform() {
    var stream = RandomStream(seed: 5, purpose: "bounds")
    for _ in 0..<5000 {
      let x = stream.uniformAboveZero()
      #expect(x > 0 && x <= 1)
    }
  }

  @Test func indicesAreWithinBoundsAndEven() {
    var stream = RandomStream(seed: 5, purpose: "index")
    #expect(stream.index(below: 0) == 0)
    #expect(stream.index(below: 1) == 0)
    var counts = [Int](repeating: 0, count: 7)
    for _ in 0..<7000 { counts[stream.index(below: 7)] += 1 }
    // 6 degrees of freedom, one in a thousand.
    #expect(chiSquare(counts) < 22.5)
  }

  /// Published test vectors of FNV-1a (64 bits) and of SplitMix64 seeded with 0.
  @Test func hashAndMixAreThePublishedOnes() {
    #expect(RandomStream.hash("") == 0xcbf2_9ce4_8422_2325)
    #expect(RandomStream.hash("a") == 0xaf63_dc4c_8601_ec8c)
    #expect(RandomStream.hash("foobar") == 0x8594_4171_f739_67e8)
    #expect(RandomStream.mix(0) == 0xe220_a839_7b1d_cdaf)
  }
}

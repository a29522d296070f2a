import CacheReplay
import Orchestration
import Policies
import Primitives
import Testing

@Suite struct MissRatioCurveTests {
  @Test(arguments: [true, false]) func lruIsExactAtEverySize(_ inSlots: Bool) throws {
    let trace = try Requests(10_000, objects: 300, seed: 7).trace()
    let capacities: [Bytes] =
      inSlots ? [1, 2, 5, 17, 60, 150, 299, 400] : [1000, 3000, 10_000, 50_000, 120_000, 200_000]
    let curve = MissRatioCurve.lru(trace, capacities: capacities, inSlots: inSlots)
    #expect(curve.points.map(\.capacity) == capacities)
    for point in curve.points {
      let literal = literalLRU(trace, capacity: point.capacity, inSlots: inSlots)
      let bytes = trace.objects.reduce(0) { $0 + trace.bytes[Int($1)] }
      #expect(abs(point.missRatio - Double(literal.misses) / 10_000) < 1e-12)
      #expect(abs(point.byteMissRatio - Double(literal.bytes) / Double(bytes)) < 1e-12)
    }
  }

  @Test func aSampleOfAllIsExact() throws {
    let trace = try Requests(10_000, objects: 300, seed: 8).trace()
    let capacities: [Bytes] = [1000, 10_000, 100_000]
    let exact = MissRatioCurve.lru(trace, capacities: capacities, inSlots: false)
    for sample in [SHARDS.Sample.rate(1), .objects(1000)] {
      let shards = SHARDS(trace, sample, capacities: capacities, inSlots: false)
      #expect(shards.curve.points == exact.points)
      #expect(shards.rate == 1)
      #expect(shards.requests == 10_000)
    }
  }

  @Test(arguments: [SHARDS.Sample.rate(0.1), .objects(2000)])
  func aSampleIsNearAsItSays(_ sample: SHARDS.Sample) throws {
    let trace = try Requests(200_000, objects: 20_000, seed: 9, unit: true).trace()
    let capacities: [Bytes] = [500, 2000, 5000, 10_000, 15_000]
    let exact = MissRatioCurve.lru(trace, capacities: capacities, inSlots: true)
    let shards = SHARDS(trace, sample, capacities: capacities, inSlots: true)
    #expect(abs(Double(shards.objects) / Double(trace.keys.count) - 0.1) < 0.015)
    for (index, point) in shards.curve.points.enumerated() {
      let off = abs(point.missRatio - exact.points[index].missRatio)
      #expect(off < 0.03)
      #expect(off < 4 * shards.errors[index] + 0.005)
      #expect(shards.errors[index] < 0.03)
    }
  }

  @Test func nothingIsSampledOfNothing() throws {
    let trace = try ObjectTrace(oracleGeneral: [], name: "empty")
    let shards = SHARDS(trace, .rate(0.5), capacities: [1, 10], inSlots: true)
    #expect(shards.curve.points.map(\.missRatio) == [0, 0])
  }
}

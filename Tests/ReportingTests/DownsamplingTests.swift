import Orchestration
import Primitives
import Testing

@testable import Reporting

@Suite("Downsampling")
struct DownsamplingTests {
  static func values(_ count: Int, seed: UInt64, distinct: Int = 1_000_000) -> [Double] {
    var draws = RandomStream(seed: seed, purpose: "downsampling")
    return (0..<count).map { _ in Double(draws.index(below: distinct)) }.sorted()
  }

  @Test(
    "of a distribution keeps both ends, and every point is true of all values",
    arguments: [1, 2, 3, 299, 301, 5000, 40_000], [3, 1_000_000])
  func distribution(_ count: Int, distinct: Int) {
    let sorted = Self.values(count, seed: UInt64(count), distinct: distinct)
    let points = Downsampling.distribution(sorted)
    #expect(points.first == Point(sorted[0], 0))
    #expect(points.last == Point(sorted[count - 1], 1))
    #expect(points.count <= 310)
    for point in points.dropFirst() {
      let below = sorted.count { $0 <= point.x }
      #expect(point.y == Double(below) / Double(count))
    }
    for (a, b) in zip(points, points.dropFirst()) { #expect(a.x <= b.x && a.y < b.y) }
  }

  @Test("of a distribution has a point near every percentile, closer in the tail")
  func percentiles() {
    let points = Downsampling.distribution(Self.values(50_000, seed: 9))
    for percentile in stride(from: 0.01, to: 1, by: 0.01) {
      #expect(points.contains { abs($0.y - percentile) < 0.005 })
    }
    for percentile in [0.99, 0.995, 0.999] {
      #expect(points.contains { abs($0.y - percentile) < (1 - percentile) * 0.1 })
    }
  }

  @Test("of a distribution counts those that never came")
  func total() {
    let points = Downsampling.distribution([1, 2, 3], total: 4)
    #expect(points.last == Point(3, 0.75))
    #expect(Downsampling.distribution([]).isEmpty)
  }

  @Test(
    "of a quantity in time agrees with looking at every nanosecond",
    arguments: 1...8 as ClosedRange<UInt64>)
  func buckets(_ seed: UInt64) {
    var draws = RandomStream(seed: seed, purpose: "steps")
    var at = Nanoseconds(draws.index(below: 20))
    var steps: [(at: Nanoseconds, value: Double)] = []
    for _ in 0..<30 {
      steps.append((at, Double(draws.index(below: 50))))
      at += Nanoseconds(1 + draws.index(below: 12))
    }
    let width = Nanoseconds(1 + draws.index(below: 40))
    let buckets = Downsampling.buckets(steps, over: 0..<width * 7, count: 7)
    #expect(buckets.count == 7)
    for (index, bucket) in buckets.enumerated() {
      let times = Nanoseconds(index) * width..<Nanoseconds(index + 1) * width
      let held = times.map { time in steps.last { $0.at <= time }?.value ?? steps[0].value }
      #expect(abs(bucket.mean - held.reduce(0, +) / Double(held.count)) < 1e-9)
      #expect(bucket.low == held.min())
      #expect(bucket.high == held.max())
    }
  }

  @Test("has nothing to say of nothing")
  func empty() {
    #expect(Downsampling.buckets([], over: 0..<10, count: 3).isEmpty)
    #expect(Downsampling.buckets([(0, 1)], over: 5..<5, count: 3).isEmpty)
  }

  @Test("sums replicas at each time, whichever of them reports")
  func replicas() {
    func sample(_ at: Nanoseconds, _ replica: Int16, _ waiting: Int32) -> Sample {
      Sample(
        at: at, replica: replica, waiting: waiting, running: 0, kvBytes: 0, adapterBytes: 0,
        residentAdapters: 0, references: 0, hits: 0)
    }
    let samples = [
      sample(0, 0, 1), sample(0, 1, 10), sample(5, 0, 2), sample(7, 1, 0), sample(7, 0, 3),
    ]
    let steps = Downsampling.total(samples) { Double($0.waiting) }
    #expect(steps.map(\.at) == [0, 5, 7])
    #expect(steps.map(\.value) == [11, 12, 3])
  }
}

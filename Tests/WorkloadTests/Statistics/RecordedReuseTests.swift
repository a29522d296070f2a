import Foundation
import Primitives
import Testing

@testable import Workload

/// Independently published figures of the recordings, to the last digit given.
@Suite(.enabled(if: RecordedTraces.arePresent))
struct RecordedReuseTests {
  struct Published: Sendable, CustomTestStringConvertible {
    let path: String
    let column: Int
    let references, distinct: Int
    let sameAsPrevious: Double
    let lru, opt: [Double]
    /// LRU at 8, 16 and 32 slots with the order shuffled: a mean over five orders.
    let shuffled: [Double]
    var testDescription: String { path }
  }

  static let published = [
    Published(
      path: "gentd26/gentd26_timed_dev.csv", column: 7, references: 2352, distinct: 244,
      sameAsPrevious: 0.3356, lru: [0.7143, 0.7827, 0.8189, 0.8448, 0.8703],
      opt: [0.7768, 0.8304, 0.8648, 0.8865, 0.8963], shuffled: [0.126, 0.233, 0.395]),
    Published(
      path: "gentd26/gentd26_part1_untimed.csv", column: 7, references: 11_851, distinct: 637,
      sameAsPrevious: 0.398, lru: [0.7672, 0.8431, 0.8677, 0.8906, 0.9081],
      opt: [0.8274, 0.8787, 0.9043, 0.9236, 0.9382], shuffled: [0.136, 0.234, 0.363]),
    Published(
      path: "lmsys_arena/lmsys_arena_27adapters_600s.csv", column: 2, references: 1500,
      distinct: 27, sameAsPrevious: 0.1694, lru: [0.4927, 0.7253, 0.9593, 0.9820, 0.9820],
      opt: [0.6707, 0.8513, 0.9760, 0.9820, 0.9820], shuffled: [0.617, 0.862, 0.982]),
  ]

  @Test(arguments: published) func agreeWithPublishedFigures(_ known: Published) throws {
    let (stream, adapters) = try RecordedTraces.references(known.path, column: known.column)
    let reuse = ReuseStatistics(of: stream, adapters: adapters)
    #expect(reuse.references == known.references)
    #expect(reuse.distinct == known.distinct)
    #expect(abs(try #require(reuse.sameAsPrevious) - known.sameAsPrevious) <= 0.000_05)
    try #require(reuse.hitRatios.count == 5)
    for (ratio, (lru, opt)) in zip(reuse.hitRatios, zip(known.lru, known.opt)) {
      #expect(abs(ratio.lru - lru) <= 0.000_051, "LRU at \(ratio.slots)")
      #expect(abs(ratio.opt - opt) <= 0.000_051, "OPT at \(ratio.slots)")
    }
  }

  @Test(arguments: published) func shufflingDestroysTheReuse(_ known: Published) throws {
    let (stream, adapters) = try RecordedTraces.references(known.path, column: known.column)
    let orders = (0..<5).map { order in
      var random = RandomStream(seed: 1, purpose: "shuffled references", entity: UInt64(order))
      return ReuseStatistics(
        of: stream.shuffled(using: &random), adapters: adapters, slots: [8, 16, 32])
    }
    for (index, expected) in known.shuffled.enumerated() {
      let mean = orders.map { $0.hitRatios[index].lru }.reduce(0, +) / 5
      #expect(abs(mean - expected) <= 0.01)
    }
  }
}

import CacheReplay
import Foundation
import Orchestration
import Primitives
import Reporting

/// Miss ratios by size: LRU's at every size, the others' where they were replayed.
struct CacheCurves {
  private let trace: ObjectTrace
  private let inSlots: Bool
  private let curve: MissRatioCurve
  private let replayed: [Replayed]
  /// What a reader of the charts should know.
  let note: String?

  private struct Replayed {
    let name: String
    let isBound: Bool
    let cells: [CacheSweep.Cell]
  }

  /// How many policies a chart can show and still be read.
  private static let most = 6

  init(_ trace: ObjectTrace, cells: [CacheSweep.Cell], inSlots: Bool, sample: SHARDS.Sample?) {
    self.trace = trace
    self.inSlots = inSlots
    let capacities = Self.capacities(cells)
    if let sample {
      let shards = SHARDS(trace, sample, capacities: capacities, inSlots: inSlots)
      curve = shards.curve
      let mean = shards.errors.reduce(0, +) / Double(max(1, shards.errors.count))
      note =
        "LRU's curve from \(shards.objects) of \(trace.keys.count) objects and \(shards.requests) "
        + "of \(trace.count) requests (SHARDS, rate \(TextTable.Cell.fixed(shards.rate, 6))): "
        + "standard error of the miss ratio \(TextTable.Cell.fixed(mean, 4)) on average, "
        + "\(TextTable.Cell.fixed(shards.errors.max() ?? 0, 4)) at most"
    } else {
      curve = .lru(trace, capacities: capacities, inSlots: inSlots)
      note = nil
    }
    var names: [String] = []
    for cell in cells where !names.contains(cell.policy) { names.append(cell.policy) }
    replayed = names.filter { $0 != "lru" }.map { name in
      let own = cells.filter { $0.policy == name }
      return Replayed(name: name, isBound: own.contains(where: \.isClairvoyant), cells: own)
    }
  }

  /// Sizes at equal steps of the logarithm, between the least and the most that were replayed.
  private static func capacities(_ cells: [CacheSweep.Cell]) -> [Bytes] {
    let asked = cells.map(\.capacity)
    guard let least = asked.min(), let most = asked.max(), least < most else { return asked }
    let steps = 200
    let ratio = log(Double(most) / Double(least)) / Double(steps)
    return asked + (0...steps).map { Bytes(Double(least) * exp(ratio * Double($0))) }
  }

  /// Charts of misses by object and, where sizes differ, by bytes; of a few policies each.
  var charts: [Chart] {
    let online = replayed.filter { !$0.isBound }
    let groups = stride(from: 0, to: max(1, online.count), by: Self.most).map {
      Array(online[$0..<min($0 + Self.most, online.count)])
    }
    let isSized = !inSlots && Set(trace.bytes).count > 1
    return groups.enumerated().flatMap { index, group in
      let suffix = groups.count > 1 ? "-\(index + 1)" : ""
      let objects = chart(group, "miss-ratio\(suffix)", of: "Miss ratio", \.missRatio, \.missRatio)
      guard isSized else { return [objects] }
      return [
        objects,
        chart(
          group, "byte-miss-ratio\(suffix)", of: "Byte miss ratio", \.byteMissRatio,
          \.byteMissRatio),
      ]
    }
  }

  private func chart(
    _ group: [Replayed], _ name: String, of what: String,
    _ point: (MissRatioCurve.Point) -> Double, _ counts: (CacheCounts) -> Double
  ) -> Chart {
    func line(_ policy: Replayed) -> MissRatioChart.Curve {
      MissRatioChart.Curve(
        policy.name, policy.cells.map { Point(Double($0.capacity), counts($0.counts)) })
    }
    return MissRatioChart.chart(
      lru: curve.points.map { Point(Double($0.capacity), point($0)) }, policies: group.map(line),
      bounds: replayed.filter(\.isBound).map(line), what: what, inSlots: inSlots, name: name,
      context: trace.name)
  }
}

import Orchestration
import Primitives

/// LRU's miss-ratio curve from the requests of a few objects, chosen by a hash of their names.
///
/// A share R of the objects is watched; a distance among them stands for one that is 1 / R times as
/// long. C. A. Waldspurger et al., "Efficient MRC Construction with SHARDS", FAST'15.
public struct SHARDS: Sendable {
  /// How many objects are watched.
  public enum Sample: Sendable, Equatable {
    /// This share of them.
    case rate(Double)
    /// This number: the rate is what gives it.
    case objects(Int)
  }

  /// The estimate.
  public let curve: MissRatioCurve
  /// The standard error of the miss ratio at each point, by the jackknife (B. Efron, "The Jackknife,
  /// the Bootstrap and Other Resampling Plans", SIAM, 1982).
  public let errors: [Double]
  /// The share of the objects that is watched.
  public let rate: Double
  /// How many that are, and how many requests they have.
  public let objects: Int
  public let requests: Int

  private static let parts = 8

  /// Estimates LRU's curve.
  public init(_ trace: ObjectTrace, _ sample: Sample, capacities: [Bytes], inSlots: Bool) {
    let hashes = trace.keys.map { RandomStream.mix($0) }
    let limit: UInt64
    switch sample {
    case .rate(let rate): limit = rate >= 1 ? .max : UInt64(max(0, rate) * 0x1p64)
    case .objects(let count):
      limit = count >= hashes.count ? .max : hashes.sorted()[max(0, count)]
    }
    let isAll = limit == .max
    let chosen = trace.objects.filter { isAll || hashes[Int($0)] < limit }
    let rate = isAll ? 1 : Double(limit) * 0x1p-64
    let bytes = trace.objects.reduce(into: 0.0) { $0 += Double(trace.bytes[Int($1)]) }
    func curve(_ sample: [AdapterID], rate: Double) -> MissRatioCurve {
      MissRatioCurve(
        sample, of: trace, capacities: capacities, inSlots: inSlots, scale: 1 / rate,
        requests: Double(trace.count), bytes: bytes)
    }
    self.curve = curve(chosen, rate: rate)
    self.rate = rate
    objects = hashes.count { isAll || $0 < limit }
    requests = chosen.count
    // The jackknife: how much the estimate changes as each of some equal parts is left out. The parts
    // come from another hash, so that they do not follow the order of the first.
    let parts = Self.parts
    let curves = (0..<parts).map { part in
      let rest = chosen.filter { Int(RandomStream.mix(hashes[Int($0)]) % UInt64(parts)) != part }
      return curve(rest, rate: rate * Double(parts - 1) / Double(parts)).points
    }
    errors = self.curve.points.indices.map { index in
      let values = curves.map { $0[index].missRatio }
      let mean = values.reduce(0, +) / Double(parts)
      let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      return (squares * Double(parts - 1) / Double(parts)).squareRoot()
    }
  }
}

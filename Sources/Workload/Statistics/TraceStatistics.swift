import Foundation
import Primitives

extension Trace {
  /// The stream of adapters that a cache sees: each request contributes its adapters in its order,
  /// and requests for the base model alone contribute nothing.
  public func adapterReferences() -> [Int32] {
    var references: [Int32] = []
    references.reserveCapacity(count)
    for set in adapterSet {
      for member in adapterSets[Int(set)].members { references.append(member) }
    }
    return references
  }
}

/// What a trace looks like: load, lengths, popularity and reuse.
public struct TraceStatistics: Sendable {
  /// Requests.
  public let requests: Int
  /// Requests for the base model alone.
  public let baseOnlyRequests: Int
  /// From the first arrival to the last.
  public let span: Nanoseconds
  /// Requests per second: the reciprocal of the mean inter-arrival time; nil without a span.
  public let rate: Double?
  /// Coefficient of variation (standard deviation over mean) of inter-arrival times; 1 is Poisson.
  public let interArrivalCV: Double?
  /// Prompt tokens.
  public let promptTokens: LengthSummary?
  /// Output tokens.
  public let outputTokens: LengthSummary?
  /// Distinct sessions.
  public let sessions: Int
  /// Who sends the requests.
  public let tenants: ShareSummary
  /// Which adapters they ask for; shares are of references.
  public let adapters: ShareSummary
  /// Zipf's law fitted to the adapters' counts; nil for less than two adapters.
  public let zipf: ZipfFit?
  /// How references repeat in time.
  public let reuse: ReuseStatistics

  /// Measures a trace.
  /// - Parameter slots: cache sizes for which hit ratios are computed.
  public init(of trace: Trace, slots: [Int] = ReuseStatistics.defaultSlots) {
    requests = trace.count
    let isBase = trace.adapterSets.map(\.members.isEmpty)
    baseOnlyRequests = trace.adapterSet.reduce(0) { $0 + (isBase[Int($1)] ? 1 : 0) }
    span = trace.span
    rate = span > 0 ? Double(requests - 1) / span.seconds : nil
    interArrivalCV = TraceStatistics.interArrivalCV(trace.arrival)
    promptTokens = LengthSummary(trace.promptTokens)
    outputTokens = LengthSummary(trace.outputTokens)
    sessions = Set(trace.session).count
    tenants = ShareSummary(trace.tenant, of: trace.tenants.count)
    let references = trace.adapterReferences()
    adapters = ShareSummary(references, of: trace.adapters.count)
    zipf = ZipfFit(counts: adapters.counts)
    reuse = ReuseStatistics(of: references, adapters: trace.adapters.count, slots: slots)
  }

  /// Standard deviation over mean of the gaps, or nil where there is no gap.
  static func interArrivalCV(_ arrival: Column<Nanoseconds>) -> Double? {
    guard arrival.count > 1 else { return nil }
    let mean = Double(arrival[arrival.count - 1] - arrival[0]) / Double(arrival.count - 1)
    guard mean > 0 else { return nil }
    var squares = 0.0
    for index in 1..<arrival.count {
      let deviation = Double(arrival[index] - arrival[index - 1]) / mean - 1
      squares += deviation * deviation
    }
    return (squares / Double(arrival.count - 1)).squareRoot()
  }
}

/// How a total is shared out: adapters over references, tenants over requests.
public struct ShareSummary: Sendable, Equatable {
  /// Counts of those that occur, in descending order.
  public let counts: [Int]
  /// How many occur.
  public var distinct: Int { counts.count }
  /// The sum of all counts.
  public let total: Int

  init(_ indices: some Sequence<Int32>, of size: Int) {
    var counts = Array(repeating: 0, count: size)
    for index in indices { counts[Int(index)] += 1 }
    self.counts = counts.filter { $0 > 0 }.sorted(by: >)
    total = self.counts.reduce(0, +)
  }

  /// The share of the `n` largest; 0 where there is nothing.
  public func share(ofTop n: Int) -> Double {
    total == 0 ? 0 : Double(counts.prefix(n).reduce(0, +)) / Double(total)
  }
}

/// How a stream of adapter references repeats itself in time.
public struct ReuseStatistics: Sendable {
  /// The cache sizes that the tables of Pitwall show.
  public static let defaultSlots = [4, 8, 16, 32, 64]

  /// References in all.
  public let references: Int
  /// Distinct adapters among them.
  public let distinct: Int
  /// Of all references but the first, those that equal the one before; nil for less than two.
  public let sameAsPrevious: Double?
  /// Every reference's stack distance.
  public let stackDistances: StackDistances
  /// Hit ratios by cache size, in the order asked for; empty where nothing is referenced.
  public let hitRatios: [HitRatio]

  /// The hit ratios of unit-size caches with so many slots; cold starts are misses.
  public struct HitRatio: Sendable, Equatable {
    /// Slots.
    public let slots: Int
    /// Least recently used.
    public let lru: Double
    /// Belady's optimum: what no online policy exceeds.
    public let opt: Double
  }

  /// Measures a stream of references to adapters `0..<adapters`.
  public init(of references: [Int32], adapters: Int, slots: [Int] = defaultSlots) {
    self.references = references.count
    let repeats = zip(references, references.dropFirst()).reduce(0) { $0 + ($1.0 == $1.1 ? 1 : 0) }
    sameAsPrevious =
      references.count < 2 ? nil : Double(repeats) / Double(references.count - 1)
    let distances = StackDistances(of: references, adapters: adapters)
    stackDistances = distances
    distinct = distances.coldStarts
    let optimum = OptimalCache(of: references, adapters: adapters)
    let total = Double(references.count)
    hitRatios =
      references.isEmpty
      ? []
      : slots.map {
        HitRatio(
          slots: $0, lru: Double(distances.lruHits(slots: $0)) / total,
          opt: Double(optimum.hits(slots: $0)) / total)
      }
  }
}

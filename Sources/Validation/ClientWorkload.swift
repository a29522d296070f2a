import Foundation
import Orchestration
import Primitives
import Simulation
import Workload

/// The requests of a load generator that asks many adapters at once: each adapter is a Poisson
/// process of its own, and ranks and rates are dealt round robin.
///
/// Everything about a request but its time is computed when it is asked for, from the seed and the
/// request's number, so that a request takes 8 bytes however many there are.
public struct ClientWorkload: ArrivalSource {
  /// The rank of each adapter.
  public let ranks: [Int]
  /// The requests of each adapter, in 1/s.
  public let rates: [Double]
  private let arrivals: [Nanoseconds]
  private let chooser: AliasTable
  private let pool: LengthPool
  private let stream: RandomStream

  /// The most requests that a workload may have.
  static let mostRequests = 50_000_000

  /// Makes the requests.
  ///
  /// Ranks are dealt round robin to the adapters, which are then shuffled, and rates dealt round
  /// robin to the shuffled adapters: counts of ranks and of rates are equal but for one, and
  /// which rate meets which rank is luck.
  /// - Parameters:
  ///   - adapters: how many, at least 1.
  ///   - ranks: at least one.
  ///   - rates: requests an adapter in 1/s, above 0, at least one.
  ///   - extent: how long it goes on. The first request waits for one gap as any other does.
  /// - Throws: `PitwallError` (data) for values out of range, and for more than 50 million requests.
  public init(
    adapters: Int, ranks: [Int], rates: [Double], extent: MeasuredRun.Extent, lengths: LengthPool,
    seed: UInt64
  ) throws {
    guard adapters > 0, !ranks.isEmpty, !rates.isEmpty else {
      throw PitwallError(.data, "a client needs adapters, and their ranks and rates")
    }
    var dealt = (0..<adapters).map { ranks[$0 % ranks.count] }
    var random = RandomStream(seed: seed, purpose: "client.shuffle")
    dealt.shuffle(using: &random)
    self.ranks = dealt
    self.rates = (0..<adapters).map { rates[$0 % rates.count] }
    guard let chooser = AliasTable(weights: self.rates) else {
      throw PitwallError(.data, "rates must not be negative, and one must be above 0")
    }
    self.chooser = chooser
    pool = lengths
    stream = RandomStream(seed: seed, purpose: "client.request")
    arrivals = try ClientWorkload.arrivals(
      rate: self.rates.reduce(0, +), extent: extent, seed: seed)
  }

  /// Independent Poisson processes together are one, of which each event belongs to a process with
  /// a chance that is proportional to its rate (J. F. C. Kingman, "Poisson Processes", 1993).
  private static func arrivals(
    rate: Double, extent: MeasuredRun.Extent, seed: UInt64
  ) throws -> [Nanoseconds] {
    let end: Nanoseconds
    let most: Int
    switch extent {
    case .duration(let duration): (end, most) = (duration, mostRequests)
    case .requests(let count): (end, most) = (.max / 2, min(count, mostRequests))
    }
    let expected = min(rate * end.seconds, Double(most))
    var arrivals: [Nanoseconds] = []
    arrivals.reserveCapacity(min(Int(expected + 5 * expected.squareRoot()), mostRequests))
    var random = RandomStream(seed: seed, purpose: "client.arrivals")
    var time = random.exponential() / rate
    while Nanoseconds(seconds: time) < end, arrivals.count < most {
      arrivals.append(Nanoseconds(seconds: time))
      time += random.exponential() / rate
    }
    guard arrivals.count < mostRequests else {
      throw PitwallError(.data, "more than \(mostRequests) requests")
    }
    return arrivals
  }

  public var count: Int { arrivals.count }

  public func arrival(_ index: Int) -> Nanoseconds { arrivals[index] }

  public func request(_ index: Int) -> Request {
    var random = stream.entity(UInt64(index))
    let adapter = Int32(chooser.draw(&random))
    // Set 0 is the base model's, set i + 1 that of adapter i.
    return Request(
      id: Int32(index), arrival: arrivals[index], adapterSet: adapter + 1,
      promptTokens: pool.draw(&random).prompt)
  }

  public func outputTokens(_ index: Int) -> Int32 {
    var random = stream.entity(UInt64(index))
    _ = chooser.draw(&random)
    let limit = pool.draw(&random).output
    return pool.produced(limit: limit, &random)
  }

  /// A trace without rows that has the adapters which the requests ask for.
  func adapterTable(name: String) throws -> Trace {
    var builder = TraceBuilder(name: name)
    for (index, rank) in ranks.enumerated() {
      _ = builder.internSingle("dummy-\(index)")
      builder.adapters[index].rank = Int32(rank)
    }
    return try builder.finish()
  }
}

import Foundation
import Primitives

/// Tenants with adapters of their own, whose activity drifts and who bring out new adapters.
struct TenantMarket {
  /// What each tenant owns, the most popular first.
  private var owned: [[Int32]]
  /// Which tenant holds each rank of activity; drift swaps ranks.
  private var ranking: [Int]
  private let activity: AliasTable
  private var popularity: ZipfRanks
  /// Adapters that every tenant may use, the most popular first.
  private let shared: [Int32]
  private let sharedUse: Double
  private let drift: Double
  /// How many adapters there are so far.
  private(set) var adapters: Int

  /// What a market starts from.
  struct Shape: Sendable {
    var tenants: Int
    var adapters: Int
    /// Zipf exponents: of activity over tenants, of the number of adapters over tenants, and of
    /// use over a tenant's adapters.
    var tenantSkew, ownershipSkew, adapterSkew: Double
    /// Adapters common to all tenants, besides their own, and the share of choices that fall on
    /// them.
    var sharedAdapters: Int
    var sharedUse: Double
    /// Swaps of activity ranks, per session with adapters.
    var drift: Double
  }

  init(_ shape: Shape) {
    let weights = Popularity.zipf(exponent: shape.tenantSkew).weights(shape.tenants)
    // Weights are positive, so the table exists; the fallback is never drawn from.
    activity = AliasTable(weights: weights) ?? AliasTable.single
    ranking = Array(0..<shape.tenants)
    popularity = ZipfRanks(exponent: shape.adapterSkew)
    let sizes = TenantMarket.sizes(shape)
    var next: Int32 = 0
    owned = sizes.map { size in
      defer { next += Int32(size) }
      return Array(next..<next + Int32(size))
    }
    shared = Array(next..<next + Int32(shape.sharedAdapters))
    sharedUse = shape.sharedAdapters > 0 ? shape.sharedUse : 0
    drift = shape.drift
    adapters = shape.adapters + shape.sharedAdapters
  }

  /// One adapter each, the rest by Zipf weights.
  private static func sizes(_ shape: Shape) -> [Int] {
    let weights = Popularity.zipf(exponent: shape.ownershipSkew).weights(shape.tenants)
    let total = weights.reduce(0, +)
    let rest = Double(shape.adapters - shape.tenants)
    var cumulated = 0.0
    var given = 0
    return weights.indices.map { tenant in
      cumulated += weights[tenant]
      let upTo = tenant == weights.count - 1 ? Int(rest) : Int((rest * cumulated / total).rounded())
      defer { given = upTo }
      return 1 + upTo - given
    }
  }

  /// The tenant of a new session; where asked, after a drift of activity.
  mutating func nextTenant(drifting: Bool, _ random: inout RandomStream) -> Int {
    var swaps = drifting ? drift : 0
    while swaps > 0 {
      if swaps >= 1 || random.uniform() < swaps {
        ranking.swapAt(random.index(below: ranking.count), random.index(below: ranking.count))
      }
      swaps -= 1
    }
    return ranking[activity.draw(&random)]
  }

  /// An adapter that a tenant uses next.
  mutating func choose(for tenant: Int, _ random: inout RandomStream) -> Int32 {
    if sharedUse > 0, random.uniform() < sharedUse {
      return shared[popularity.draw(among: shared.count, &random)]
    }
    return owned[tenant][popularity.draw(among: owned[tenant].count, &random)]
  }

  /// A new adapter of a tenant, which is now its most popular.
  mutating func bringOut(for tenant: Int) -> Int32 {
    let adapter = Int32(adapters)
    owned[tenant].insert(adapter, at: 0)
    adapters += 1
    return adapter
  }
}

/// Draws ranks from a Zipf law over a number of ranks that changes from draw to draw.
private struct ZipfRanks {
  private let exponent: Double
  /// `cumulated[r]`: the weights of ranks 0 through r.
  private var cumulated: [Double] = []

  init(exponent: Double) { self.exponent = exponent }

  mutating func draw(among count: Int, _ random: inout RandomStream) -> Int {
    if count < 2 { return 0 }
    while cumulated.count < count {
      let weight = pow(Double(cumulated.count + 1), -exponent)
      cumulated.append((cumulated.last ?? 0) + weight)
    }
    let target = random.uniform() * cumulated[count - 1]
    var low = 0
    var high = count - 1
    while low < high {
      let middle = (low + high) / 2
      if cumulated[middle] > target { high = middle } else { low = middle + 1 }
    }
    return low
  }
}

import Primitives

/// How sessions behave.
struct SessionShape: Sendable {
  /// Sessions in play at a time.
  var concurrent: Int
  /// Zipf exponent of their pace: 0 and all are equally fast.
  var paceSkew: Double
  /// Mean of the (geometric) number of requests in a session.
  var meanRequests: Double
  /// Probability that a session's next request is for the same adapters as its last.
  var stay: Double
  /// Probability that a session starts with an adapter that is new.
  var birth: Double
  /// Probability that another adapter of the tenant is added to a choice; and another to that.
  var extraAdapters: Double
}

/// A session in play.
struct Session {
  /// Dense, in order of first requests.
  var number: Int32
  var tenant: Int
  /// What it asks for now, in order.
  var adapters: [Int32]
  fileprivate var requestsLeft: Int
}

/// The sessions in play: which of them makes the next request, and what they turn into.
struct SessionPool {
  private let shape: SessionShape
  private let pace: AliasTable
  private var slots: [Session?]
  private var random: RandomStream

  init(_ shape: SessionShape, seed: UInt64, purpose: String) {
    self.shape = shape
    let weights = Popularity.zipf(exponent: shape.paceSkew).weights(shape.concurrent)
    pace = AliasTable(weights: weights) ?? AliasTable.single
    slots = Array(repeating: nil, count: shape.concurrent)
    random = RandomStream(seed: seed, purpose: purpose)
  }

  /// The session that makes the next request, in the state in which it makes it.
  /// - Parameter started: how many sessions have started; names the next one.
  mutating func next(
    _ started: inout Int32, in market: inout TenantMarket, base: Bool
  ) -> Session {
    let slot = pace.draw(&random)
    if var session = slots[slot], session.requestsLeft > 0 {
      if !base, random.uniform() >= shape.stay {
        session.adapters = choice(for: session.tenant, in: &market)
      }
      session.requestsLeft -= 1
      slots[slot] = session
      return session
    }
    let session = start(number: started, in: &market, base: base)
    started += 1
    slots[slot] = session
    return session
  }

  private mutating func start(
    number: Int32, in market: inout TenantMarket, base: Bool
  ) -> Session {
    let tenant = market.nextTenant(drifting: !base, &random)
    let further = random.failures(beforeSuccessWith: 1 / shape.meanRequests)
    var adapters: [Int32] = []
    if !base {
      let isBirth = shape.birth > 0 && random.uniform() < shape.birth
      adapters =
        isBirth ? [market.bringOut(for: tenant)] : choice(for: tenant, in: &market)
    }
    return Session(number: number, tenant: tenant, adapters: adapters, requestsLeft: further)
  }

  private mutating func choice(for tenant: Int, in market: inout TenantMarket) -> [Int32] {
    var adapters = [market.choose(for: tenant, &random)]
    while shape.extraAdapters > 0, adapters.count < 8, random.uniform() < shape.extraAdapters {
      let extra = market.choose(for: tenant, &random)
      if !adapters.contains(extra) { adapters.append(extra) }
    }
    return adapters
  }
}

/// The distinct combinations of adapters, numbered as they come up.
struct AdapterSetTable {
  private(set) var sets = [AdapterSet.base]
  private var single: [Int32] = []
  private var several: [[Int32]: Int32] = [:]

  /// The index of the set with these members, which are distinct and not none.
  mutating func index(of members: [Int32]) -> Int32 {
    let next = Int32(sets.count)
    if members.count == 1 {
      let adapter = Int(members[0])
      if adapter >= single.count {
        single.append(contentsOf: repeatElement(0, count: adapter + 1 - single.count))
      }
      if single[adapter] > 0 { return single[adapter] }
      single[adapter] = next
    } else {
      if let known = several[members] { return known }
      several[members] = next
    }
    sets.append(AdapterSet(members))
    return next
  }
}

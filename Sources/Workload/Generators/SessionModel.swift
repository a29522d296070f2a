import Primitives

/// Who asks for which adapters, request by request: the part of ``SessionsGenerator`` that knows
/// nothing of time and lengths.
struct SessionModel: Sendable {
  var market: TenantMarket.Shape
  var sessions: SessionShape
  /// The share of requests for the base model alone.
  var baseShare = 0.0

  /// Appends who asks for what; tables of adapters, sets and tenants are filled in.
  func append(_ requests: Int, seed: UInt64, to columns: inout GeneratedColumns) {
    var market = TenantMarket(market)
    var sets = AdapterSetTable()
    var withAdapter = SessionPool(sessions, seed: seed, purpose: "adapter sessions")
    var baseOnly = SessionPool(sessions, seed: seed, purpose: "base sessions")
    var kind = RandomStream(seed: seed, purpose: "base share")
    var started: Int32 = 0
    columns.tenant.reserveCapacity(requests)
    columns.session.reserveCapacity(requests)
    for _ in 0..<requests {
      let isBase = baseShare > 0 && kind.uniform() < baseShare
      let request =
        isBase
        ? baseOnly.next(&started, in: &market, base: true)
        : withAdapter.next(&started, in: &market, base: false)
      columns.adapterSet.append(isBase ? 0 : sets.index(of: request.adapters))
      columns.tenant.append(Int32(request.tenant + 1))
      columns.session.append(request.number)
    }
    columns.adapters = (0..<market.adapters).map { AdapterEntry(name: "adapter-\($0)") }
    columns.adapterSets = sets.sets
    columns.tenants += (0..<self.market.tenants).map { "tenant-\($0)" }
  }
}

extension SessionModel {
  init(_ parameters: inout Parameters) throws {
    let tenants = try parameters.int("tenants", default: 50, in: 1...1_000_000)
    let adapters = try parameters.int(
      "adapters", default: max(200, tenants), in: 1...10_000_000)
    if adapters < tenants {
      throw parameters.invalid("adapters", "expected at least one for each of \(tenants) tenants")
    }
    market = TenantMarket.Shape(
      tenants: tenants, adapters: adapters,
      tenantSkew: try parameters.double("tenant-skew", default: 1, in: 0...10),
      ownershipSkew: try parameters.double("ownership-skew", default: 0.8, in: 0...10),
      adapterSkew: try parameters.double("adapter-skew", default: 0.8, in: 0...10),
      sharedAdapters: try parameters.int("shared-adapters", default: 0, in: 0...1_000_000),
      sharedUse: try parameters.double("shared-use", default: 0, in: 0...1),
      drift: try parameters.double("drift", default: 0.02, in: 0...100))
    if market.sharedUse > 0, market.sharedAdapters == 0 {
      throw parameters.invalid("shared-use", "needs shared-adapters")
    }
    sessions = SessionShape(
      concurrent: try parameters.int("concurrent-sessions", default: 12, in: 1...1_000_000),
      paceSkew: try parameters.double("pace-skew", default: 1.5, in: 0...10),
      meanRequests: try parameters.double("session-requests", default: 12, in: 1...1e9),
      stay: try parameters.double("stay", default: 0.8, in: 0...1),
      birth: try parameters.double("birth", default: 0.005, in: 0...1),
      extraAdapters: try parameters.double("extra-adapters", default: 0, in: 0...0.9))
    baseShare = try parameters.double("base-share", default: 0, in: 0...1)
  }
}

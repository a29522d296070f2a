import Primitives

/// Sessions of tenants: the default, because it has the reuse in time that real traces have.
///
/// A fixed number of sessions is in play at any time. Each request belongs to one of them, some of
/// which are faster than others. A session belongs to a tenant and holds to one of the tenant's
/// adapters: before each further request it stays with a given probability, else it chooses again
/// (a Markov chain). When it has made its requests (a geometric number), another takes its place;
/// the tenant of that one follows an activity that is skewed and drifts, and now and then it
/// brings out a new adapter. Arrivals are ``ModulatedArrivals``, independent of the above, so that
/// scaling the rate leaves the sequence of adapters alone.
///
/// Requests for the base model alone come from sessions of their own, in play beside the others.
struct SessionsGenerator: TraceGenerator {
  static let name = "sessions"
  static let summary =
    "Tenants' sessions that hold to an adapter, drifting popularity, daily rhythm and bursts"
  static let usage =
    "[tenants=50] [adapters=200] [tenant-skew=1] [ownership-skew=0.8] [adapter-skew=0.8] "
    + "[shared-adapters=0] [shared-use=0] [concurrent-sessions=12] [pace-skew=1.5] "
    + "[session-requests=12] [stay=0.8] [drift=0.02] [birth=0.005] [base-share=0] "
    + "[extra-adapters=0] [rate=5] [process=gamma] [cv=1.2] [diurnal=W,W,...] [day-length=1d] "
    + "[days=W,W,...] [burst-cv=0.3] [burst-length=1min] [prompt=...] [output=...] "
    + "[correlation=0]"

  private let model: SessionModel
  private let arrivals: ModulatedArrivals
  private let lengths: LengthModel

  init(_ parameters: inout Parameters) throws {
    model = try SessionModel(&parameters)
    arrivals = try ModulatedArrivals(&parameters)
    lengths = try LengthModel(&parameters, prompt: .defaultPrompt, output: .defaultOutput)
  }

  func generate(requests: Int, seed: UInt64) throws -> Trace {
    var columns = try GeneratedColumns(requests: requests)
    columns.arrival = try arrivals.arrivals(requests, seed: seed, name: Self.name)
    model.append(requests, seed: seed, to: &columns)
    var sizes = RandomStream(seed: seed, purpose: "session lengths")
    for _ in 0..<requests {
      let (prompt, output) = lengths.draw(&sizes)
      columns.promptTokens.append(prompt)
      columns.outputTokens.append(output)
    }
    return columns.trace(name: Self.name, origin: "generator sessions, seed \(seed)")
  }
}

import LockstepWorld
import Orchestration
import Policies
import Primitives
import Testing

/// Every policy that is registered, by name: adding one to the registry has it tested here.
@Suite struct ConformanceTests {
  private static let registry = PolicyRegistry.builtIn

  /// Values for parameters that have no default.
  private static let samples = ["variants": "a0:1,a1:3", "rules": "topic=law:a0"]

  /// A policy's name, and values for what it cannot do without.
  private static func written<Context, Policy: ~Copyable>(
    _ entry: PolicyEntry<Context, Policy>
  ) -> String {
    let required = entry.parameters.filter { $0.standard == "(required)" }
    return ([entry.name] + required.map { "\($0.name)=\(samples[$0.name] ?? "?")" })
      .joined(separator: " ")
  }

  private func serve(
    _ seed: UInt64, registry: PolicyRegistry = ConformanceTests.registry,
    with change: (inout LockstepServer) -> Void
  ) throws {
    var random = RandomStream(seed: seed, purpose: "conformance")
    var (server, jobs) = randomLockstep(&random, registry: registry)
    change(&server)
    let log = try LockstepWorld(server, jobs: jobs, seed: seed).run()
    #expect(log.violations == [])
    #expect(log.records.map(\.request).sorted() == jobs.map(\.request.id))
  }

  @Test(arguments: registry.eviction.filter { !$0.isClairvoyant }.map(written), 0..<4)
  func eviction(_ policy: String, _ seed: UInt64) throws {
    try serve(seed) { $0.eviction = policy }
  }

  @Test(arguments: registry.scheduling.map(written), 0..<4)
  func scheduling(_ policy: String, _ seed: UInt64) throws {
    try serve(seed) { $0.scheduling = policy }
  }

  @Test(arguments: registry.routing.map(written), 0..<4)
  func routing(_ policy: String, _ seed: UInt64) throws {
    try serve(seed) {
      $0.routing = policy
      $0.replicas = 3
    }
  }

  @Test(arguments: registry.selection.map(written), 0..<4)
  func selection(_ policy: String, _ seed: UInt64) throws {
    try serve(seed) { $0.selection = policy }
  }

  /// With its interval at zero a policy that looks at intervals looks at every event.
  @Test(arguments: registry.prefetch.map(written), 0..<8)
  func prefetch(_ policy: String, _ seed: UInt64) throws {
    var audited = Self.registry
    audited.prefetch = audited.prefetch.map { entry in
      PrefetchEntry(entry.name, entry.summary, parameters: entry.parameters, source: entry.source) {
        AuditedPrefetch(try entry.make($0, &$1))
      }
    }
    let looks = policy == "predictive" ? "predictive interval=0s min-probability=0" : policy
    try serve(seed, registry: audited) { $0.prefetch = looks }
  }
}

/// A prefetch policy whose proposals are checked.
private struct AuditedPrefetch: PrefetchPolicy, ~Copyable {
  private var policy: any PrefetchPolicy & ~Copyable

  init(_ policy: consuming any PrefetchPolicy & ~Copyable) { self.policy = policy }

  mutating func arrived(_ request: Request, members: ArraySlice<AdapterID>) {
    policy.arrived(request, members: members)
  }

  mutating func proposal(
    at time: Nanoseconds, residency: borrowing Residency, queue: borrowing WaitingQueue
  ) -> PrefetchProposal? {
    let proposal = policy.proposal(at: time, residency: residency, queue: queue)
    guard let adapter = proposal?.adapter else { return nil }
    if residency.isOnDevice(adapter) { Issue.record("proposed what is on the device") }
    if residency.isMoving(adapter) { Issue.record("proposed what is on its way") }
    if !residency.mayPrefetch(adapter) { Issue.record("proposed what could not begin") }
    return proposal
  }

  mutating func worth(
    keeping adapter: AdapterID, at time: Nanoseconds, queue: borrowing WaitingQueue
  ) -> Double {
    let worth = policy.worth(keeping: adapter, at: time, queue: queue)
    if worth.isNaN || worth < 0 { Issue.record("a worth of \(worth)") }
    return worth
  }

  mutating func nextLook(after time: Nanoseconds) -> Nanoseconds? { policy.nextLook(after: time) }
}

import Foundation
import Orchestration
import Policies
import Primitives
import Testing

@Suite struct RegistryTests {
  private static let registry = PolicyRegistry.builtIn
  private let bytes: [Bytes] = [1000, 2000]

  /// What a policy says of itself; with a way to make it from parameters.
  private struct Case {
    var kind: String
    var name: String
    var summary: String
    var idea: String
    var cost: String
    var source: String
    var parameters: [PolicyParameter]
    var make: (Parameters) throws -> Void
  }

  private func cases<Context, Policy: ~Copyable>(
    _ kind: String, _ entries: [PolicyEntry<Context, Policy>], _ context: Context
  ) -> [Case] {
    entries.map { entry in
      Case(
        kind: kind, name: entry.name, summary: entry.summary, idea: entry.idea, cost: entry.cost,
        source: entry.source, parameters: entry.parameters
      ) { parameters in
        _ = try PolicyRegistry.make(parameters, kind: kind, from: entries, context)
      }
    }
  }

  private var all: [Case] {
    let costs: [[Nanoseconds]] = [[0, 0], [9, 9], [9, 9], [9, 9]]
    let registry = Self.registry
    return cases(
      "eviction", registry.eviction,
      EvictionContext(
        tier: .device, bytes: bytes, loadCost: costs[3], seed: 1,
        future: RequestedFuture(of: [0, 1, 0], count: 2)))
      + cases(
        "prefetch", registry.prefetch, PrefetchContext(bytes: bytes, loadCost: costs, seed: 1))
      + cases(
        "scheduling", registry.scheduling,
        SchedulingContext(
          slots: 4, adapterBytes: 8000, setBytes: [0, 1000, 2000], setSizes: [0, 1, 1]))
      + cases("routing", registry.routing, RoutingContext(replicas: 2, seed: 1))
      + cases(
        "selection", registry.selection,
        SelectionContext(setByAdapter: ["a": 1], metadata: [[]], seed: 1))
  }

  private func message(_ body: () throws -> Void) -> String? {
    do { try body() } catch { return (error as? PitwallError)?.message }
    return nil
  }

  @Test func everyPolicySaysWhatItIs() {
    for policy in all {
      for text in [policy.summary, policy.idea, policy.cost, policy.source] {
        #expect(!text.isEmpty, "\(policy.kind) \(policy.name)")
      }
      #expect(!policy.name.contains(" ") && policy.name == policy.name.lowercased())
    }
    for (kind, policies) in Dictionary(grouping: all, by: \.kind) {
      #expect(Set(policies.map(\.name)).count == policies.count, "\(kind)")
    }
  }

  @Test func defaultsMakeAPolicyUnlessSomethingIsRequired() throws {
    for policy in all {
      let required = policy.parameters.first { $0.standard == "(required)" }
      let message = message { try policy.make(try Parameters(policy.name)) }
      #expect(message == required.map { "\(policy.name): \($0.name) is missing" })
    }
  }

  /// What is printed as a default can be written, and a slip of the hand is told.
  @Test func documentedDefaultsAreAccepted() throws {
    for policy in all where !policy.parameters.contains(where: { $0.standard == "(required)" }) {
      let written = policy.parameters.filter { !$0.standard.contains(" ") }
        .map { Parameters.Entry($0.name, $0.standard) }
      try policy.make(try Parameters(policy.name, written))
      let wrong = written + [Parameters.Entry("no-such-key", "1")]
      #expect(
        message { try policy.make(try Parameters(policy.name, wrong)) }?
          .hasPrefix("\(policy.name).no-such-key: unknown key") == true)
    }
  }

  @Test func unknownNamesGetTheNearest() throws {
    for kind in ["eviction", "prefetch", "scheduling", "routing", "selection"] {
      let policy = try #require(all.first { $0.kind == kind })
      let slip = policy.name + "x"
      #expect(
        message { try policy.make(try Parameters(slip)) }
          == "unknown \(kind) policy \"\(slip)\" (did you mean \"\(policy.name)\"?)")
    }
  }

  @Test(arguments: [
    ("fcfs", "cap=0"), ("fcfs", "cap=-1"), ("fcfs", "skip=maybe"), ("affinity", "slack=-1"),
    ("predictive", "min-probability=1.5"), ("predictive", "scales=0,10"), ("predictive", "scales="),
    ("predictive", "scales=10 100"), ("predictive", "interval=-1s"), ("predictive", "margin=nan"),
    ("split", "variants=a"), ("split", "variants=a:-1"), ("split", "variants=a:0"),
    ("split", "variants=b:1"), ("split", "variants=a:1 sticky=moon"), ("rules", "rules=a"),
    ("ttl", "keep-alive=-1s"), ("landlord", "refresh=2"), ("chameleon", "size=-1"),
    ("fastlibra", "unit=0s"), ("greedy-dual", "cost=gold"), ("queue-protect", "order=lfu"),
    ("rules", "rules=x:a"), ("rules", "rules=x=y:b"), ("rules", "rules==y:a"),
  ]) func badParameters(_ name: String, _ written: String) throws {
    let policy = try #require(all.first { $0.name == name })
    // Not split at spaces, so that values may hold some.
    let entries = written.components(separatedBy: " sticky").enumerated().map { index, part in
      let text = index == 0 ? part : "sticky" + part
      let halves = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      return Parameters.Entry(String(halves[0]), String(halves[1]))
    }
    #expect(throws: PitwallError.self) { try policy.make(try Parameters(name, entries)) }
  }
}

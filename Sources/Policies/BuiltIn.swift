import Orchestration
import Primitives

extension PolicyRegistry {
  /// Every policy that ships: one line each for name, idea and source.
  public static let builtIn = PolicyRegistry(
    eviction: builtInEviction,
    prefetch: [
      PrefetchEntry("none", "loads on demand only", source: "vLLM") { _, _ in NoPrefetch() },
      PrefetchEntry(
        "lookahead", "brings adapters of waiting requests, in the queue's order",
        source: "S-LoRA, Sheng et al., MLSys'24"
      ) { _, _ in QueueLookahead() },
      PrefetchEntry(
        "predictive", "lookahead, then adapters likely to be asked for, by saving per byte",
        parameters: Predictive.parameters, source: "see Policies/Prefetch/Predictive.swift"
      ) { context, parameters in Predictive(context, try Predictive.read(&parameters)) },
    ],
    scheduling: [
      SchedulingEntry(
        "fcfs", "first come, first served; at most `cap` adapters in a batch",
        parameters: FCFS.parameters, source: "vLLM V1 scheduler, max_loras"
      ) { context, parameters in
        let (cap, skips) = try FCFS.read(&parameters, context)
        return FCFS(cap: cap, skips: skips)
      },
      SchedulingEntry(
        "priority", "as fcfs, but higher priority first", parameters: FCFS.parameters,
        source: "vLLM scheduling-policy priority"
      ) { context, parameters in
        let (cap, skips) = try FCFS.read(&parameters, context)
        return PriorityFCFS(cap: cap, skips: skips)
      },
      SchedulingEntry(
        "active-set", "adapters take turns: at most `limit` active, for `cycle` if others wait",
        parameters: [
          PolicyParameter("limit", "128", "most active adapter sets (max_active_adapters)"),
          PolicyParameter("cycle", "2s", "time until others may take over (adapter_cycle_time_s)"),
        ], source: "LoRAX, router/src/queue.rs"
      ) { context, parameters in
        ActiveSet(
          context, limit: try parameters.int("limit", default: 128, in: 1...Int.max),
          cycleTime: try parameters.nanoseconds("cycle") ?? 2_000_000_000)
      },
    ],
    routing: [
      RoutingEntry("round-robin", "replicas in turn", source: "common practice") { _, _ in
        RoundRobin()
      },
      RoutingEntry(
        "least-loaded", "the replica with the fewest requests", source: "common practice"
      ) { _, _ in LeastLoaded() },
      RoutingEntry(
        "affinity", "a replica that has the adapters, unless it is much busier",
        parameters: [
          PolicyParameter("slack", "8", "requests a holder may be busier before affinity yields")
        ], source: "Gateway API inference extension, LoRA affinity"
      ) { _, parameters in
        Affinity(slack: try parameters.int("slack", default: 8, in: 0...1_000_000))
      },
    ],
    selection: [
      SelectionEntry("explicit", "the adapters that the request names", source: "OpenAI-style API")
      { _, _ in Explicit() },
      SelectionEntry(
        "rules", "an adapter by the request's metadata; the first match decides",
        parameters: [PolicyParameter("rules", "(required)", "key=value:adapter; ...")],
        source: "metadata routing in gateways"
      ) { context, parameters in
        let rules = try parameters.requiredString("rules")
        let known = parameters
        return try MetadataRules(rules: rules, context) { known.invalid("rules", $0) }
      },
      SelectionEntry(
        "split", "sticky weighted split over variants",
        parameters: [
          PolicyParameter("variants", "(required)", "adapter:weight, adapter:weight, ..."),
          PolicyParameter("sticky", "session", "session or tenant: what stays with its variant"),
        ], source: "A/B testing practice"
      ) { context, parameters in try Split.make(context, &parameters) },
    ])
}

extension FCFS {
  fileprivate static let parameters = [
    PolicyParameter("cap", "the device's slots", "most distinct adapters in a batch (max_loras)"),
    PolicyParameter("skip", "true", "whether requests behind a blocked one may pass it"),
  ]

  fileprivate static func read(
    _ parameters: inout Parameters, _ context: SchedulingContext
  ) throws -> (cap: Int, skips: Bool) {
    let cap = try parameters.int("cap", default: context.slots ?? .max, in: 1...Int.max)
    return (cap, try parameters.bool("skip", default: true))
  }
}

extension Split {
  fileprivate static func make(
    _ context: SelectionContext, _ parameters: inout Parameters
  ) throws -> any SelectionPolicy & ~Copyable {
    let text = try parameters.requiredString("variants")
    let unit = try parameters.choice("sticky", default: Split.Unit.session)
    let variants = try text.split(separator: ",").map { part in
      let halves = part.filter { $0 != " " }.split(separator: ":").map(String.init)
      guard halves.count == 2, let weight = Double(halves[1]), weight >= 0, weight.isFinite else {
        throw parameters.invalid("variants", "\"\(part)\" is not of the form adapter:weight")
      }
      guard let set = context.setByAdapter[halves[0]] else {
        throw parameters.invalid(
          "variants",
          "unknown adapter \"\(halves[0])\""
            + Suggestion.hint(for: halves[0], in: Array(context.setByAdapter.keys)))
      }
      return (set: set, weight: weight)
    }
    guard variants.contains(where: { $0.weight > 0 }) else {
      throw parameters.invalid("variants", "no variant has a weight above 0")
    }
    return Split(variants: variants, unit: unit, seed: context.seed)
  }
}

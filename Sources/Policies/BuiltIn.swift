import Orchestration
import Primitives

extension PolicyRegistry {
  /// Every policy that ships: one line each for name, idea and source.
  public static let builtIn = PolicyRegistry(
    eviction: builtInEviction.map { $0.withAdmission() },
    prefetch: [
      PrefetchEntry(
        "none", "loads on demand only",
        idea:
          "Nothing moves that nobody waits for: every adapter is loaded when a request needs it.",
        cost: "O(1)", source: "vLLM"
      ) { _, _ in NoPrefetch() },
      PrefetchEntry(
        "lookahead", "brings adapters of waiting requests, in the queue's order",
        idea: """
          Looks down the waiting queue for the first adapter that is not on the device and whose link \
          is free, and brings it a tier nearer. Never pushes out what a waiting request needs.
          """, cost: "O(adapter sets that wait) a look", source: "S-LoRA, Sheng et al., MLSys'24"
      ) { _, _ in QueueLookahead() },
      PrefetchEntry(
        "predictive", "lookahead, then adapters likely to be asked for, by saving per byte",
        idea: """
          Estimates each adapter's rate of requests from its own past (decaying counts on several time \
          scales) and from sessions (what followed their last adapter, with a hazard that falls with \
          silence). Brings the one with the most load time saved per byte if its chance of use within \
          the horizon, the time that adapters now stay, is high enough; an idle one makes way only if \
          it is worth less by the margin.
          """, cost: "O(scales) a request; O(adapters) a look, at most once an interval",
        parameters: Predictive.parameters,
        source: "decaying rates, Markov successors; Cao and Irani, USITS'97, for the price"
      ) { context, parameters in Predictive(context, try Predictive.read(&parameters)) },
    ],
    scheduling: [
      SchedulingEntry(
        "fcfs", "first come, first served; at most `cap` adapters in a batch",
        idea: """
          Requests start in the order in which they came. One whose adapter would be one too many for \
          the batch is passed over and keeps its place (or, with skip=false, holds up all behind it). \
          There is no ageing: a rare adapter can starve.
          """, cost: "O(log sets) a request",
        parameters: FCFS.parameters, source: "vLLM V1 scheduler, max_loras"
      ) { context, parameters in
        let (cap, skips) = try FCFS.read(&parameters, context)
        return FCFS(cap: cap, skips: skips)
      },
      SchedulingEntry(
        "priority", "as fcfs, but higher priority first",
        idea: "Requests start by priority, and in the order in which they came within one.",
        cost: "O(log sets) a request", parameters: FCFS.parameters,
        source: "vLLM scheduling-policy priority"
      ) { context, parameters in
        let (cap, skips) = try FCFS.read(&parameters, context)
        return PriorityFCFS(cap: cap, skips: skips)
      },
      SchedulingEntry(
        "active-set", "adapters take turns: at most `limit` active, for `cycle` if others wait",
        idea: """
          Requests queue by adapter. Adapters become active in the order in which they were first asked \
          for, as far as memory and the limit allow, and are loaded then; one that has been active for a \
          cycle, with nothing running, goes to the end of the line if others wait. Of the active ones \
          the one with the oldest request is served first.
          """, cost: "O(active and pending sets) a review",
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
      RoutingEntry(
        "round-robin", "replicas in turn",
        idea: "The next replica gets the next request, whatever it holds and however busy it is.",
        cost: "O(1)", source: "common practice"
      ) { _, _ in RoundRobin() },
      RoutingEntry(
        "least-loaded", "the replica with the fewest requests",
        idea:
          "Counts requests that wait or run on each replica; of several with the fewest, the first.",
        cost: "O(replicas)", source: "common practice"
      ) { _, _ in LeastLoaded() },
      RoutingEntry(
        "affinity", "a replica that has the adapters, unless it is much busier",
        idea: """
          Of the replicas that have the most of the request's adapters on the device or on their way, \
          the least loaded; but if that has more than `slack` requests above the least loaded of all, \
          the latter, which then loads them too.
          """, cost: "O(replicas)",
        parameters: [
          PolicyParameter("slack", "8", "requests a holder may be busier before affinity yields")
        ], source: "Gateway API inference extension, LoRA affinity"
      ) { _, parameters in
        Affinity(slack: try parameters.int("slack", default: 8, in: 0...1_000_000))
      },
    ],
    selection: [
      SelectionEntry(
        "explicit", "the adapters that the request names",
        idea: "What the client asks for is what it gets.", cost: "O(1)", source: "OpenAI-style API"
      ) { _, _ in Explicit() },
      SelectionEntry(
        "rules", "an adapter by the request's metadata; the first match decides",
        idea: """
          Rules are tried in order against the request's metadata; without a match, the adapters that \
          it names serve it.
          """, cost: "O(1): each metadata record is matched once, when the policy is made",
        parameters: [PolicyParameter("rules", "(required)", "key=value:adapter; ...")],
        source: "metadata routing in gateways"
      ) { context, parameters in
        let rules = try parameters.requiredString("rules")
        let known = parameters
        return try MetadataRules(rules: rules, context) { known.invalid("rules", $0) }
      },
      SelectionEntry(
        "split", "sticky weighted split over variants",
        idea: """
          Each session (or tenant) is dealt to a variant once, by a hash of the seed, and stays with it: \
          shares follow the weights whatever else arrives, and two runs deal alike.
          """, cost: "O(variants)",
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

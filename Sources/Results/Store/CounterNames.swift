import Orchestration
import Primitives

extension Counters {
  typealias Column = (name: String, path: any WritableKeyPath<Counters, Int64> & Sendable)

  /// Every counter with its name in the `counter` table.
  static let columns: [Column] =
    [
      ("references", \.references),
      ("referenced_bytes", \.referencedBytes),
      ("prefetches", \.prefetches),
      ("prefetched_bytes", \.prefetchedBytes),
      ("prefetches_used", \.prefetchesUsed),
      ("prefetches_late", \.prefetchesLate),
      ("prefetch_wasted_bytes", \.prefetchWastedBytes),
      ("prefetches_cancelled", \.prefetchesCancelled),
      ("demand_loads", \.demandLoads),
      ("reloads", \.reloads),
      ("copying_ns", \.copying),
      ("steps", \.steps),
      ("adapter_steps", \.adapterSteps),
      ("busy_ns", \.busy),
      ("prefill_tokens", \.prefillTokens),
      ("decode_tokens", \.decodeTokens),
      ("preemptions", \.preemptions),
    ] + Tier.allCases.flatMap(columns(of:))

  private static func columns(of tier: Tier) -> [Column] {
    let index = Int(tier.rawValue)
    return [
      ("found_\(tier)", \.found[index]),
      ("found_bytes_\(tier)", \.foundBytes[index]),
      ("loads_\(tier)", \.loads[index]),
      ("bytes_moved_\(tier)", \.bytesMoved[index]),
      ("evictions_\(tier)", \.evictions[index]),
    ]
  }
}

import Foundation
import Orchestration
import Primitives

/// What libCacheSim's own tests say that its policies miss, row by row, and what ours miss.
public enum Parity {
  /// How near a row is to be.
  public enum Kind: String, Sendable {
    /// The definition is known: the same misses and the same bytes at every size.
    case exact
    /// Built from its paper, where libCacheSim deviates in ways that are not written down.
    case paper
    /// Not built.
    case missing
  }

  /// A row of the truth and the policy of ours that stands for it.
  public struct Row: Sendable {
    /// The policy as the truth names it.
    public let name: String
    /// Ours with its parameters; nil where there is none.
    public let policy: String?
    /// The prefetcher that it has beside it; nil where it has none.
    public let prefetcher: String?
    /// How near it is to be.
    public let kind: Kind
    /// What of ours stands for it, for people; nil where nothing does.
    public var ours: String? {
      policy.map { policy in prefetcher.map { "\(policy) + \($0)" } ?? policy }
    }
    /// Why there is none.
    public let reason: String

    static func exact(_ name: String, _ policy: String, prefetcher: String? = nil) -> Row {
      Row(name: name, policy: policy, prefetcher: prefetcher, kind: .exact, reason: "")
    }
    static func paper(_ name: String, _ policy: String, prefetcher: String? = nil) -> Row {
      Row(name: name, policy: policy, prefetcher: prefetcher, kind: .paper, reason: "")
    }
    static func missing(_ name: String, _ reason: String) -> Row {
      Row(name: name, policy: nil, prefetcher: nil, kind: .missing, reason: reason)
    }
  }

  /// Every row, in the order of the truth: the one place that says which is which.
  public static let rows: [Row] = [
    .exact("ARC", "arc"),
    .exact("Belady", "belady"),
    .exact("BeladySize", "belady-size"),
    .exact("Clock", "clock"),
    .exact("Clock2QPlus", "clock2q-plus window-unit=arrivals"),
    .exact("FIFO", "fifo"),
    .exact("GDSF", "gdsf"),
    .exact("Hyperbolic", "hyperbolic"),
    .exact("LFU", "lfu"),
    .exact("LFUDA", "lfu-da"),
    .exact("LHD", "lhd"),
    .exact("LIRS", "lirs"),
    .exact("LRU", "lru"),
    .exact("LRU_K", "lru-k"),
    .exact("MQ", "mq"),
    .exact("MRU", "mru"),
    .exact("QDLP-FIFO", "qd-lp"),
    .exact("Random", "random"),
    .exact("S3-FIFO", "s3-fifo"),
    .exact("S3-FIFOv0", "s3-fifo-v0"),
    .exact("SLRU", "slru segments=5"),
    .exact("SLRU n-seg=4 default (wheel)", "slru"),
    .exact("Sieve", "sieve"),
    .exact("Size(wheel 0.3.5)", "largest-first"),
    .exact("TwoQ(wheel 0.3.5)", "two-q"),
    .exact("CR_LFU", "cr-lfu"),
    .exact("BloomFilter", "lru admission=bloom"),
    .exact("Size", "lru admission=size"),
    .exact("SizeProb", "lru admission=size-prob"),
    .exact("OBL", "lru", prefetcher: "obl"),
    .exact("PG", "lru", prefetcher: "pg"),
    .paper("AdaptSize", "lru admission=adaptsize"),
    .paper("Mithril", "lru", prefetcher: "mithril"),
    .paper("CAR", "car"),
    .paper("Cacheus", "cacheus"),
    .paper("ClockPro", "clock-pro"),
    .paper("LeCaR", "lecar"),
    .paper("SR_LRU", "sr-lru"),
    .paper("LRUProb(wheel)", "lru-prob"),
    .missing("3LCache", "needs a gradient-boosting library"),
    .missing("PFOO-L lower bound (computed here)", "a bound, not a policy"),
  ]

  /// The row of a policy of the truth.
  public static func row(_ name: String) -> Row {
    rows.first { $0.name == name } ?? .missing(name, "not built")
  }
}

/// libCacheSim's misses, by policy and size: a CSV file with the columns kind, policy, cache_MiB,
/// miss_count and miss_bytes.
public struct ParityTruth: Sendable {
  /// One policy at one size.
  public struct Entry: Sendable {
    /// What kind of thing it is: `eviction`, `prefetch(+LRU)` and so on.
    public let kind: String
    /// The policy as libCacheSim names it.
    public let policy: String
    /// The cache.
    public let mebibytes: Int
    /// Requests that miss.
    public let misses: Int64
    /// Their bytes; nil where the truth does not say.
    public let missedBytes: Bytes?

    /// The cache's size.
    public var size: CacheSize { .bytes(Bytes(mebibytes) << 20) }
  }

  /// All entries, in the order of the file.
  public let entries: [Entry]
  /// The policies, each once, in the order of the file.
  public var policies: [String] {
    var seen: Set<String> = []
    return entries.map(\.policy).filter { seen.insert($0).inserted }
  }

  /// Reads the file.
  /// - Throws: `PitwallError`: noInput where it cannot be read, data with the line where it is
  ///   malformed.
  public init(reading path: String) throws {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw PitwallError(.noInput, at: path, "cannot be read")
    }
    let lines = String(decoding: data, as: UTF8.self).split(
      separator: "\n", omittingEmptySubsequences: false)
    let names = Self.cells(lines[0])
    let columns = try ["kind", "policy", "cache_MiB", "miss_count", "miss_bytes"].map { name in
      guard let place = names.firstIndex(of: name) else {
        throw PitwallError.data(path, line: 1, "column \(name) is missing")
      }
      return place
    }
    entries = try lines.enumerated().dropFirst().filter { !$0.element.isEmpty }.map {
      number, line in
      let cells = Self.cells(line)
      guard cells.count == names.count, let size = Int(cells[columns[2]]), (1...1 << 30) ~= size,
        let misses = Int64(cells[columns[3]])
      else {
        throw PitwallError.data(path, line: number + 1, "expected a size in MiB and misses")
      }
      return Entry(
        kind: cells[columns[0]], policy: cells[columns[1]], mebibytes: size, misses: misses,
        missedBytes: Bytes(cells[columns[4]]))
    }
  }

  private static func cells(_ line: Substring) -> [String] {
    line.split(separator: ",", omittingEmptySubsequences: false).map {
      String($0.last == "\r" ? $0.dropLast() : $0)
    }
  }
}

extension Parity {
  /// A row of the truth at one size, and what ours makes of it.
  public struct Result: Sendable {
    /// What libCacheSim misses.
    public let truth: ParityTruth.Entry
    /// Which policy of ours stands for it.
    public let row: Row
    /// What ours misses; nil where there is none.
    public let counts: CacheCounts?

    /// Ours less theirs.
    public var difference: Int64? { counts.map { $0.misses - truth.misses } }
    /// Whether misses are the same, and bytes where the truth says them.
    public var isEqual: Bool {
      guard let counts else { return false }
      return counts.misses == truth.misses
        && truth.missedBytes.map { $0 == counts.missedBytes } ?? true
    }
    /// Whether it is as near as it is to be.
    public var isMet: Bool { row.kind != .exact || isEqual }
  }

  /// Replays every row of the truth that has a policy of ours.
  public static func compare(
    _ truth: ParityTruth, _ trace: ObjectTrace, known: [EvictionEntry], threads: Int,
    finished: @escaping @Sendable () -> Bool = { true }
  ) async throws -> [Result] {
    let future = trace.future
    return try await mapConcurrently(truth.entries, threads: threads, finished: finished) { entry in
      let row = row(entry.policy)
      let counts = try misses(of: row, at: entry.size, trace, future: future, known: known)
      return Result(truth: entry, row: row, counts: counts)
    }
  }

  /// What the policy of a row misses of a trace, with the seed that libCacheSim's tests take; nil where
  /// there is none.
  public static func misses(
    of row: Row, at size: CacheSize, _ trace: ObjectTrace, future: RequestedFuture,
    known: [EvictionEntry]
  ) throws -> CacheCounts? {
    guard let name = row.policy else { return nil }
    func policy(_ context: EvictionContext) throws -> any EvictionPolicy & ~Copyable {
      try PolicyRegistry.make(Parameters(parsing: name), kind: "eviction", from: known, context)
    }
    guard let prefetcher = row.prefetcher else {
      let context = size.context(for: trace, seed: 1, future: future)
      return try trace.replay(policy(context), context)
    }
    // The blocks of the trace, and those that follow them, which nobody may request.
    let blocks = trace.withSuccessors(bytes: 512)
    let context = size.context(for: blocks, seed: 1)
    var cache = LoneCache(context)
    cache.serve(
      CacheRequests(objects: blocks.objects[...]), by: try policy(context),
      prefetching: try PolicyRegistry.make(
        Parameters(parsing: prefetcher), kind: "prefetch",
        from: PolicyRegistry.builtInCachePrefetch, context))
    return cache.counts
  }
}

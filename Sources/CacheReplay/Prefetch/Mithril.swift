import BasicContainers
import Orchestration
import Primitives

/// MITHRIL: brings what has been requested shortly after the requested object, a few times over.
///
/// Misses are recorded with the number of the request. Objects with enough of them are mined, many at
/// once: in the order of their first misses, two that always missed within a few requests of each other
/// are associated, if once it was directly one after the other. What is brought and evicted before its
/// first use is spared a number of times, where room is made for a demand.
/// J. Yang, R. Karimi, T. Saemundsson, A. Wildani, Y. Vigfusson, "MITHRIL: mining sporadic associations
/// for cache prefetching", SoCC'17, doi:10.1145/3127479.3131210.
public struct Mithril: CachePrefetcher, ~Copyable {
  /// What decides, with libCacheSim's defaults.
  public struct Options: Sendable {
    /// Requests within which one object follows another.
    public var lookahead = 20
    /// Misses from which an object is mined, and above which it is too frequent to be.
    public var minSupport = 2
    public var maxSupport = 8
    /// Pairs of misses that may lie further apart; also by how much their numbers may differ.
    public var confidence = 1
    /// Successors that an object keeps.
    public var list = 2
    /// Misses that are mined at once.
    public var miningThreshold = 5120
    /// Evictions that bring what nobody has used yet to its end.
    public var cycle = 2

    /// The defaults.
    public init() {}
  }

  private let options: Options
  private let sizes: [Bytes]
  /// Numbers of the requests that missed, for each object that is recorded.
  private var misses: UniqueArray<[Int32]>
  private var mining: IndexList
  private var successors: UniqueArray<[AdapterID]>
  /// For what was brought and not used yet, the evictions it has had, from 1; else 0.
  private var evictions: UniqueArray<Int32>
  private var clock: Int32 = 0

  /// Nothing recorded yet.
  public init(_ context: EvictionContext, _ options: Options = Options()) {
    self.options = options
    sizes = context.sizes
    misses = UniqueArray(repeating: [], count: context.count)
    mining = IndexList(capacity: context.count)
    successors = UniqueArray(repeating: [], count: context.count)
    evictions = UniqueArray(repeating: 0, count: context.count)
  }

  public mutating func served(
    _ object: AdapterID, isHit: Bool, bringing proposals: inout [PrefetchedObject]
  ) {
    for successor in successors[Int(object)] {
      proposals.append(PrefetchedObject(object: successor, size: sizes[Int(successor)]))
    }
  }

  public mutating func requested(_ object: AdapterID, isHit: Bool) {
    clock += 1
    if isHit { evictions[Int(object)] = 0 } else { record(object) }
  }

  public mutating func brought(_ object: AdapterID) {
    if evictions[Int(object)] == 0 { evictions[Int(object)] = 1 }
  }

  public mutating func spares(_ object: AdapterID) -> Bool {
    let past = evictions[Int(object)]
    let isSpared = past > 0 && past < options.cycle
    evictions[Int(object)] = isSpared ? past + 1 : 0
    return isSpared
  }

  private mutating func record(_ object: AdapterID) {
    if misses[Int(object)].count == options.maxSupport {
      misses[Int(object)] = []
      mining.remove(object)
      return
    }
    misses[Int(object)].append(clock)
    guard misses[Int(object)].count == options.minSupport else { return }
    mining.pushFirst(object)
    if mining.count >= options.miningThreshold / options.minSupport { mine() }
  }

  private mutating func mine() {
    var rows: [AdapterID] = []
    while mining.last != IndexList.none {
      rows.append(mining.last)
      mining.remove(mining.last)
    }
    rows.sort { misses[Int($0)][0] < misses[Int($1)][0] }
    for (index, first) in rows.enumerated() {
      for (distance, second) in rows[(index + 1)...].enumerated() {
        let gap = misses[Int(second)][0] - misses[Int(first)][0]
        guard Int(gap) <= options.lookahead else { break }
        if areAssociated(first, second, areNeighbours: distance == 0) { associate(first, second) }
      }
    }
    for object in rows { misses[Int(object)] = [] }
  }

  private func areAssociated(
    _ first: AdapterID, _ second: AdapterID, areNeighbours: Bool
  ) -> Bool {
    let difference = misses[Int(first)].count - misses[Int(second)].count
    guard abs(difference) <= options.confidence else { return false }
    var isStrong = areNeighbours
    var exceptions = 0
    for (one, other) in zip(misses[Int(first)], misses[Int(second)]) {
      let gap = Int(abs(one - other))
      if gap > options.lookahead { exceptions += 1 }
      if gap == 1 { isStrong = true }
    }
    return isStrong && exceptions <= options.confidence
  }

  private mutating func associate(_ object: AdapterID, _ successor: AdapterID) {
    guard !successors[Int(object)].contains(successor) else { return }
    if successors[Int(object)].count == options.list { successors[Int(object)].removeFirst() }
    successors[Int(object)].append(successor)
  }
}

extension CachePrefetchEntry {
  static let mithril = CachePrefetchEntry(
    "mithril", "what has missed shortly after the requested object, a few times over",
    cost: "O(1), and O(rows x lookahead) when it mines",
    parameters: [
      PolicyParameter("lookahead", "20", "requests within which one object follows another"),
      PolicyParameter("min-support", "2", "misses from which an object is mined"),
      PolicyParameter("max-support", "8", "misses above which it is too frequent to be"),
      PolicyParameter("confidence", "1", "pairs of misses that may lie further apart"),
      PolicyParameter("list", "2", "successors that an object keeps"),
      PolicyParameter("mining-threshold", "5120", "misses that are mined at once"),
      PolicyParameter("cycle", "2", "evictions that end what was brought and not used"),
    ], source: "Yang et al., SoCC'17, doi:10.1145/3127479.3131210; libCacheSim, Mithril"
  ) { context, parameters in
    var options = Mithril.Options()
    options.lookahead = try parameters.int("lookahead", default: 20, in: 1...1_000_000)
    options.minSupport = try parameters.int("min-support", default: 2, in: 1...1000)
    options.maxSupport = try parameters.int(
      "max-support", default: max(8, options.minSupport), in: options.minSupport...1000)
    options.confidence = try parameters.int("confidence", default: 1, in: 0...1000)
    options.list = try parameters.int("list", default: 2, in: 1...1000)
    options.miningThreshold = try parameters.int(
      "mining-threshold", default: 5120, in: options.minSupport...1_000_000_000)
    options.cycle = try parameters.int("cycle", default: 2, in: 0...1000)
    return Mithril(context, options)
  }
}

import Orchestration
import Primitives

/// One-block lookahead: within a run of consecutive ids, brings the next one.
///
/// A. J. Smith, "Sequentiality and prefetching in database systems", ACM TODS 3(3), 1978.
public struct OneBlockLookahead: CachePrefetcher {
  private let keys: [UInt64]
  /// The object whose id follows; ``IndexList/none`` if it is not in the table.
  private let successors: [AdapterID]
  private let blockSize: Bytes
  private let least: Int
  private var previous: UInt64?
  private var run = 0

  /// Nothing requested yet.
  /// - Parameters:
  ///   - keys: the objects' ids; see ``ObjectTrace/withSuccessors(bytes:)``.
  ///   - blockSize: the size in which a block is brought.
  ///   - run: requests that have to precede one in sequence.
  public init(keys: [UInt64], blockSize: Bytes = 512, run: Int = 4) {
    let objects = Dictionary(
      uniqueKeysWithValues: zip(keys, keys.indices.map { AdapterID($0) }))
    self.keys = keys
    successors = keys.map { objects[$0 &+ 1] ?? IndexList.none }
    self.blockSize = blockSize
    least = run
  }

  public mutating func served(
    _ object: AdapterID, isHit: Bool, bringing proposals: inout [PrefetchedObject]
  ) {
    let key = keys[Int(object)]
    run = previous == key &- 1 ? run + 1 : 0
    previous = key
    let successor = successors[Int(object)]
    guard run >= least, successor != IndexList.none else { return }
    proposals.append(PrefetchedObject(object: successor, size: blockSize))
  }
}

extension ObjectTrace {
  /// The same requests, with an object in the table for each id that follows one of them: what a
  /// prefetcher of sequences may bring though nobody requests it.
  public func withSuccessors(bytes size: Bytes) -> ObjectTrace {
    let known = Set(keys)
    var trace = self
    // Ids differ, so their successors do.
    for key in keys where !known.contains(key &+ 1) {
      trace.keys.append(key &+ 1)
      trace.bytes.append(size)
      trace.loadCost.append(0)
    }
    return trace
  }
}

extension CachePrefetchEntry {
  static let oneBlockLookahead = CachePrefetchEntry(
    "obl", "within a run of consecutive ids, the next one", cost: "O(1)",
    parameters: [
      PolicyParameter("block-size", "512", "bytes in which a block is brought"),
      PolicyParameter("run", "4", "requests that have to precede one in sequence"),
    ], source: "Smith, ACM TODS 3(3), 1978; libCacheSim, OBL"
  ) { context, parameters in
    OneBlockLookahead(
      keys: context.keys, blockSize: try parameters.bytes("block-size") ?? 512,
      run: try parameters.int("run", default: 4, in: 1...1_000_000))
  }
}

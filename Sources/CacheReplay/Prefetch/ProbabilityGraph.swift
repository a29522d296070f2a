import BasicContainers
import Orchestration
import Primitives

/// Probability graph: brings what has followed the requested object often.
///
/// For each object the graph counts what was requested within the next few requests. A successor whose
/// share of an object's count lies above a threshold is brought.
/// J. Griffioen, R. Appleton, "Reducing file system latency using a predictive approach", USENIX
/// Summer 1994.
///
/// Three properties of libCacheSim's PG, which are no part of the idea, are kept, so that its misses are
/// met: a count that grows moves its successor only down in the heap, never up; the first successor
/// below the threshold leaves the heap for good; and a graph that may not grow stops counting at the
/// first successor that it does not know.
public struct ProbabilityGraph: CachePrefetcher, ~Copyable {
  struct Edge {
    var object: AdapterID
    var count: Int32 = 1
    /// Where it is in the heap; 0 once it has left.
    var place: Int32 = 0
  }

  struct Node {
    var total: Int32 = 0
    var edges: [Edge] = []
    /// Edges by count, the largest first.
    var heap: [Int32] = []
  }

  private static let bytesPerEntry: Bytes = 32

  private let sizes: [Bytes]
  private let threshold: Double
  private let mostMetadata: Bytes
  private var metadata: Bytes = 0
  private var nodes: UniqueArray<Node>
  private var recent: [AdapterID]
  private var oldest = 0

  /// An empty graph.
  /// - Parameters:
  ///   - lookahead: how many requests count as following one.
  ///   - threshold: the share above which a successor is brought.
  ///   - metadataShare: what the graph may take, as a share of the cache.
  public init(
    _ context: EvictionContext, lookahead: Int = 20, threshold: Double = 0.05,
    metadataShare: Double = 0.1
  ) {
    sizes = context.sizes
    self.threshold = threshold
    mostMetadata = Bytes(Double(context.capacity) * metadataShare)
    nodes = UniqueArray(repeating: Node(), count: context.count)
    recent = Array(repeating: IndexList.none, count: lookahead)
  }

  public mutating func served(
    _ object: AdapterID, isHit: Bool, bringing proposals: inout [PrefetchedObject]
  ) {
    let leaving = recent[oldest]
    recent[oldest] = object
    oldest = (oldest + 1) % recent.count
    if leaving != IndexList.none { count(successorsOf: leaving) }
    propose(successorsOf: object, to: &proposals)
  }

  private mutating func count(successorsOf object: AdapterID) {
    let mayGrow = metadata <= mostMetadata
    if nodes[Int(object)].total == 0 {
      guard mayGrow else { return }
      metadata += Self.bytesPerEntry
    }
    let added = nodes[Int(object)].count(recent, mayAdd: mayGrow)
    metadata += Bytes(added) * Self.bytesPerEntry
  }

  private mutating func propose(
    successorsOf object: AdapterID, to proposals: inout [PrefetchedObject]
  ) {
    let total = Double(nodes[Int(object)].total)
    var taken: [Int32] = []
    while let edge = nodes[Int(object)].popLargest() {
      let successor = nodes[Int(object)].edges[Int(edge)]
      guard Double(successor.count) / total > threshold else { break }
      taken.append(edge)
      proposals.append(
        PrefetchedObject(object: successor.object, size: sizes[Int(successor.object)]))
    }
    for edge in taken.reversed() { nodes[Int(object)].push(edge) }
  }
}

extension ProbabilityGraph.Node {
  /// Counts successors, and adds those that are not known; up to the first of them, if it may not.
  /// - Returns: how many it has added.
  mutating func count(_ successors: [AdapterID], mayAdd: Bool) -> Int {
    let known = edges.count
    for successor in successors {
      total += 1
      if let edge = edges.firstIndex(where: { $0.object == successor }) {
        edges[edge].count += 1
        siftDown(from: Int(edges[edge].place))
      } else {
        guard mayAdd else { break }
        edges.append(ProbabilityGraph.Edge(object: successor))
        push(Int32(edges.count - 1))
      }
    }
    return edges.count - known
  }

  mutating func popLargest() -> Int32? {
    guard let largest = heap.first, let last = heap.popLast() else { return nil }
    if !heap.isEmpty {
      put(last, at: 0)
      siftDown(from: 0)
    }
    return largest
  }

  mutating func push(_ edge: Int32) {
    heap.append(edge)
    var place = heap.count - 1
    while place > 0, count(at: (place - 1) / 2) < edges[Int(edge)].count {
      put(heap[(place - 1) / 2], at: place)
      place = (place - 1) / 2
    }
    put(edge, at: place)
  }

  private mutating func siftDown(from start: Int) {
    guard start < heap.count else { return }
    let edge = heap[start]
    var place = start
    while 2 * place + 1 < heap.count {
      var child = 2 * place + 1
      if child + 1 < heap.count, count(at: child) < count(at: child + 1) { child += 1 }
      guard edges[Int(edge)].count < count(at: child) else { break }
      put(heap[child], at: place)
      place = child
    }
    put(edge, at: place)
  }

  private func count(at place: Int) -> Int32 { edges[Int(heap[place])].count }

  private mutating func put(_ edge: Int32, at place: Int) {
    heap[place] = edge
    edges[Int(edge)].place = Int32(place)
  }
}

extension CachePrefetchEntry {
  static let probabilityGraph = CachePrefetchEntry(
    "pg", "what has followed the requested object often", cost: "O(lookahead x successors)",
    parameters: [
      PolicyParameter("lookahead", "20", "how many requests count as following one"),
      PolicyParameter("threshold", "0.05", "share of an object's count above which one is brought"),
      PolicyParameter("metadata", "0.1", "what the graph may take, as a share of the cache"),
    ], source: "Griffioen and Appleton, USENIX Summer 1994; libCacheSim, PG"
  ) { context, parameters in
    ProbabilityGraph(
      context, lookahead: try parameters.int("lookahead", default: 20, in: 1...100_000),
      threshold: try parameters.double("threshold", default: 0.05, in: 0...1),
      metadataShare: try parameters.double("metadata", default: 0.1, in: 0...1))
  }
}

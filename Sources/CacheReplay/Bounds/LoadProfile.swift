import BasicContainers
import Primitives

/// How full a cache is at each moment: adds to a span of moments and finds the highest in one.
///
/// A segment tree whose nodes keep what was added to all of their span, and the highest within it.
///
/// - Complexity: O(log n) for both.
struct LoadProfile: ~Copyable {
  struct Node: BitwiseCopyable {
    var added: Bytes = 0
    var highest: Bytes = 0
  }

  private var nodes: UniqueArray<Node>
  private let width: Int

  /// Nothing at any of `count` moments.
  init(count: Int) {
    var width = 1
    while width < count { width *= 2 }
    self.width = width
    nodes = UniqueArray(repeating: Node(), count: 2 * width)
  }

  mutating func add(_ load: Bytes, in span: Range<Int>) {
    add(load, in: span, node: 1, of: 0..<width)
  }

  func highest(in span: Range<Int>) -> Bytes { highest(in: span, node: 1, of: 0..<width) }

  private mutating func add(_ load: Bytes, in span: Range<Int>, node: Int, of own: Range<Int>) {
    guard span.overlaps(own) else { return }
    if span.lowerBound <= own.lowerBound, own.upperBound <= span.upperBound {
      nodes[node].added += load
      nodes[node].highest += load
      return
    }
    let middle = (own.lowerBound + own.upperBound) / 2
    add(load, in: span, node: 2 * node, of: own.lowerBound..<middle)
    add(load, in: span, node: 2 * node + 1, of: middle..<own.upperBound)
    nodes[node].highest =
      nodes[node].added + max(nodes[2 * node].highest, nodes[2 * node + 1].highest)
  }

  private func highest(in span: Range<Int>, node: Int, of own: Range<Int>) -> Bytes {
    guard span.overlaps(own) else { return 0 }
    if span.lowerBound <= own.lowerBound, own.upperBound <= span.upperBound {
      return nodes[node].highest
    }
    let middle = (own.lowerBound + own.upperBound) / 2
    let left = highest(in: span, node: 2 * node, of: own.lowerBound..<middle)
    let right = highest(in: span, node: 2 * node + 1, of: middle..<own.upperBound)
    return nodes[node].added + max(left, right)
  }
}

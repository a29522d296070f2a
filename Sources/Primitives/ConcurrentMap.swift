/// Results of a function of each element, computed on several threads at a time.
/// - Parameters:
///   - threads: elements at a time, at least 1. They change nothing but the time it takes.
///   - finished: told whenever one is done; returns false to give up.
/// - Returns: the results in the elements' order.
/// - Throws: the first error of the function; `CancellationError` where `finished` gives up.
public func mapConcurrently<Element: Sendable, Value: Sendable>(
  _ elements: [Element], threads: Int, finished: @escaping @Sendable () -> Bool,
  _ body: @escaping @Sendable (Element) throws -> Value
) async throws -> [Value] {
  try await withThrowingTaskGroup(of: (Int, Value).self) { tasks in
    var values: [Value?] = Array(repeating: nil, count: elements.count)
    var started = 0
    while started < min(max(1, threads), elements.count) {
      let index = started
      tasks.addTask { (index, try body(elements[index])) }
      started += 1
    }
    while let (index, value) = try await tasks.next() {
      values[index] = value
      guard finished() else { throw CancellationError() }
      guard started < elements.count else { continue }
      let next = started
      tasks.addTask { (next, try body(elements[next])) }
      started += 1
    }
    return values.compactMap(\.self)
  }
}

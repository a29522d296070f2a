/// Values that events refer to by a number, which is used again once its value is taken.
struct Slab<Element> {
  private var elements: [Element?] = []
  private var free: [Int] = []

  /// Keeps a value, and returns its number.
  mutating func insert(_ element: Element) -> Int {
    if let index = free.popLast() {
      elements[index] = element
      return index
    }
    elements.append(element)
    return elements.count - 1
  }

  /// Takes a value out.
  mutating func remove(_ index: Int) -> Element? {
    defer {
      elements[index] = nil
      free.append(index)
    }
    return elements[index]
  }

  /// All that are there, by number.
  var all: [Element] { elements.compactMap(\.self) }
}

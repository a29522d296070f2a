import Testing

@testable import Primitives

@Suite struct SuggestionTests {
  private let policies = ["lru", "lfu", "fifo", "gdsf", "predictive"]

  @Test(arguments: [
    ("lru", "lru"), ("LRU", "lru"), ("lur", "lru"), ("flu", "lfu"), ("gdfs", "gdsf"),
    ("predictve", "predictive"), ("pred", "predictive"), ("fif", "fifo"),
  ])
  func namesTheNearest(written: String, meant: String) {
    #expect(Suggestion.nearest(to: written, in: policies) == meant)
  }

  @Test(arguments: ["belady", "a policy", "x-y"])
  func saysNothingWhereNothingIsNear(written: String) {
    #expect(Suggestion.nearest(to: written, in: policies) == nil)
    #expect(
      Suggestion.hint(for: written, in: policies)
        == " (known: fifo, gdsf, lfu, lru, predictive)")
  }

  @Test(arguments: [
    ("", "", 0), ("", "abc", 3), ("abc", "", 3), ("abc", "abc", 0), ("abc", "acb", 1),
    ("kitten", "sitting", 3), ("ca", "abc", 3), ("ab", "ba", 1),
  ])
  func countsEdits(a: String, b: String, edits: Int) {
    #expect(Suggestion.distance(a, b) == edits)
    #expect(Suggestion.distance(b, a) == edits)
  }

  /// The textbook recursion, exponential and obvious.
  private func slowDistance(_ a: Substring, _ b: Substring) -> Int {
    guard let x = a.first else { return b.count }
    guard let y = b.first else { return a.count }
    var edits = min(
      slowDistance(a.dropFirst(), b.dropFirst()) + (x == y ? 0 : 1),
      slowDistance(a.dropFirst(), b) + 1, slowDistance(a, b.dropFirst()) + 1)
    if a.count > 1, b.count > 1, a.dropFirst().first == y, b.dropFirst().first == x {
      edits = min(edits, slowDistance(a.dropFirst(2), b.dropFirst(2)) + 1)
    }
    return edits
  }

  @Test func distanceEqualsTheRecursion() {
    var random = RandomStream(seed: 1, purpose: "distance")
    let alphabet = Array("abcé")
    func word() -> String {
      String((0..<random.index(below: 6)).map { _ in alphabet[random.index(below: 4)] })
    }
    for _ in 0..<200 {
      let a = word()
      let b = word()
      #expect(Suggestion.distance(a, b) == slowDistance(a[...], b[...]), "\(a) \(b)")
    }
  }

  @Test func tiesGoToTheFirstByName() {
    #expect(Suggestion.nearest(to: "lxu", in: ["lru", "lfu"]) == "lfu")
    #expect(Suggestion.nearest(to: "lxu", in: ["lfu", "lru"]) == "lfu")
  }

  @Test func saysNothingOfWhatIsTooLongForAName() {
    #expect(
      Suggestion.nearest(to: "lru" + String(repeating: "x", count: 5_000_000), in: policies) == nil)
  }

  @Test func nothingIsKnown() {
    #expect(Suggestion.nearest(to: "x", in: []) == nil)
    #expect(Suggestion.hint(for: "x", in: []) == "")
  }
}

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
}

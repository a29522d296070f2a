import Testing

@testable import Primitives

@Suite struct SuggestionTests {
  /// The textbook recursion, exponential and obvious.
  private func slowDistance(_ a: Substring, _ b: Substring) -> Int {
    guard let x = a.first else { return b.count }
    guard let y = b.first else { return a.count }
    let rest = slowDistance(a.dropFirst(), b.dropFirst())
    if x == y { return rest }
    return 1
      + min(rest, slowDistance(a.dropFirst(), b), slowDistance(a, b.dropFirst()))
  }

  @Test func distanceEqualsTheRecursion() {
    var random = RandomStream(seed: 1, purpose: "distance")
    let alphabet = Array("abcé")
    func word() -> String {
      String((0..<random.index(below: 6)).map { _ in alphabet[random.index(below: 4)] })
    }
    for _ in 0..<300 {
      let a = word()
      let b = word()
      #expect(Suggestion.distance(a, b) == slowDistance(a[...], b[...]), "\(a) \(b)")
    }
  }

  @Test func suggestsASlipOfTheHand() {
    let known = ["lru", "lfu", "fifo", "gdsf", "predictive"]
    #expect(Suggestion.nearest(to: "fiffo", in: known) == "fifo")
    #expect(Suggestion.nearest(to: "PREDICTIV", in: known) == "predictive")
    #expect(Suggestion.nearest(to: "round-robin", in: known) == nil)
    #expect(Suggestion.nearest(to: "x", in: []) == nil)
    #expect(Suggestion.hint(for: "gdfs", in: known) == " (did you mean \"gdsf\"?)")
    #expect(
      Suggestion.hint(for: "round-robin", in: ["b", "a"]) == " (known: a, b)")
    #expect(Suggestion.hint(for: "x", in: []) == "")
  }

  @Test func tiesGoToTheFirstByName() {
    #expect(Suggestion.nearest(to: "lxu", in: ["lru", "lfu"]) == "lfu")
    #expect(Suggestion.nearest(to: "lxu", in: ["lfu", "lru"]) == "lfu")
  }
}

/// "Did you mean": the nearest name by edit distance.
public enum Suggestion {
  /// The known name nearest to `name`, or nil where none is near enough to be a slip of the hand.
  public static func nearest(to name: String, in known: [String]) -> String? {
    let scored = known.map { (distance($0.lowercased(), name.lowercased()), $0) }
    guard let best = scored.min(by: { $0 < $1 }), best.0 <= max(2, name.count / 3) else {
      return nil
    }
    return best.1
  }

  /// ` (did you mean "lru"?)`, or the whole list where nothing is near.
  public static func hint(for name: String, in known: [String]) -> String {
    if let near = nearest(to: name, in: known) { return " (did you mean \"\(near)\"?)" }
    return known.isEmpty ? "" : " (known: \(known.sorted().joined(separator: ", ")))"
  }

  /// Levenshtein distance.
  static func distance(_ a: String, _ b: String) -> Int {
    let b = Array(b)
    var row = Array(0...b.count)
    for (i, x) in a.enumerated() {
      var diagonal = row[0]
      row[0] = i + 1
      for (j, y) in b.enumerated() {
        let substitution = diagonal + (x == y ? 0 : 1)
        diagonal = row[j + 1]
        row[j + 1] = min(substitution, row[j] + 1, row[j + 1] + 1)
      }
    }
    return row[b.count]
  }
}

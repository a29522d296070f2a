/// "Did you mean": the nearest name by edit distance.
public enum Suggestion {
  /// The known name nearest to `name`, or nil where none is near enough to be a slip of the hand. A
  /// beginning of at least three letters is near whatever follows.
  public static func nearest(to name: String, in known: [String]) -> String? {
    // No name that we know is as long, and the distance takes time in proportion to both.
    guard name.utf8.count <= 200 else { return nil }
    let name = name.lowercased()
    let scored = known.map { candidate in
      let edits = distance(candidate.lowercased(), name)
      let isBeginning = name.count >= 3 && candidate.lowercased().hasPrefix(name)
      return (isBeginning ? 0 : edits, candidate.count, candidate)
    }
    guard let best = scored.min(by: { $0 < $1 }), best.0 <= max(2, name.count / 3) else {
      return nil
    }
    return best.2
  }

  /// ` (did you mean "lru"?)`, or the whole list where nothing is near.
  public static func hint(for name: String, in known: [String]) -> String {
    if let near = nearest(to: name, in: known) { return " (did you mean \"\(near)\"?)" }
    return known.isEmpty ? "" : " (known: \(known.sorted().joined(separator: ", ")))"
  }

  /// Edits between two texts: insertions, deletions, substitutions and swaps of neighbours, no
  /// letter being edited twice (optimal string alignment).
  static func distance(_ a: String, _ b: String) -> Int {
    let (a, b) = (Array(a), Array(b))
    var before: [Int] = []
    var row = Array(0...b.count)
    for i in a.indices {
      var next = [i + 1]
      for j in b.indices {
        var edits = min(row[j] + (a[i] == b[j] ? 0 : 1), row[j + 1] + 1, next[j] + 1)
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
          edits = min(edits, before[j - 1] + 1)
        }
        next.append(edits)
      }
      before = row
      row = next
    }
    return row[b.count]
  }
}

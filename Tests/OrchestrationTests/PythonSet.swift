/// CPython's set of elements that have hashes, as Objects/setobject.c writes it: a table of entries,
/// insertion by goto, growth by `set_table_resize`.
struct PythonSet {
  private let hashes: [UInt64]
  private var table: [Int?] = Array(repeating: nil, count: 8)
  private var fill = 0

  /// `set(iterable)`.
  init(_ iterable: [Int], hashes: [UInt64]) {
    self.hashes = hashes
    for key in iterable where !elements.contains(key) { add(key) }
  }

  /// As iteration gives them.
  var elements: [Int] { table.compactMap { $0 } }

  /// `set_add_entry` of a key that is not there.
  private mutating func add(_ key: Int) {
    PythonSet.insertClean(&table, key, hashes[key])
    fill += 1
    let mask = table.count - 1
    if fill * 5 < mask * 3 { return }
    resize(minimum: fill * 4)
  }

  /// `set_table_resize`.
  private mutating func resize(minimum: Int) {
    var size = 8
    while size <= minimum { size <<= 1 }
    var new: [Int?] = Array(repeating: nil, count: size)
    for case let key? in table { PythonSet.insertClean(&new, key, hashes[key]) }
    table = new
  }

  /// `set_insert_clean`.
  private static func insertClean(_ table: inout [Int?], _ key: Int, _ hash: UInt64) {
    let mask = table.count - 1
    var perturb = hash
    var i = Int(truncatingIfNeeded: hash) & mask
    while true {
      var entry = i
      var probes = i + 9 <= mask ? 9 : 0
      repeat {
        if table[entry] == nil {
          table[entry] = key
          return
        }
        entry += 1
        probes -= 1
      } while probes >= 0
      perturb >>= 5
      i = Int(truncatingIfNeeded: UInt64(i) &* 5 &+ 1 &+ perturb) & mask
    }
  }
}

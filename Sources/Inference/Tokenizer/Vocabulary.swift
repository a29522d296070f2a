/// The bytes of each token, and the token of given bytes.
///
/// All bytes lie one after another, so that a large vocabulary takes a handful of allocations.
struct Vocabulary: Sendable {
  private var pool: [UInt8] = []
  /// Where the bytes of each token are; nowhere for numbers that no token has.
  private var places: [Range<Int>] = []
  /// A hash table with open addressing of tokens that can be looked up; -1 is free.
  private var slots: [Int32]

  /// - Parameter capacity: at most so many tokens can be looked up.
  init(capacity: Int) {
    var size = 2
    while size < 2 * capacity { size *= 2 }
    slots = [Int32](repeating: -1, count: size)
    places.reserveCapacity(capacity)
  }

  /// One more than the highest token.
  var count: Int { places.count }

  /// The bytes that a token stands for; none for a number of no token.
  func bytes(of token: Int32) -> ArraySlice<UInt8> {
    token >= 0 && Int(token) < places.count ? pool[places[Int(token)]] : []
  }

  /// The token of these bytes, if one can be looked up.
  func token(of bytes: ArraySlice<UInt8>) -> Int32? {
    let token = slots[slot(of: bytes)]
    return token >= 0 ? token : nil
  }

  /// Gives a token its bytes. Of two tokens with the same bytes the first is looked up.
  mutating func add(_ bytes: ArraySlice<UInt8>, _ token: Int32, isLookedUp: Bool) {
    while places.count <= Int(token) { places.append(0..<0) }
    places[Int(token)] = pool.count..<pool.count + bytes.count
    pool += bytes
    guard isLookedUp else { return }
    let slot = slot(of: bytes)
    if slots[slot] < 0 { slots[slot] = token }
  }

  /// Where the token of these bytes is in the table, or would be. `Hasher` is seeded anew in each
  /// process, so that no file can be made in which all tokens collide.
  private func slot(of bytes: ArraySlice<UInt8>) -> Int {
    var hasher = Hasher()
    unsafe bytes.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
    var slot = hasher.finalize() & (slots.count - 1)
    while slots[slot] >= 0, self.bytes(of: slots[slot]) != bytes {
      slot = (slot + 1) & (slots.count - 1)
    }
    return slot
  }
}

import Primitives

extension ObjectTrace {
  /// SHA-256 over all that a replay can see: traces with equal digests give equal results.
  public func digest() -> String {
    var hash = SHA256()
    hash.update("pitwall objects 1\n")
    hash.update(Int64(count))
    for object in objects { hash.update(Int64(object)) }
    hash.update(Int64(times?.count ?? -1))
    for time in times ?? [] { hash.update(time) }
    hash.update(Int64(keys.count))
    for index in keys.indices {
      hash.update(Int64(bitPattern: keys[index]))
      hash.update(bytes[index])
      hash.update(loadCost[index])
    }
    return hash.hexDigest()
  }
}

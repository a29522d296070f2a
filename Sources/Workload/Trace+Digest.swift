import Primitives

extension Trace {
  /// SHA-256 over everything that a replay can see: columns and tables, but neither the name nor
  /// the origins of columns. Traces with equal digests give equal results.
  public func digest() -> String {
    var hash = SHA256()
    hash.update("pitwall trace 1\n")
    hash.update(Int64(count))
    arrival.add(to: &hash)
    for column in [
      adapterSet, promptTokens, outputTokens, tenant, session, priority, metadata,
    ] { column.add(to: &hash) }
    hash.update(adapters) { entry, hash in
      hash.update(field: entry.name)
      hash.update(entry.baseModel.map { [$0] } ?? []) { $1.update(field: $0) }
      hash.update(Int64(entry.rank ?? -1))
      hash.update(entry.bytes ?? -1)
    }
    hash.update(adapterSets) { set, hash in
      hash.update(set.members) { $1.update(Int64($0)) }
      hash.update(set.weights) { $1.update(Int64($0.bitPattern)) }
    }
    hash.update(tenants) { $1.update(field: $0) }
    hash.update(metadataTable) { fields, hash in
      hash.update(fields) { field, hash in
        hash.update(field: field.key)
        hash.update(field: field.value)
      }
    }
    return hash.hexDigest()
  }
}

extension Column {
  /// Adds the column's memory, which on every machine that Pitwall runs on is little-endian.
  fileprivate func add(to hash: inout SHA256) {
    _ = unsafe withContiguousStorageIfAvailable { memory in
      unsafe hash.update(UnsafeRawBufferPointer(memory).bytes)
    }
  }
}

extension SHA256 {
  /// Adds a text and its length, so that no two lists of texts look alike.
  fileprivate mutating func update(field: String) {
    update(Int64(field.utf8.count))
    update(field)
  }

  /// Adds a list and its length.
  fileprivate mutating func update<T>(_ list: [T], _ add: (T, inout SHA256) -> Void) {
    update(Int64(list.count))
    for element in list { add(element, &self) }
  }
}

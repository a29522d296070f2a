import Foundation
import Primitives
import Testing

@testable import Workload

/// Traces with everything in them that a format could trip over.
enum RandomTrace {
  private static let alphabet = [
    "a", "B", "7", "-", "_", ".", " ", ",", ";", "*", "=", "%", "\"", "#", "\n", "\r", "\t", "\\",
    "/", "é", "\u{301}", "漢", "🏁", "\u{7f}", "\u{1}", "(", ")", ":", "{", "'",
  ]

  static func make(seed: UInt64, maximumRows: Int = 30) throws -> Trace {
    var random = RandomStream(seed: seed, purpose: "random trace")
    func name(_ prefix: String, from least: Int = 0) -> String {
      prefix
        + (0..<least + random.index(below: 6)).map { _ in
          alphabet[random.index(below: alphabet.count)]
        }
        .joined()
    }
    var builder = TraceBuilder(name: name(""))
    for index in 0..<random.index(below: 6) {
      let adapter = Int(builder.internAdapter(name("", from: 1) + "\(index)"))
      if random.index(below: 2) == 0 { builder.adapters[adapter].baseModel = name("") }
      if random.index(below: 2) == 0 { builder.adapters[adapter].rank = 8 }
      if random.index(below: 2) == 0 {
        builder.adapters[adapter].bytes = Bytes(1 + random.index(below: 1 << 50))
      }
    }
    // Tables are filled before rows, so that their order is not that of first appearance.
    let count = builder.adapters.count
    let sets = (0..<random.index(below: 5)).map { _ in
      var set = AdapterSet([])
      for _ in 0..<(count == 0 ? 0 : random.index(below: 4)) {
        set.members.append(Int32(random.index(below: count)))
        set.weights.append(
          [1, 0.8, 0, -2.5, 1e-30, .leastNonzeroMagnitude][random.index(below: 6)])
      }
      return builder.internSet(set)
    }
    let tenants = (0..<random.index(below: 4)).map { _ in builder.internTenant(name("")) }
    let metadata = (0..<random.index(below: 4)).map { _ in
      builder.internMetadata(
        (0..<random.index(below: 3)).map { _ in MetadataField(name(""), name("")) })
    }
    func pick(_ values: [Int32]) -> Int32 {
      let index = random.index(below: values.count + 1)
      return index < values.count ? values[index] : 0
    }
    var time: Nanoseconds = 0
    let rows = random.index(below: maximumRows + 1)
    let usesTokens = random.index(below: 2) == 0
    for _ in 0..<rows {
      time += [0, 1, 1000, 1_000_000_000, 123_456_789_012][random.index(below: 5)]
      var row = TraceBuilder.Row(arrival: time)
      row.adapterSet = pick(sets)
      row.tenant = pick(tenants)
      row.metadata = pick(metadata)
      row.session = Int32(random.index(below: rows))
      if usesTokens {
        row.promptTokens = [0, 1, 4096, .max][random.index(below: 4)]
        row.outputTokens = Int32(random.index(below: 1000))
        row.priority = [0, -1, .min, .max][random.index(below: 4)]
      }
      builder.append(row)
    }
    for column in ColumnName.allCases where random.index(below: 2) == 0 {
      builder.origins[column] = Origin(
        Provenance.allCases[random.index(below: 3)], name("", from: 0))
    }
    return try builder.finish(keepingOrigin: true)
  }
}

/// Compares two traces down to the last index and table.
func expectSame(_ a: Trace, _ b: Trace, sourceLocation: SourceLocation = #_sourceLocation) {
  #expect(Array(a.name.utf8) == Array(b.name.utf8), sourceLocation: sourceLocation)
  #expect(a.arrival == b.arrival, sourceLocation: sourceLocation)
  #expect(a.adapterSet == b.adapterSet, sourceLocation: sourceLocation)
  #expect(a.promptTokens == b.promptTokens, sourceLocation: sourceLocation)
  #expect(a.outputTokens == b.outputTokens, sourceLocation: sourceLocation)
  #expect(a.tenant == b.tenant, sourceLocation: sourceLocation)
  #expect(a.session == b.session, sourceLocation: sourceLocation)
  #expect(a.priority == b.priority, sourceLocation: sourceLocation)
  #expect(a.metadata == b.metadata, sourceLocation: sourceLocation)
  #expect(a.adapters == b.adapters, sourceLocation: sourceLocation)
  #expect(a.adapterSets == b.adapterSets, sourceLocation: sourceLocation)
  #expect(a.tenants == b.tenants, sourceLocation: sourceLocation)
  #expect(a.metadataTable == b.metadataTable, sourceLocation: sourceLocation)
  #expect(a.origins == b.origins, sourceLocation: sourceLocation)
}

extension Trace {
  /// What ``Trace`` promises, checked the slow way; nil if all is well.
  var brokenPromise: String? {
    for row in 0..<count {
      if arrival[row] < (row == 0 ? 0 : arrival[row - 1]) { return "arrival \(row)" }
      if promptTokens[row] < 0 || outputTokens[row] < 0 { return "tokens \(row)" }
      if session[row] < 0 || session[row] >= count { return "session \(row)" }
      if !adapterSets.indices.contains(Int(adapterSet[row])) { return "set \(row)" }
      if !tenants.indices.contains(Int(tenant[row])) { return "tenant \(row)" }
      if !metadataTable.indices.contains(Int(metadata[row])) { return "metadata \(row)" }
    }
    for set in adapterSets {
      if set.members.count != set.weights.count { return "weights" }
      if Set(set.members).count != set.members.count { return "repeated member" }
      if !set.members.allSatisfy({ adapters.indices.contains(Int($0)) }) { return "member" }
    }
    let lengths = [
      adapterSet.count, promptTokens.count, outputTokens.count, tenant.count, session.count,
      priority.count, metadata.count,
    ]
    if lengths.contains(where: { $0 != count }) { return "lengths" }
    if adapterSets.first != .base || tenants.first != "" || metadataTable.first != [] {
      return "first entries"
    }
    if adapters.contains(where: { $0.name.isEmpty || $0.bytes ?? 1 <= 0 || $0.rank ?? 1 <= 0 }) {
      return "adapters"
    }
    return nil
  }
}

/// The one line that reading a text fails with; nil if it succeeds.
func failure(
  reading text: String, format: TraceFormat? = nil, options: String? = nil
) throws -> String? {
  do {
    _ = try TraceReader.read(
      Array(text.utf8), named: "x", format: format,
      options: options.map { try Parameters(parsing: "import " + $0) })
    return nil
  } catch let error as PitwallError { return error.description }
}

/// A folder that is there for one test.
struct TemporaryFolder: ~Copyable {
  let path: String

  init() throws {
    var template = Array("/tmp/pitwall-tests-XXXXXX".utf8CString)
    let made = template.withUnsafeMutableBufferPointer { $0.baseAddress.flatMap { mkdtemp($0) } }
    path = String(cString: try #require(made))
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func file(_ name: String) -> String { path + "/" + name }
  var names: [String] { (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [] }
}

import CacheReplay
import Foundation
import Orchestration
import Policies
import Primitives
import Testing

/// The parity trace and what libCacheSim makes of it; nil where they are not at hand.
struct Truth {
  let trace: ObjectTrace
  let future: RequestedFuture
  let bounds: OfflineBounds
  let rows: ParityTruth

  static let shared: Truth? = try? Truth()

  private init() throws {
    let folder = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../../shared").standardized
    trace = try ObjectTrace(
      opening: folder.appending(path: "traces/libcachesim/cloudPhysicsIO.oracleGeneral.bin").path)
    rows = try ParityTruth(reading: folder.appending(path: "libcachesim_truth.csv").path)
    future = trace.future
    bounds = OfflineBounds(trace)
  }
}

@Suite(.enabled(if: Truth.shared != nil)) struct ParityTests {
  /// Policies that must be exact; ``Parity/rows`` says which policy of ours stands for them.
  static let exact = Parity.rows.filter { $0.kind == .exact }.map(\.name)

  /// The sizes at which the truth has each of them, in MiB.
  static let sizes = Array(stride(from: 128, through: 1024, by: 128))

  @Test(arguments: exact, sizes)
  func missesAreLibCacheSims(_ name: String, _ mebibytes: Int) throws {
    let truth = try #require(Truth.shared)
    let entries = truth.rows.entries.filter { $0.policy == name && $0.mebibytes == mebibytes }
    #expect(entries.count == 1)
    let entry = try #require(entries.first)
    let counts = try #require(
      try Parity.misses(
        of: Parity.row(name), at: entry.size, truth.trace, future: truth.future,
        known: PolicyRegistry.builtIn.eviction))
    #expect(counts.misses == entry.misses)
    if let bytes = entry.missedBytes { #expect(counts.missedBytes == bytes) }
  }

  @Test(arguments: exact) func noSizeIsLeftOut(_ name: String) throws {
    let rows = try #require(Truth.shared).rows
    #expect(rows.entries.filter { $0.policy == name }.map(\.mebibytes).sorted() == Self.sizes)
  }

  /// AdaptSize's search for its parameter is numeric, and noisy: where it tunes more than once, from
  /// 512 MiB down, lots differ. How libCacheSim spares what Mithril has brought is not known to the
  /// last detail: where nothing of it is evicted before its use, from 640 MiB up, it is exact.
  @Test(arguments: [("AdaptSize", 41), ("Mithril", 13)])
  func nearWhereDetailsAreUnknown(_ name: String, _ difference: Int64) throws {
    let truth = try #require(Truth.shared)
    for entry in truth.rows.entries where entry.policy == name {
      let counts = try #require(
        try Parity.misses(
          of: Parity.row(name), at: entry.size, truth.trace, future: truth.future,
          known: PolicyRegistry.builtIn.eviction))
      let isExact = entry.mebibytes >= 640
      #expect(
        abs(counts.misses - entry.misses) <= (isExact ? 0 : difference), "\(entry.mebibytes) MiB")
      if isExact { #expect(counts.missedBytes == entry.missedBytes) }
    }
  }

  @Test func everyRowOfTheTruthIsNamed() throws {
    let truth = try #require(Truth.shared)
    let named = Set(Parity.rows.map(\.name))
    for policy in truth.rows.policies { #expect(named.contains(policy), "\(policy)") }
  }
}

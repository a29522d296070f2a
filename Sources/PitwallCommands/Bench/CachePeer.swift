import Foundation
import Primitives
import Subprocess

/// libCacheSim, by way of its Python package: the same file, timed in a process of its own.
struct CachePeer: Sendable {
  /// A Python that has the package.
  let python: String
  /// The trace, as oracleGeneral.
  let trace: String

  /// One replay of theirs.
  struct Timing: Decodable, Sendable {
    let name: String
    let seconds: Double
    let missRatio: Double
  }

  /// Policies are known by the same names but for hyphens and these. The table of objects gets as
  /// many buckets as in libCacheSim's own tests: the package's default is 16 times as many, which
  /// takes longer to set up than these traces to replay.
  private static let script = """
    import json, sys, time
    import libcachesim as lib
    trace, name, capacity = sys.argv[1], sys.argv[2].replace("-", ""), int(sys.argv[3])
    name = {"largestfirst": "size", "lruprobability": "lruprob"}.get(name, name)
    known = {n.lower(): n for n in dir(lib) if isinstance(getattr(lib, n), type)
             and issubclass(getattr(lib, n), lib.CacheBase)}
    if name not in known:
        sys.exit(0)
    start = time.thread_time()
    reader = lib.TraceReader(trace=trace, trace_type=lib.TraceType.ORACLE_GENERAL_TRACE)
    cache = getattr(lib, known[name])(cache_size=capacity, hashpower=20)
    ratio = cache.process_trace(reader)[0]
    print(json.dumps({"name": known[name], "seconds": time.thread_time() - start, "missRatio": ratio}))
    """

  /// Times a policy; nil where libCacheSim has none of that name, or where ours has parameters.
  /// - Throws: `PitwallError` (unavailable) where Python or the package is missing or fails.
  func time(_ policy: String, capacity: Bytes) async throws -> Timing? {
    guard !policy.contains(" ") else { return nil }
    do {
      let result = try await Subprocess.run(
        .name("env"), arguments: [python, "-c", Self.script, trace, policy, String(capacity)],
        output: .string(limit: 1 << 16), error: .string(limit: 1 << 20))
      guard result.terminationStatus.isSuccess else {
        let complaint = result.standardError.split(separator: "\n").last.map(String.init)
        throw PitwallError(.unavailable, at: python, complaint ?? "failed without a word")
      }
      // The library itself may say something first.
      guard let line = result.standardOutput.split(separator: "\n").last else { return nil }
      guard let timing = try? JSONDecoder().decode(Timing.self, from: Data(line.utf8)) else {
        throw PitwallError.data(python, "expected a timing, found \"\(line)\"")
      }
      return timing
    } catch let error as SubprocessError {
      throw PitwallError(.unavailable, at: python, "could not be run: \(error)")
    }
  }
}

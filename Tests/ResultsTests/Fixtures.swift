import Foundation
import Orchestration
import Primitives
import Replay
import Results

/// A fresh directory that goes away with this value.
final class Scratch {
  let directory: URL

  init() throws {
    directory = FileManager.default.temporaryDirectory
      .appendingPathComponent("pitwall-results-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: directory) }

  func path(_ name: String = "results.sqlite") -> String {
    directory.appendingPathComponent(name).path
  }
}

func describe(
  _ runID: String, workload: String = "day", strategy: String = "lru", seed: UInt64 = 1,
  sweep: SweepPoint? = nil
) -> RunDescription {
  RunDescription(
    runID: runID, workload: workload, strategy: strategy, backend: "simulation", seed: seed,
    sweep: sweep, traceName: "trace", traceDigest: "d1",
    traceColumns: [TraceColumn(column: "arrival", provenance: "recorded", note: "it's \"real\"")],
    configuration: "slots: 8\n", codeRevision: "abc", modelVersion: "1", host: "box",
    startedAt: Date(timeIntervalSince1970: 1_700_000_000),
    finishedAt: Date(timeIntervalSince1970: 1_700_000_002.5), adapterNames: ["a", "b\"c"])
}

/// Requests that look like a server's: times in order, some rejected, some aborted early.
func randomRequests(_ count: Int, seed: UInt64, slowdown: Double = 1) -> [RequestRecord] {
  var random = RandomStream(seed: seed, purpose: "fixture")
  var clock: Nanoseconds = 0
  return (0..<count).map { index in
    clock += Nanoseconds(random.index(below: 20_000_000))
    var record = RequestRecord(
      request: Int32(index), tenant: Int32(random.index(below: 3)),
      adapterSet: Int32(random.index(below: 9)), promptTokens: Int32(1 + random.index(below: 500)),
      arrival: clock)
    record.replica = Int16(random.index(below: 2))
    record.preemptions = Int32(random.index(below: 2))
    record.foundIn = Tier(rawValue: UInt8(random.index(below: 4))) ?? .device
    let fate = random.index(below: 20)
    if fate == 0 {
      record.outcome = .rejected
      record.finished = clock
    } else {
      let wait = Double(random.index(below: 50_000_000)) * slowdown
      record.admitted = clock + Nanoseconds(wait)
      record.loadWait = Nanoseconds(wait / 2)
      if fate > 1 {
        record.outcome = .finished
        record.outputTokens = Int32(1 + random.index(below: 100))
        record.firstToken = record.admitted + 5_000_000
        record.finished = record.firstToken + Nanoseconds(record.outputTokens - 1) * 10_000_000
      }
    }
    return record
  }
}

func makeOutcome(
  _ requests: [RequestRecord], samples: [Sample] = [], residency: [ResidencySpan] = [],
  counters: Counters = Counters(), tokenGaps: [TokenGap] = [], end: Nanoseconds? = nil
) -> RunOutcome {
  RunOutcome(
    requests: requests, samples: samples, residency: residency, counters: counters,
    tokenGaps: tokenGaps, memory: DeviceMemory(capacity: 1000, weights: 500, adapterSlots: 100),
    end: end ?? (requests.map(\.finished).max() ?? 0))
}

/// An outcome in which every part has something.
func fullOutcome(_ count: Int = 50, seed: UInt64 = 1) -> RunOutcome {
  var counters = Counters()
  counters.references = 7
  counters.referencedBytes = 8
  counters.prefetches = 9
  counters.busy = 10
  counters.demandLoads = 11
  counters.preemptions = 12
  counters.found = [1, 2, 3, 4]
  counters.bytesMoved = [5, 6, 7, Int64.max]
  return makeOutcome(
    randomRequests(count, seed: seed),
    samples: [
      Sample(
        at: 0, replica: 0, waiting: 1, running: 2, kvBytes: 3, adapterBytes: 4,
        residentAdapters: 5, references: 6, hits: 7),
      Sample(
        at: 10, replica: 1, waiting: 8, running: 9, kvBytes: 10, adapterBytes: 11,
        residentAdapters: 12, references: 13, hits: 14),
    ],
    residency: [
      ResidencySpan(adapter: 1, replica: 0, prefetched: true, from: 3, to: 9),
      ResidencySpan(adapter: 0, replica: 1, prefetched: false, from: 1, to: 2),
    ], counters: counters,
    tokenGaps: [TokenGap(gap: 5, count: 3), TokenGap(gap: 9, count: 1)])
}

import Foundation
import Primitives
import Testing

@testable import Results

@Suite struct CacheRunTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  private func run(_ policy: String = "lru", slots: Int? = 8, seed: UInt64 = .max) -> CacheRun {
    var run = CacheRun(
      workload: "day", traceName: "t", transforms: ["jitter", "fold span=1d"], traceDigest: "d",
      policy: policy, slots: slots, capacity: slots == nil ? 1 << 30 : nil, seed: seed, warmUp: 3)
    (run.requests, run.misses) = (10, 4)
    (run.bytes, run.missedBytes) = (100, 40)
    (run.cost, run.missedCost) = (7, 5)
    run.evictions = 2
    (run.codeRevision, run.host) = ("abc", "box")
    run.startedAt = Date(timeIntervalSince1970: 1_700_000_000)
    return run
  }

  @Test func comesBackAsItWasSaved() throws {
    let store = try RunStore(scratch.path(), for: .writing)
    let runs = [run(), run("belady"), run(slots: nil)]
    try store.save(runs)
    let reader = try RunStore(scratch.path())
    for run in runs { #expect(try reader.cacheRun(run.id) == run) }
    #expect(try reader.cacheRun("none") == nil)
  }

  @Test func theSameReplayAgainTakesThePlaceOfTheFirst() throws {
    let store = try RunStore(scratch.path(), for: .writing)
    var later = run()
    later.codeRevision = "def"
    try store.save([run()])
    try store.save([later])
    #expect(try store.cacheRun(run().id)?.codeRevision == "def")
  }

  @Test func anIDIsOfWhatDecidesTheResult() {
    var same = run()
    (same.workload, same.host, same.misses) = ("night", "other box", 5)
    #expect(same.id == run().id)
    var others = [run("fifo"), run(slots: 9), run(slots: nil), run(seed: 1), run(), run()]
    others[4].traceDigest = "e"
    others[5].warmUp = 0
    #expect(Set(([run()] + others).map(\.id)).count == 7)
  }
}

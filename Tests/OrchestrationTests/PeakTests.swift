import Primitives
import Testing

@testable import Orchestration

/// S-LoRA's formula for the memory that a batch may come to need, against letting the batch run.
@Suite struct PeakTests {
  @Test(arguments: 0..<200 as Range<UInt64>) func thePeakIsThatOfTheBatchRunToItsEnd(
    _ seed: UInt64
  ) {
    var random = RandomStream(seed: seed, purpose: "peak.test")
    let batch = (0..<(1 + random.index(below: 12))).map { _ in
      Replica.Progress(held: 1 + random.index(below: 40), left: random.index(below: 30))
    }
    let longest = batch.map(\.left).max() ?? 0
    let held = (0...longest).map { step in
      batch.reduce(0) { $0 + ($1.left >= step ? $1.held + step : 0) }
    }
    #expect(Replica.peakTokens(batch) == held.max())
  }
}

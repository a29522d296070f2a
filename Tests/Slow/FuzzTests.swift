import Foundation
import InferenceFuzzing
import Testing

/// Ten minutes for each parser, or `PITWALL_FUZZ_SECONDS`, from another seed each time.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["PITWALL_SLOW"] == "1"))
struct FuzzTests {
  @Test(arguments: DamagedCheckpoint.allCases)
  func damagedFilesAreRefused(_ file: DamagedCheckpoint) throws {
    try fuzz(file.rawValue) { seed in try file.fuzz(seed: seed, rounds: 1000) }
  }

  @Test func damagedAdaptersAreRefused() throws {
    let adapters = try DamagedAdapter.names.map { try DamagedAdapter($0) }
    try fuzz("adapters") { seed in
      var outcome = FuzzOutcome()
      for adapter in adapters { outcome.add(try adapter.fuzz(seed: seed, rounds: 200)) }
      return outcome
    }
  }

  private func fuzz(_ name: String, _ once: (_ seed: UInt64) throws -> FuzzOutcome) throws {
    let seconds = ProcessInfo.processInfo.environment["PITWALL_FUZZ_SECONDS"].flatMap { Int($0) }
    var seed = UInt64.random(in: 0 ... .max)
    print("fuzzing \(name) from seed \(seed)")
    let end = ContinuousClock.now + .seconds(seconds ?? 600)
    var sum = FuzzOutcome()
    while ContinuousClock.now < end {
      sum.add(try once(seed))
      seed &+= 1
    }
    print("\(name): \(sum.files) damaged files, of which \(sum.read) were read all the same")
    #expect(sum.faults == [])
    #expect(sum.files > 0)
  }
}

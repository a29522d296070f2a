import InferenceFuzzing
import Testing

/// A short while of what `Tests/Slow` does for long.
struct FuzzTests {
  @Test(arguments: DamagedCheckpoint.allCases)
  func damagedFilesAreRefused(_ file: DamagedCheckpoint) throws {
    #expect(try file.fuzz(seed: 1, rounds: 150).faults == [])
  }
}

import Foundation
import Testing

/// `pitwall engine`, run as a person runs it.
@Suite struct EngineCommandTests {
  private static let tiny = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Fixtures/inference/tiny/tiny-tied").path

  @Test func sizesThatNothingCanBeComputedWithAreRefused() throws {
    let program = try Program()
    let generate = ["engine", "generate", Self.tiny, "--raw", "--prompt", "ab"]
    let huge = "\(Int.max)"
    for words in [
      generate + ["--block", "0"], generate + ["--block=-16"], generate + ["--block", "24"],
      generate + ["--block", "9223372036854775792"], generate + ["--tokens", huge],
      generate + ["--tokens", "0"], generate + ["--pages", "0"],
      generate + ["--tokens", "40", "--pages", "1"],
      generate + ["--adapter", "a=x", "--adapter", "a=y"],
      generate + ["--base", "--adapter", "base=x"],
      ["engine", "bench", Self.tiny, "--prompt", huge],
      ["engine", "bench", Self.tiny, "--prefill", huge],
      ["engine", "verify", "--block", "0"], ["engine", "verify", "--requests", huge],
      ["adapter", "synth", Self.tiny, "--output", "x", "--rank", huge],
    ] {
      let result = try program.run(words)
      #expect(result.code == 64, "\(words) \(result.errors)")
    }
  }

  /// An answer that fills the context ends there, whoever else still speaks.
  @Test func answersEndWithTheContext() throws {
    let program = try Program()
    let adapters = "adapters"
    let made = try program.run(
      "adapter", "synth", Self.tiny, "--output", adapters, "--rank", "256")
    try #require(made.code == 0, "\(made.errors)")
    let result = try program.run(
      "engine", "generate", Self.tiny, "--raw", "--prompt", "ab", "--tokens", "100000", "--base",
      "--adapter", "wide=" + adapters)
    #expect(result.code == 0, "\(result.errors)")
    #expect(result.output.contains("base: ") && result.output.contains("wide: "))
  }

  @Test func requestsInAnyCompanyGetWhatTheyGetAlone() throws {
    let program = try Program()
    let sound = try program.run("engine", "verify", "--requests", "40", "--adapters", "6")
    #expect(sound.code == 0, "\(sound.errors)")
    let broken = try program.run(
      "engine", "verify", "--requests", "40", "--adapters", "6", "--plant", "wrong-offset")
    #expect(broken.code == 1)
  }
}

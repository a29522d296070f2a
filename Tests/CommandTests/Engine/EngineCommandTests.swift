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
      ["engine", "bench", Self.tiny, "--tokens", huge],
      ["engine", "verify", "--block", "0"], ["engine", "verify", "--requests", huge],
      ["adapter", "synth", Self.tiny, "--output", "x", "--rank", huge],
    ] {
      let result = try program.run(words)
      #expect(result.code == 64, "\(words) \(result.errors)")
    }
  }

  /// One line that names the option, and nothing read or computed before.
  @Test(arguments: [
    ("bench --batches ,", "--batches"), ("bench --batches ''", "--batches"),
    ("bench --batches 1,,4", "--batches"), ("bench --batches 0", "--batches"),
    ("bench --batches 1,5000", "--batches"), ("bench --batches x", "--batches"),
    ("bench --distinct ''", "--distinct"), ("bench --distinct=-1", "--distinct"),
    ("bench --batches 1 --distinct 8", "--distinct"), ("bench --rank 0", "--rank"),
    ("bench --rank 1025", "--rank"), ("bench --prompt 0", "--prompt"),
    ("bench --prompt 513", "--prompt"), ("bench --prompt 70000", "--prompt"),
    ("bench --tokens 0", "--tokens"), ("bench --tokens 500", "--tokens"),
    ("bench --prefill 0", "--prefill"), ("bench --prefill 513", "--prefill"),
    ("bench --repeats 0", "--repeats"), ("bench --threads 0", "--threads"),
    ("generate --raw --prompt ab --threads 0", "--threads"),
    ("generate --raw --prompt ab --threads 257", "--threads"),
    ("info --threads=-1", "--threads"), ("verify --requests 0", "--requests"),
    ("verify --adapters 5000", "--adapters"), ("verify --threads 0", "--threads"),
  ])
  func numbersOutOfRangeAreNamed(arguments: String, option: String) throws {
    let program = try Program()
    var words = arguments.split(separator: " ").map { $0 == "''" ? "" : String($0) }
    words.insert(Self.tiny, at: 1)
    let result = try program.run(["engine"] + words)
    #expect(result.code == 64 && result.isOneLine, "\(words) \(result.errors)")
    #expect(result.errors.hasPrefix("pitwall: \(option): "), "\(result.errors)")
  }

  @Test func aPoolBeyondTheMachineIsRefused() throws {
    let program = try Program()
    let result = try program.run(
      "engine", "generate", Self.tiny, "--raw", "--prompt", "ab", "--block", "4096", "--pages",
      "16777216")
    #expect(result.code == 69 && result.isOneLine, "\(result.errors)")
    #expect(result.errors.contains("a pool of 16777216 pages takes"), "\(result.errors)")
  }

  /// Models whose context is shorter than what the commands compute by default.
  @Test(arguments: [1, 2, 20, 36]) func shortContexts(_ context: Int) throws {
    let program = try Program()
    let made = try program.run("model", "synth", "short", "--context", "\(context)")
    try #require(made.code == 0, "\(made.errors)")
    let verified = try program.run(
      "engine", "verify", "short", "--requests", "4", "--adapters", "2")
    if context >= 36 {
      #expect(verified.code == 0, "\(verified.errors)")
    } else {
      #expect(verified.code == 64 && verified.isOneLine, "\(verified.errors)")
      #expect(verified.errors.contains("context is \(context)"))
    }
    let timed = try program.run("engine", "bench", "short", "--repeats", "1")
    #expect(timed.code == 64 && timed.isOneLine && timed.errors.contains("--prefill"))
    let answered = try program.run(
      "engine", "generate", "short", "--raw", "--prompt", "a", "--tokens", "50")
    #expect(answered.code == 0, "\(answered.errors)")
  }

  /// What is made for a while goes, however the command ends.
  @Test(arguments: [("verify", "TERM", 143), ("verify", "INT", 130), ("bench", "TERM", 143)])
  func interruptedCommandsLeaveNothing(command: String, signal: String, code: Int) throws {
    let program = try Program()
    let words =
      command == "verify"
      ? "verify --requests 1000000 --adapters 64"
      : "bench '\(Self.tiny)' --prefill 64 --repeats 1000000 --distinct 8"
    let result = try program.shell(
      """
      mkdir tmp
      TMPDIR=$PWD/tmp "$0" engine \(words) 2> /dev/null &
      until [ -n "$(ls tmp)" ]; do sleep 0.05; done
      sleep 0.5
      kill -\(signal) $!
      wait $!
      echo "$? $(ls tmp)"
      """)
    #expect(result.output == "\(code) \n", "\(result.output) \(result.errors)")
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

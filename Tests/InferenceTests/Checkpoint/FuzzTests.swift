import Foundation
import Primitives
import Testing

@testable import Inference

/// Files with random damage: whatever is in them, reading ends soon with a model or with a
/// `PitwallError`. What is accepted is then also used, so that what was proven when it was opened
/// meets every byte.
struct FuzzTests {
  private static let environment = ProcessInfo.processInfo.environment
  static let isSlow = environment["PITWALL_SLOW"] == "1"
  static let slowSeconds = environment["PITWALL_FUZZ_SECONDS"].flatMap { Int($0) } ?? 600

  @Test(arguments: Target.allCases) func damagedFilesAreRefused(target: Target) throws {
    try fuzz(target, seed: 1, rounds: 150)
  }

  /// Ten minutes for each parser, or `PITWALL_FUZZ_SECONDS`, from another seed each time.
  @Test(.enabled(if: isSlow, "PITWALL_SLOW is not 1"), arguments: Target.allCases)
  func damagedFilesAreRefusedForLong(target: Target) throws {
    let seed = UInt64.random(in: 0 ... .max)
    print("fuzzing \(target) from seed \(seed)")
    let end = ContinuousClock.now + .seconds(FuzzTests.slowSeconds)
    var round = 0 as UInt64
    while ContinuousClock.now < end {
      try fuzz(target, seed: seed &+ round, rounds: 1000)
      round += 1
    }
    print("\(target): \(1000 * round) damaged files, and none crashed a parser")
  }

  /// What is damaged.
  enum Target: String, CaseIterable, Sendable {
    case safeTensors = "model.safetensors"
    case config = "config.json"
    case tokenizer = "tokenizer.json"
    case tokenizerConfig = "tokenizer_config.json"
    case gguf
  }

  private func fuzz(_ target: Target, seed: UInt64, rounds: Int) throws {
    try Fixtures.withFolder { folder in
      let path = try prepare(target, in: folder)
      let original = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
      var random = RandomStream(seed: seed, purpose: "damage to \(target)")
      // Headers say what the rest is, so most damage goes there.
      let header = try headerBytes(target, path)
      for _ in 0..<rounds {
        let damaged = Damage.apply(to: original, header: header, &random)
        try Data(damaged).write(to: URL(fileURLWithPath: path))
        do {
          try use(target == .gguf ? path : folder)
        } catch let error as PitwallError {
          #expect([.data, .noInput].contains(error.code), "\(error)")
        }
      }
    }
  }

  private func prepare(_ target: Target, in folder: String) throws -> String {
    guard target != .gguf else {
      let path = folder + "/a.gguf"
      try FileManager.default.copyItem(
        atPath: Fixtures.path("tiny/gguf/tiny-tied-q4_1.gguf"), toPath: path)
      return path
    }
    for file in Target.allCases where file != .gguf {
      let source = Fixtures.path("tiny/tiny-rope3/\(file.rawValue)")
      try FileManager.default.copyItem(atPath: source, toPath: "\(folder)/\(file.rawValue)")
    }
    return "\(folder)/\(target.rawValue)"
  }

  private func headerBytes(_ target: Target, _ path: String) throws -> Int {
    let file = try MappedFile(path: path)
    switch target {
    case .safeTensors:
      return try SafeTensorsFile(path: path).tensors.values.map(\.range.lowerBound).min() ?? 8
    case .gguf: return try GGUFFile(file).tensors.values.map(\.range.lowerBound).min() ?? 24
    default: return file.count
    }
  }

  /// Opens a model and touches all that it holds.
  private func use(_ path: String) throws {
    let checkpoint = try Checkpoint.open(path)
    for name in checkpoint.tensorNames {
      _ = Dequantizer.floats(try checkpoint.tensor(name))
      _ = checkpoint.rowOrder(of: name).storedRow(of: 7)
    }
    let tokenizer = try checkpoint.tokenizer()
    let text = "<|im_start|>user\n What's 12 + é🚀?<|im_end|>"
    _ = tokenizer.decode(tokenizer.encode(text))
    _ = try tokenizer.chat([ChatMessage(role: "user", content: "Hi")])
  }
}

/// Kinds of damage that find what a parser forgot to check.
enum Damage {
  /// - Parameter more: what is spliced in beside what every format may have.
  static func apply(
    to bytes: [UInt8], header: Int, splicing more: [[UInt8]] = [], _ random: inout RandomStream
  ) -> [UInt8] {
    let words = Damage.words + more
    var bytes = bytes
    for _ in 0...random.index(below: 4) {
      guard !bytes.isEmpty else { break }
      let scope = random.index(below: 8) == 0 ? bytes.count : min(header, bytes.count)
      let at = random.index(below: scope)
      switch random.index(below: 8) {
      case 0: bytes[at] ^= 1 << UInt8(random.index(below: 8))
      case 1: bytes[at] = UInt8(truncatingIfNeeded: random.next())
      case 2: bytes.removeSubrange(at..<min(bytes.count, at + 1 + random.index(below: 9)))
      case 3: bytes.insert(contentsOf: words[random.index(below: words.count)], at: at)
      case 4: overwrite(&bytes, at, numbers[random.index(below: numbers.count)])
      case 5: bytes.removeSubrange(at...)
      case 6:
        let from = random.index(below: scope)
        let piece = bytes[from..<min(bytes.count, from + random.index(below: 200))]
        bytes.insert(contentsOf: Array(piece), at: at)
      default: changeDigits(&bytes, at, &random)
      }
    }
    return bytes
  }

  private static let words = [
    "{", "}", "[", "]", "\"", ",", ":", "null", "-1", "1e999", "9223372036854775807", "\\u",
    "\\ud800",
    "0", "18446744073709551616", "\u{0}", "é", "[[[[[[[[", "\"a\":1,", "1.5", "true",
  ].map { [UInt8]($0.utf8) }

  private static let numbers: [[UInt8]] = [
    0, 1, 31, 1 << 31, 1 << 32, 1 << 40, 1 << 62, 1 << 63, .max,
  ]
  .map { (value: UInt64) in (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }

  private static func overwrite(_ bytes: inout [UInt8], _ at: Int, _ value: [UInt8]) {
    for (offset, byte) in value.enumerated() where at + offset < bytes.count {
      bytes[at + offset] = byte
    }
  }

  /// Makes the next number in a text another one.
  private static func changeDigits(_ bytes: inout [UInt8], _ at: Int, _ random: inout RandomStream)
  {
    guard let first = bytes[at...].firstIndex(where: { (0x30...0x39).contains($0) }) else { return }
    bytes[first] = UInt8(0x30 + random.index(below: 10))
  }
}

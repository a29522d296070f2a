import Foundation
import Primitives
import Testing

@testable import Inference

/// Damaged adapters are read or refused with one line, and never crash, hang or take memory that the
/// files do not account for.
struct AdapterFuzzTests {
  /// What adapters have and models have not.
  private static let splices: [[UInt8]] = [
    "1e308", "65536", "[]", "{}", "(.*)*", "(?!", "\\\\", "[^", "{3,", "|", "lora_A", "layers",
    ".9",
    "F16",
  ].map { Array($0.utf8) }

  private static func damaged(_ bytes: [UInt8], _ random: inout RandomStream) -> [UInt8] {
    Damage.apply(to: bytes, header: bytes.count, splicing: splices, &random)
  }

  /// Damage to one of the two files at a time, of one adapter; how many were still read.
  private func survivors(_ name: String, rounds: Int, seed: UInt64) throws -> Int {
    let source = AdapterFolder(path: AdapterFixtures.path(name))
    let whole = try [source.configuration, source.weights].map {
      [UInt8](try Data(contentsOf: URL(fileURLWithPath: $0)))
    }
    var random = RandomStream(seed: seed, purpose: "fuzz \(name)")
    var survivors = 0
    try Fixtures.withFolder { folder in
      let files = AdapterFolder(path: folder)
      for round in 0..<rounds {
        var bytes = whole
        if round.isMultiple(of: 2) {
          bytes[0] = Self.damaged(bytes[0], &random)
        } else {
          // The header is what can be wrong; its length stays right more often than by chance.
          let length = bytes[1].prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
          let header = Self.damaged(Array(bytes[1][8..<8 + length]), &random)
          let size = random.index(below: 8) == 0 ? random.index(below: 1 << 20) : header.count
          bytes[1] =
            (0..<8).map { UInt8(truncatingIfNeeded: size >> (8 * $0)) } + header
            + bytes[1][(8 + length)...]
        }
        try Data(bytes[0]).write(to: URL(fileURLWithPath: files.configuration))
        try Data(bytes[1]).write(to: URL(fileURLWithPath: files.weights))
        do {
          let adapter = try LoRAAdapter.open(folder, for: AdapterFixtures.model)
          survivors += 1
          #expect(AdapterSummary(of: adapter).modules.count == adapter.updates.count)
          let merge = AdapterMerge(kind: .svd, weights: [1, -1], density: 0.5)
          if round % 64 < 2 { _ = try merge.merge([adapter, adapter]) }
        } catch let error as PitwallError {
          #expect([.data, .noInput].contains(error.code), "\(error)")
          #expect(!error.description.contains("\n"))
        }
      }
    }
    return survivors
  }

  @Test(arguments: ["a-r4-qv", "e-r2-o-f16"])
  func damage(_ name: String) throws {
    #expect(try survivors(name, rounds: 600, seed: 1) > 0)
  }

  /// As long as that of checkpoints, from another seed each time.
  @Test(.enabled(if: FuzzTests.isSlow, "PITWALL_SLOW is not 1"))
  func damageForLong() throws {
    var seed = UInt64.random(in: 0 ... .max)
    print("fuzzing adapters from seed \(seed)")
    let end = ContinuousClock.now + .seconds(FuzzTests.slowSeconds)
    var files = 0
    while ContinuousClock.now < end {
      for name in AdapterFixtures.names { _ = try survivors(name, rounds: 200, seed: seed) }
      files += 200 * AdapterFixtures.names.count
      seed &+= 1
    }
    print("adapters: \(files) damaged files, and none crashed the parser")
  }

  /// Text that is no pattern, and patterns of every length and depth.
  @Test func patterns() throws {
    let letters = Array("()[]{}|*+?.\\^$-!=:<>P,0123dwqv_".utf8)
    var random = RandomStream(seed: 3, purpose: "fuzz patterns")
    var valid = 0
    for _ in 0..<20_000 {
      let text = (0..<random.index(below: 24)).map { _ in
        letters[random.index(below: letters.count)]
      }
      do {
        let pattern = try ModulePattern(String(decoding: text, as: UTF8.self), under: "")
        var steps = 200_000
        _ = try pattern.matchesWhole("model.layers.0.self_attn.q_proj", steps: &steps)
        valid += 1
      } catch { #expect(!error.why.isEmpty) }
    }
    #expect(valid > 1_000)
  }
}

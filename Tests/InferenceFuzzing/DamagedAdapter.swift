import Foundation
import Inference
import Primitives

/// A PEFT folder of which one file at a time is damaged.
///
/// It is read or refused with one line, and never crashes, hangs or takes memory that the files do not
/// account for.
public struct DamagedAdapter: Sendable {
  public let name: String
  private let model: ModelConfiguration

  public static let names = ["a-r4-qv", "b-r8-all", "c-r8-all", "d-r16-all-rslora", "e-r2-o-f16"]

  /// - Throws: what the model that it is for throws.
  public init(_ name: String) throws {
    self.name = name
    model = try Checkpoint.open(Tiny.path("tiny-tied")).configuration
  }

  /// Reads the adapter with random damage, `rounds` times.
  /// - Throws: what the file system throws.
  public func fuzz(seed: UInt64, rounds: Int) throws -> FuzzOutcome {
    let files = ["adapter_config.json", "adapter_model.safetensors"]
    let whole = try files.map {
      [UInt8](
        try Data(contentsOf: URL(fileURLWithPath: Tiny.path("tiny-tied/adapters/\(name)/\($0)"))))
    }
    var random = RandomStream(seed: seed, purpose: "fuzz \(name)")
    var outcome = FuzzOutcome()
    try Tiny.withFolder { folder in
      for round in 0..<rounds {
        var bytes = whole
        if round.isMultiple(of: 2) {
          bytes[0] = damaged(bytes[0], &random)
        } else {
          bytes[1] = withDamagedHeader(bytes[1], &random)
        }
        for (file, bytes) in zip(files, bytes) {
          try Data(bytes).write(to: URL(fileURLWithPath: "\(folder)/\(file)"))
        }
        var fault: String?
        outcome.attempt { fault = try use(folder, merging: round % 64 < 2) }
        if let fault { outcome.found(fault) }
      }
    }
    return outcome
  }

  /// What does not fit together in an adapter that was read.
  private func use(_ folder: String, merging: Bool) throws -> String? {
    let adapter = try LoRAAdapter.open(folder, for: model)
    let modules = AdapterSummary(of: adapter).modules.count
    if merging {
      _ = try AdapterMerge(kind: .svd, weights: [1, -1], density: 0.5).merge([adapter, adapter])
    }
    return modules == adapter.sites.count
      ? nil : "\(modules) modules of \(adapter.sites.count) updates"
  }

  /// What adapters have and models have not.
  private static let splices: [[UInt8]] = [
    "1e308", "65536", "[]", "{}", "(.*)*", "(?!", "\\\\", "[^", "{3,", "|", "lora_A", "layers",
    ".9",
    "F16",
  ].map { Array($0.utf8) }

  private func damaged(_ bytes: [UInt8], _ random: inout RandomStream) -> [UInt8] {
    Damage.apply(to: bytes, header: bytes.count, splicing: Self.splices, &random)
  }

  /// The header is what can be wrong; its length stays right more often than by chance.
  private func withDamagedHeader(_ bytes: [UInt8], _ random: inout RandomStream) -> [UInt8] {
    let length = bytes.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
    let header = damaged(Array(bytes[8..<8 + length]), &random)
    let size = random.index(below: 8) == 0 ? random.index(below: 1 << 20) : header.count
    return (0..<8).map { UInt8(truncatingIfNeeded: size >> (8 * $0)) } + header
      + bytes[(8 + length)...]
  }
}

import Foundation
import Inference
import Primitives

/// The file of a model that is damaged.
///
/// Whatever is in it, reading ends soon with a model or with a `PitwallError`. What is accepted is then
/// also used, so that what was proven when it was opened meets every byte.
public enum DamagedCheckpoint: String, CaseIterable, Sendable {
  case safeTensors = "model.safetensors"
  case config = "config.json"
  case tokenizer = "tokenizer.json"
  case tokenizerConfig = "tokenizer_config.json"
  case gguf = "a.gguf"

  /// Reads the file with random damage, `rounds` times.
  /// - Throws: what the file system throws.
  public func fuzz(seed: UInt64, rounds: Int) throws -> FuzzOutcome {
    try Tiny.withFolder { folder in
      let file = URL(fileURLWithPath: try prepare(in: folder))
      let original = [UInt8](try Data(contentsOf: file))
      var random = RandomStream(seed: seed, purpose: "damage to \(rawValue)")
      // Headers say what the rest is, so most damage goes there.
      let header = try headerBytes(of: file.path)
      var outcome = FuzzOutcome()
      for _ in 0..<rounds {
        try Data(Damage.apply(to: original, header: header, &random)).write(to: file)
        outcome.attempt { try use(self == .gguf ? file.path : folder) }
      }
      return outcome
    }
  }

  private func prepare(in folder: String) throws -> String {
    guard self != .gguf else {
      let path = "\(folder)/\(rawValue)"
      try FileManager.default.copyItem(atPath: Tiny.path("gguf/tiny-tied-q4_1.gguf"), toPath: path)
      return path
    }
    for file in Self.allCases where file != .gguf {
      try FileManager.default.copyItem(
        atPath: Tiny.path("tiny-rope3/\(file.rawValue)"), toPath: "\(folder)/\(file.rawValue)")
    }
    return "\(folder)/\(rawValue)"
  }

  /// Bytes before the first tensor; of a text, all.
  private func headerBytes(of path: String) throws -> Int {
    switch self {
    case .safeTensors:
      return try SafeTensorsFile(path: path).tensors.values.map(\.range.lowerBound).min() ?? 8
    case .gguf:
      let checkpoint = try Checkpoint.open(path)
      return try checkpoint.tensorNames.map { try checkpoint.tensor($0).range.lowerBound }.min()
        ?? 24
    default: return try MappedFile(path: path).count
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

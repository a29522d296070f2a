import Foundation
import Primitives
import Workload

/// Where the files are that an experiment names.
struct RecipeFolders {
  /// The folder of the experiment's file: generator files are relative to it.
  var experiment: String
  /// The folder of recordings.
  var recordings: String

  /// A path as seen from a folder.
  static func resolve(_ path: String, in folder: String) -> String {
    path.hasPrefix("/") || folder.isEmpty ? path : "\(folder)/\(path)"
  }

  /// The folder part of a path; empty for the current folder.
  static func folder(of path: String) -> String {
    path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? ""
  }
}

extension TraceRecipe {
  /// Reads a recipe: one of `read`, `generate` and `from`, then `apply`.
  /// - Throws: `PitwallError`: data with line and key, noInput for a file that is not there.
  init(name: String, _ value: YAMLValue, _ folders: RecipeFolders) throws {
    self.name = name
    place = value.place
    var map = try value.mapping()
    let sources = ["read", "generate", "from"].filter { map.value($0) != nil }
    guard sources.count == 1 else {
      throw value.failure(
        "expected one of read, generate and from"
          + (sources.isEmpty ? "" : ", found \(sources.joined(separator: " and "))"))
    }
    let requests = try map.value("requests")?.int(in: 0...Int(Int32.max))
    if let recording = map.value("read") {
      source = try TraceRecipe.readRecording(recording, requests, &map, folders)
    } else if let file = map.value("generate") {
      source = try .generator(
        TraceRecipe.readGenerator(file, folders), written: file.string(), requests: requests,
        standsInFor: nil)
    } else {
      source = .trace(try map.required("from").string())
    }
    steps = try map.value("apply")?.list().map(Step.init) ?? []
    try map.finish()
  }

  private static func readRecording(
    _ value: YAMLValue, _ requests: Int?, _ map: inout YAMLMapping, _ folders: RecipeFolders
  ) throws -> Source {
    let written = try value.string()
    let format = try map.value("format")?.choice(TraceFormat.self)
    var options = try map.value("options")?.mapping()
    let parameters = try options?.remainingParameters(of: format?.rawValue ?? "options")
    let path = RecipeFolders.resolve(written, in: folders.recordings)
    let fallback = map.value("otherwise")
    let generator = try fallback.map { try readGenerator($0, folders) }
    if FileManager.default.fileExists(atPath: path) {
      return .recording(
        path: path, written: written, format: format,
        options: try parameters ?? Parameters("options", at: value.place))
    }
    guard let generator, let fallback else {
      throw PitwallError(
        .noInput, at: value.place,
        "\(value.path): \(path): no such recording (PITWALL_TRACES names the folder)")
    }
    return .generator(
      generator, written: try fallback.string(), requests: requests, standsInFor: written)
  }

  private static func readGenerator(
    _ value: YAMLValue, _ folders: RecipeFolders
  ) throws -> GeneratorFile {
    let path = RecipeFolders.resolve(try value.string(), in: folders.experiment)
    guard let data = FileManager.default.contents(atPath: path) else {
      throw PitwallError(.noInput, at: value.place, "\(value.path): \(path): no such file")
    }
    guard let text = String(validating: data, as: UTF8.self) else {
      throw PitwallError(.data, at: path, "not UTF-8 text")
    }
    return try GeneratorFile.parse(text, file: path)
  }
}

extension TraceRecipe.Step {
  fileprivate init(_ value: YAMLValue) throws {
    parameters = try value.named("transform")
    transform = try TransformRegistry.make(parameters)
  }
}

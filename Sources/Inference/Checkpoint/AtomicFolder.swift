import Foundation
import Primitives

/// Folders that appear whole or not at all: filled beside their place, then renamed.
public enum AtomicFolder {
  /// Gives an empty folder to `body` to fill, and puts it at `path` if that succeeds.
  ///
  /// - Parameters:
  ///   - path: with a slash at its end or without; nothing must be there, or an empty folder.
  ///   - makesParents: whether the folder that it lies in is made where it is not there.
  /// - Throws: `PitwallError`: (usage) where something is there already; (inputOutput); or what
  ///   `body` throws. Nothing is then left of it.
  public static func write(
    to path: String, makesParents: Bool = false, _ body: (_ folder: String) throws -> Void
  ) throws {
    try checkIsFree(path)
    let target = withoutSlashes(path)
    if makesParents { try makeParent(of: target) }
    let (temporary, _) = try TemporaryName.make(beside: target) { name in
      unsafe mkdir(name, 0o777) == 0 ? () : nil
    }
    do {
      try body(temporary)
      guard unsafe rename(temporary, target) == 0 else {
        throw SystemError.last(.inputOutput, path)
      }
    } catch {
      try? FileManager.default.removeItem(atPath: temporary)
      throw error
    }
  }

  /// - Throws: `PitwallError` (usage) where there is something other than an empty folder.
  public static func checkIsFree(_ path: String) throws {
    guard Checkpoint.exists(path) else { return }
    // Of what is no folder there are no contents.
    let contents = try? FileManager.default.contentsOfDirectory(atPath: path)
    guard contents?.isEmpty == true else { throw PitwallError(.usage, at: path, "exists already") }
  }

  private static func makeParent(of path: String) throws {
    let parent = URL(fileURLWithPath: path).deletingLastPathComponent().path
    do {
      try FileManager.default.createDirectory(atPath: parent, withIntermediateDirectories: true)
    } catch {
      throw PitwallError(.inputOutput, at: parent, "the folder cannot be made")
    }
  }

  /// The root alone keeps its own.
  private static func withoutSlashes(_ path: String) -> String {
    var path = path[...]
    while path.count > 1, path.hasSuffix("/") { path.removeLast() }
    return String(path)
  }
}

import Foundation
import Primitives

/// Files that appear whole or not at all.
public enum AtomicFile {
  /// Writes `text` beside the target, makes it durable and moves it into place.
  /// - Throws: `PitwallError` (inputOutput); the target is then as it was before.
  public static func write(_ text: String, to path: String) throws {
    let temporary = "\(path).\(ProcessInfo.processInfo.processIdentifier).part"
    guard FileManager.default.createFile(atPath: temporary, contents: nil),
      let file = FileHandle(forWritingAtPath: temporary)
    else { throw PitwallError(.inputOutput, at: path, "cannot be created") }
    do {
      try file.write(contentsOf: Data(text.utf8))
      try file.synchronize()
      try file.close()
      // Swift lends both paths to the call as C strings, for as long as it lasts.
      guard unsafe rename(temporary, path) == 0 else {
        throw PitwallError(.inputOutput, at: path, "cannot be replaced")
      }
    } catch {
      try? FileManager.default.removeItem(atPath: temporary)
      throw error as? PitwallError
        ?? PitwallError(.inputOutput, at: path, "cannot be written: the disk may be full")
    }
  }
}

import Foundation
import Primitives

/// A folder for files that nobody wants afterwards.
enum TemporaryFolder {
  /// Gives an empty folder to `body`. It goes when that ends, and when the process is asked to end.
  /// - Throws: `PitwallError` (inputOutput) or what `body` throws.
  static func use<Result>(_ body: (_ path: String) throws -> Result) throws -> Result {
    let path = FileManager.default.temporaryDirectory.path + "/pitwall-\(UUID())"
    // Listens first, so that there is no folder of which nobody would know.
    let interruption = Interruption { signal in
      // What is being written meanwhile may make its folder again.
      repeat { remove(path) } while FileManager.default.fileExists(atPath: path)
      kill(getpid(), signal)
    }
    defer {
      interruption.end()
      remove(path)
    }
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch { throw PitwallError(.inputOutput, at: path, "the folder cannot be made") }
    return try body(path)
  }

  private static func remove(_ path: String) { try? FileManager.default.removeItem(atPath: path) }
}

import Foundation
import Primitives

/// What came of reading damaged files. A crash or a hang is found by there being no outcome.
public struct FuzzOutcome: Sendable {
  /// Damaged files that were tried.
  public private(set) var files = 0
  /// Those that were read all the same, and then used.
  public private(set) var read = 0
  /// Refusals that do not say in one line that the data is at fault.
  public private(set) var faults: [String] = []

  public init() {}

  /// Reads and uses one file.
  mutating func attempt(_ body: () throws -> Void) {
    files += 1
    do {
      try body()
      read += 1
    } catch let error as PitwallError {
      let isOneLine = !error.description.contains("\n")
      if !isOneLine || ![.data, .noInput].contains(error.code) { faults.append("\(error)") }
    } catch {
      faults.append("not an error of ours: \(error)")
    }
  }

  mutating func found(_ fault: String) { faults.append(fault) }

  public mutating func add(_ other: FuzzOutcome) {
    files += other.files
    read += other.read
    faults += other.faults
  }
}

/// Files of the tiny models that are damaged.
enum Tiny {
  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Fixtures/inference/tiny")

  static func path(_ name: String) -> String { folder.appending(path: name).path }

  /// Gives `body` an empty folder, which is removed afterwards.
  static func withFolder<R>(_ body: (String) throws -> R) throws -> R {
    let folder = FileManager.default.temporaryDirectory.appending(path: "pitwall-fuzz-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try body(folder.path)
  }
}

import Foundation
import Primitives

@testable import Workload

/// The public recordings, where this machine has them.
enum RecordedTraces {
  static let folder: URL = {
    if let named = ProcessInfo.processInfo.environment["PITWALL_TRACES"], !named.isEmpty {
      return URL(fileURLWithPath: named)
    }
    let package = URL(fileURLWithPath: #filePath)
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    return package.deletingLastPathComponent().appendingPathComponent("shared/traces")
  }()

  static let arePresent = FileManager.default.fileExists(
    atPath: folder.appendingPathComponent("gentd26/gentd26_timed_dev.csv").path)

  /// The adapter references of a GenTD26 or LMSYS file, without any reader of ours between.
  static func references(_ path: String, column: Int) throws -> (stream: [Int32], adapters: Int) {
    let text = try String(contentsOf: folder.appendingPathComponent(path), encoding: .utf8)
    var index: [Substring: Int32] = [:]
    var stream: [Int32] = []
    for line in text.split(whereSeparator: \.isNewline).dropFirst() {
      let fields = line.split(separator: ",", omittingEmptySubsequences: false)
      for name in fields[column].split(separator: ";") {
        let next = Int32(index.count)
        stream.append(index[name, default: next])
        if index[name] == nil { index[name] = next }
      }
    }
    return (stream, index.count)
  }
}

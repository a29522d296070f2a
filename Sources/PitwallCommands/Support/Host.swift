import Foundation

/// The machine that a result comes from.
enum Host {
  /// `AMD EPYC 9R14, 2 cores, Linux 6.1.0`.
  static var description: String {
    let cores = ProcessInfo.processInfo.activeProcessorCount
    return [processor, "\(cores) core\(cores == 1 ? "" : "s")", "Linux \(kernel)"]
      .joined(separator: ", ")
  }

  private static var processor: String {
    let lines = text(of: "/proc/cpuinfo").split(separator: "\n")
    let value = lines.first { $0.hasPrefix("model name") }?.split(separator: ":").dropFirst().first
    return value.map { $0.trimmingCharacters(in: .whitespaces) } ?? "unknown processor"
  }

  private static var kernel: String {
    let release = text(of: "/proc/sys/kernel/osrelease").trimmingCharacters(
      in: .whitespacesAndNewlines)
    return release.isEmpty ? "of unknown release" : release
  }

  private static func text(of path: String) -> String {
    String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
  }
}

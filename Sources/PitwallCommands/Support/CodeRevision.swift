import ArgumentParser
import Foundation

/// The revision of the code that is running.
enum CodeRevision {
  /// `0.1.0 (git 1a2b3c...)`, or `0.1.0 (git unknown)` where the program does not lie in the
  /// checkout that it was built from. Whether that checkout was clean is not known.
  static var current: String {
    let executable = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    let commit = executable.flatMap { head(above: $0) } ?? "unknown"
    return "\(Pitwall.configuration.version) (git \(commit))"
  }

  /// The commit of the checkout that a path lies in.
  static func head(above path: String) -> String? {
    var folder = path
    while let slash = folder.lastIndex(of: "/") {
      folder = String(folder[..<slash])
      let marker = folder + "/.git"
      if let contents = line(of: marker + "/HEAD") { return resolve(contents, in: marker) }
      // In a linked working tree, .git is a file that says where its folder is.
      if let link = line(of: marker), link.hasPrefix("gitdir: ") {
        let written = String(link.dropFirst("gitdir: ".count))
        let linked = written.hasPrefix("/") ? written : "\(folder)/\(written)"
        return line(of: linked + "/HEAD").flatMap { resolve($0, in: linked) }
      }
    }
    return nil
  }

  private static func resolve(_ head: String, in folder: String) -> String? {
    guard head.hasPrefix("ref: ") else { return head }
    let name = String(head.dropFirst("ref: ".count))
    let common = line(of: folder + "/commondir").map {
      $0.hasPrefix("/") ? $0 : "\(folder)/\($0)"
    }
    for place in [folder, common ?? folder] {
      if let commit = line(of: "\(place)/\(name)") { return commit }
      let packed = text(of: "\(place)/packed-refs")?.split(separator: "\n") ?? []
      if let entry = packed.first(where: { $0.hasSuffix(" " + name) }) {
        return entry.split(separator: " ").first.map(String.init)
      }
    }
    return nil
  }

  private static func line(of path: String) -> String? {
    text(of: path)?.split(separator: "\n").first.map(String.init)
  }

  private static func text(of path: String) -> String? {
    FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
  }
}

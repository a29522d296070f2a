import Foundation
import Primitives
import Testing

@Suite struct AtomicFileTests {
  /// A folder of the test's own, and what is in it afterwards.
  private func left(by body: (_ folder: String) throws -> Void) throws -> [String] {
    let folder = FileManager.default.temporaryDirectory.path + "/pitwall-\(UUID())"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try body(folder)
    return try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
  }

  private func text(_ path: String) throws -> String {
    try String(contentsOfFile: path, encoding: .utf8)
  }

  @Test func filesAreWrittenWholeOrNotAtAll() throws {
    struct Stop: Error {}
    let files = try left { folder in
      let path = folder + "/a"
      try AtomicFile.write("one", to: path)
      try AtomicFile.write("two", to: path)
      #expect(try text(path) == "two")
      #expect(throws: Stop.self) {
        try AtomicFile.write(to: path) { file in
          try file.append(Array("half".utf8))
          throw Stop()
        }
      }
      #expect(try text(path) == "two")
      let error = #expect(throws: PitwallError.self) { try AtomicFile.write("x", to: path + "/b") }
      #expect(error?.code == .inputOutput && error?.place == path + "/b")
      try FileManager.default.createDirectory(
        atPath: folder + "/b", withIntermediateDirectories: false)
      #expect(throws: PitwallError.self) { try AtomicFile.write("x", to: folder + "/b") }
    }
    #expect(files == ["a", "b"])
  }

  /// What a crash left under the name that a process of the same number would use, and a link that
  /// somebody laid there, are not written to.
  @Test func whatLiesBesideIsLeftAlone() throws {
    let files = try left { folder in
      let path = folder + "/a"
      let other = "\(path).\(ProcessInfo.processInfo.processIdentifier).part"
      try Data("precious".utf8).write(to: URL(fileURLWithPath: folder + "/b"))
      try FileManager.default.createSymbolicLink(
        atPath: other, withDestinationPath: folder + "/b")
      try AtomicFile.write("one", to: path)
      #expect(try text(folder + "/b") == "precious" && text(path) == "one")
      try FileManager.default.removeItem(atPath: other)
    }
    #expect(files == ["a", "b"])
  }

  /// As any other program's files: what the process's mask allows.
  @Test func othersMayReadThem() throws {
    _ = try left { folder in
      try AtomicFile.write("one", to: folder + "/a")
      try Data().write(to: URL(fileURLWithPath: folder + "/b"))
      let modes = try ["a", "b"].map {
        try FileManager.default.attributesOfItem(atPath: "\(folder)/\($0)")[.posixPermissions]
          as? Int
      }
      #expect(modes[0] == modes[1])
    }
  }
}

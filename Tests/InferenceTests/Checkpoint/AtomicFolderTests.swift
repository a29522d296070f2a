import Foundation
import Primitives
import Testing

@testable import Inference

@Suite struct AtomicFolderTests {
  private struct Stop: Error {}

  private func names(_ folder: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
  }

  private func fill(_ folder: String) throws {
    try FileManager.default.createDirectory(
      atPath: folder + "/below", withIntermediateDirectories: false)
    try AtomicFile.write("text", to: folder + "/below/file")
  }

  @Test(arguments: ["new", "new/", "new//", "./new"])
  func foldersAppearWhole(_ name: String) throws {
    try Fixtures.withFolder { folder in
      try AtomicFolder.write(to: "\(folder)/\(name)") { path in
        #expect(try names(path) == [])
        try fill(path)
        #expect(try !names(folder).contains("new"))
      }
      #expect(try names(folder) == ["new"])
      #expect(try names(folder + "/new/below") == ["file"])
    }
  }

  @Test func nothingIsLeftOfAFailure() throws {
    try Fixtures.withFolder { folder in
      #expect(throws: Stop.self) {
        try AtomicFolder.write(to: folder + "/new") { path in
          try fill(path)
          throw Stop()
        }
      }
      let left = try names(folder)
      #expect(left == [])
    }
  }

  @Test func whatIsThereStays() throws {
    try Fixtures.withFolder { folder in
      try fill(folder)
      for path in [folder, folder + "/", folder + "/below/file"] {
        let error = #expect(throws: PitwallError.self) {
          try AtomicFolder.write(to: path) { _ in Issue.record("it began") }
        }
        #expect(error?.code == .usage && error?.message == "exists already")
      }
      // What came meanwhile, too.
      let error = #expect(throws: PitwallError.self) {
        try AtomicFolder.write(to: folder + "/new") { path in
          try fill(path)
          try FileManager.default.createDirectory(
            atPath: folder + "/new", withIntermediateDirectories: false)
          try fill(folder + "/new")
        }
      }
      #expect(error?.code == .inputOutput)
      #expect(try names(folder) == ["below", "new"])
    }
  }

  @Test func parentsAreMadeWhereThatIsAsked() throws {
    try Fixtures.withFolder { folder in
      #expect(throws: PitwallError.self) {
        try AtomicFolder.write(to: folder + "/a/b") { try fill($0) }
      }
      #expect(try names(folder) == [])
      try AtomicFolder.write(to: folder + "/a/b/", makesParents: true) { try fill($0) }
      #expect(try names(folder + "/a") == ["b"])
      #expect(throws: PitwallError.self) {
        try AtomicFolder.write(to: folder + "/a/b/below/file/c", makesParents: true) { _ in }
      }
    }
  }
}

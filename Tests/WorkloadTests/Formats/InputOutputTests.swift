import Foundation
import Primitives
import Testing

@testable import Workload

struct GzipTests {
  private func compressed(_ bytes: [UInt8], pieces: Int = 1) throws -> [UInt8] {
    let stream = try GzipStream()
    var result: [UInt8] = []
    let size = max(1, (bytes.count + pieces - 1) / pieces)
    for start in stride(from: 0, to: bytes.count, by: size) {
      try stream.compress(Array(bytes[start...].prefix(size)), last: false) { result += $0 }
    }
    try stream.compress([], last: true) { result += $0 }
    return result
  }

  private func inflated(_ bytes: [UInt8], limit: Int = Gzip.inflatedLimit) throws -> [UInt8] {
    let input = InputBytes(bytes)
    let output = try Gzip.inflate(input, file: "x.gz", limit: limit)
    return Array(try #require(output.column(of: UInt8.self, at: 0, count: output.count)))
  }

  private func noise(_ count: Int) -> [UInt8] {
    var random = RandomStream(seed: 1, purpose: "noise")
    return (0..<count).map { _ in UInt8(random.index(below: 256)) }
  }

  @Test func anyContentComesBack() throws {
    for bytes in [[], [7], noise(1), noise(70_000), [UInt8](repeating: 65, count: 3_000_000)] {
      #expect(try inflated(compressed(bytes, pieces: 3)) == bytes)
    }
  }

  @Test func membersAreJoined() throws {
    let members = try compressed([1, 2]) + compressed([]) + compressed([3])
    #expect(try inflated(members) == [1, 2, 3])
  }

  @Test func everyTruncationIsNoticed() throws {
    let whole = try compressed(Array("hello, hello, hello".utf8))
    for length in 2..<whole.count {
      #expect(throws: PitwallError.data("x.gz", "truncated gzip")) {
        try inflated(Array(whole.prefix(length)))
      }
    }
  }

  @Test func damageIsNamed() throws {
    let whole = try compressed(Array("hello".utf8))
    var wrongSum = whole
    wrongSum[whole.count - 8] ^= 1
    #expect(throws: PitwallError.data("x.gz", "damaged gzip: incorrect data check")) {
      try inflated(wrongSum)
    }
    #expect(
      throws: PitwallError.data("x.gz", "gzip is followed by something else at byte \(whole.count)")
    ) { try inflated(whole + [0]) }
  }

  @Test func bombsAreStopped() throws {
    let bomb = try compressed([UInt8](repeating: 0, count: 2_000_000))
    #expect(bomb.count < 4000)
    #expect(throws: PitwallError.data("x.gz", "inflates to more than 1000000 bytes")) {
      try inflated(bomb, limit: 1_000_000)
    }
  }

  @Test func theSystemToolReadsIt() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.gz")
    try Data(compressed(Array("hello\n".utf8))).write(to: URL(fileURLWithPath: path))
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/gzip")
    process.arguments = ["-t", path]
    try process.run()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
  }
}

struct TraceInputTests {
  private func code(_ path: String) -> PitwallError.Code? {
    do {
      _ = try TraceInput(opening: path)
      return nil
    } catch { return (error as? PitwallError)?.code }
  }

  @Test func whatCannotBeReadIsNamed() throws {
    let folder = try TemporaryFolder()
    #expect(code(folder.file("missing")) == .noInput)
    #expect(code(folder.path) == .noInput)
    #expect(throws: PitwallError(.noInput, at: "/dev/zero", "is a device, not a file")) {
      try TraceInput(opening: "/dev/zero")
    }
  }

  @Test func aPipeWithoutEndIsLeft() throws {
    let endless = try #require(FileHandle(forReadingAtPath: "/dev/zero"))
    #expect(throws: PitwallError.data("stdin", "does not end within 1000000 bytes")) {
      try TraceInput.drain(endless.fileDescriptor, "stdin", limit: 1_000_000)
    }
  }

  @Test func aTraceWithoutAByteIsEmpty() {
    #expect(throws: PitwallError.data("x", "is empty")) { try TraceReader.read([], named: "x") }
  }

  @Test func emptyFilesAndPipesCanBeRead() throws {
    let folder = try TemporaryFolder()
    _ = FileManager.default.createFile(atPath: folder.file("empty"), contents: nil)
    #expect(try TraceInput(opening: folder.file("empty")).bytes.count == 0)
    let pipe = folder.file("pipe")
    #expect(mkfifo(pipe, 0o600) == 0)
    let content = Data(repeating: 65, count: 300_000)
    let writer = Thread {
      let handle = FileHandle(forWritingAtPath: pipe)
      try? handle?.write(contentsOf: content)
      try? handle?.close()
    }
    writer.start()
    #expect(try TraceInput(opening: pipe).bytes.count == content.count)
  }

  @Test func textThatIsNotUTF8NamesItsLine() throws {
    let bytes = Array("# pitwall-trace 1\narrival:s\n0\n".utf8) + [0x31, 0xff, 0x0a]
    #expect(throws: PitwallError.data("x", line: 4, "not UTF-8 text (byte 31 is 0xff)")) {
      try TraceReader.read(bytes, named: "x")
    }
  }

  @Test func stemsLoseFoldersAndExtensions() {
    let none = InputBytes([])
    #expect(TraceInput(name: "a/b/day.csv.gz", bytes: none).stem == "day")
    #expect(TraceInput(name: "x.oracleGeneral.bin", bytes: none).stem == "x.oracleGeneral")
    #expect(TraceInput(name: ".csv", bytes: none).stem == ".csv")
  }
}

struct OutputFileTests {
  @Test func nothingAppearsUntilItIsCommitted() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("out.csv")
    do {
      let file = try OutputFile(path)
      try file.write(Array("half".utf8))
      #expect(!FileManager.default.fileExists(atPath: path))
    }
    #expect(folder.names.isEmpty)
    let file = try OutputFile(path)
    try file.write(Array("whole".utf8))
    try file.commit()
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "whole")
    #expect(folder.names == ["out.csv"])
  }

  @Test func aLinkKeepsPointingAndAModeIsKept() throws {
    let folder = try TemporaryFolder()
    let (target, link) = (folder.file("target"), folder.file("link"))
    _ = FileManager.default.createFile(
      atPath: target, contents: Data("old".utf8), attributes: [.posixPermissions: 0o640])
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: target)
    let file = try OutputFile(link)
    try file.write(Array("new".utf8))
    try file.commit()
    #expect(try String(contentsOfFile: target, encoding: .utf8) == "new")
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == target)
    let attributes = try FileManager.default.attributesOfItem(atPath: target)
    #expect(attributes[.posixPermissions] as? Int == 0o640)
  }

  @Test(arguments: ["/nonexistent/a.csv", "/tmp"])
  func whatCannotBeWrittenIsAnError(_ path: String) {
    do {
      _ = try OutputFile(path)
      Issue.record("opened \(path)")
    } catch { #expect((error as? PitwallError)?.code == .inputOutput) }
  }

  @Test func aFullDiskIsAnErrorAndLeavesNothing() throws {
    let file = try OutputFile("/dev/full")
    #expect(throws: PitwallError(.inputOutput, at: "/dev/full", "no space left on device")) {
      try file.write([UInt8](repeating: 0, count: 10))
    }
  }

  @Test func anUnknownExtensionIsAMistakeOfTheCommandLine() throws {
    let trace = try RandomTrace.make(seed: 0)
    do {
      try TraceWriter.write(trace, to: "/tmp/x.txt")
      Issue.record("wrote it")
    } catch { #expect((error as? PitwallError)?.code == .usage) }
  }
}

import Foundation
import Primitives
import Testing

@testable import Workload

/// Damaged files of every format: each is read or refused with one line, and never crashes or
/// hangs; what is read keeps the promises of a trace and can be written again.
@Suite(.timeLimit(.minutes(2)))
struct FuzzTests {
  struct Target: CustomTestStringConvertible, Sendable {
    let format: TraceFormat
    let bytes: [UInt8]
    var options: String?
    var testDescription: String { format.rawValue }
  }

  static let targets: [Target] =
    [
      Target(format: .pitwall, bytes: Array(PitwallCSVTests.example.utf8)),
      Target(format: .gentd26, bytes: Array(Sample.gentd26.utf8)),
      Target(format: .gentd26, bytes: Array(Sample.untimed.utf8)),
      Target(format: .azure, bytes: Array(Sample.azure.utf8)),
      Target(format: .lmsys, bytes: Array(Sample.lmsys.utf8)),
      Target(format: .servegen, bytes: Array(Sample.servegen.utf8)),
      Target(format: .oracleGeneral, bytes: Sample.oracle),
      Target(format: .csv, bytes: Array(Sample.csv.utf8), options: Sample.csvOptions),
      Target(format: .jsonl, bytes: Array(Sample.jsonl.utf8), options: Sample.jsonlOptions),
      Target(format: .openaiLog, bytes: Array(Sample.openai.utf8)),
      Target(format: .mooncake, bytes: Array(Sample.mooncake.utf8)),
    ] + written

  /// What our own writers make of a trace.
  private static let written: [Target] = {
    guard let folder = try? TemporaryFolder(), let trace = try? RandomTrace.make(seed: 42) else {
      return []
    }
    return [("a.csv", TraceFormat.pitwall), ("a.csv.gz", .pitwall), ("a.pwt", .binary)].compactMap {
      name, format in
      try? TraceWriter.write(trace, to: folder.file(name))
      return FileManager.default.contents(atPath: folder.file(name)).map {
        Target(format: format, bytes: Array($0))
      }
    }
  }()

  @Test func thereIsATargetForEveryFormat() throws {
    #expect(Set(Self.targets.map(\.format)) == Set(TraceFormat.allCases))
    #expect(Self.targets.count == 14)
    for target in Self.targets { _ = try read(target, target.bytes) }
  }

  @Test(arguments: targets)
  func damage(_ target: Target) throws {
    let folder = try TemporaryFolder()
    var random = RandomStream(seed: 1, purpose: "fuzz \(target.format.rawValue)")
    var survivors = 0
    for round in 0..<600 {
      let bytes = Self.mutated(target.bytes, &random)
      do {
        let trace = try read(target, bytes)
        survivors += 1
        #expect(trace.brokenPromise == nil)
        guard round % 10 == 0 else { continue }
        try TraceWriter.write(trace, to: folder.file("a.csv"))
        expectSame(try TraceReader.read(folder.file("a.csv")), trace)
      } catch let error as PitwallError {
        #expect(!error.description.contains("\n"))
        #expect([.data, .usage].contains(error.code), "\(error)")
      }
    }
    // A fuzzer that is always refused tests nothing but the refusal.
    #expect(survivors > 0 || target.format == .binary || Gzip.recognises(InputBytes(target.bytes)))
  }

  /// Damage below the checksum: the decoder of the tables must stand on its own.
  @Test func tablesWithARightChecksumAndWrongContent() throws {
    let target = try #require(Self.targets.last)
    var random = RandomStream(seed: 2, purpose: "fuzz tables")
    let trace = try read(target, target.bytes)
    let offset = BinaryTrace.Header(rowCount: trace.count).tablesOffset
    for _ in 0..<2000 {
      let tables = Self.mutated(Array(target.bytes[offset...]), &random)
      var header = BinaryTrace.Header(rowCount: trace.count)
      header.tablesLength = tables.count
      header.fileSize = offset + tables.count
      var unsigned = BinaryEncoder()
      unsigned.header(header, checksum: 0)
      var signed = BinaryEncoder()
      signed.header(header, checksum: BinaryTrace.checksum(unsigned.bytes, tables))
      let columns = target.bytes[BinaryTrace.headerSize..<offset]
      do {
        #expect(try read(target, signed.bytes + columns + tables).brokenPromise == nil)
      } catch let error as PitwallError { #expect(error.code == .data) }
    }
  }

  private func read(_ target: Target, _ bytes: [UInt8]) throws -> Trace {
    try TraceReader.read(
      bytes, named: "x", format: target.format,
      options: target.options.map { try Parameters(parsing: "import " + $0) })
  }

  private static let splices: [[UInt8]] =
    [
      "-1", "nan", "1e308", "99999999999999999999", "2147483648", "\"", "\n", "\r\n", ",", ";;",
      "*",
      "%00", "%", "{", "[", "\\u", "é", "# ", "##", "0", "00", "1e-9", "-0", "\u{FEFF}",
    ].map { Array($0.utf8) } + [[0xff], [0], [0xff, 0xff, 0xff, 0xff], [0x1f, 0x8b], []]

  private static func mutated(_ bytes: [UInt8], _ random: inout RandomStream) -> [UInt8] {
    var bytes = bytes
    for _ in 0...random.index(below: 3) where !bytes.isEmpty {
      let start = random.index(below: bytes.count)
      let end = min(bytes.count, start + random.index(below: 12))
      switch random.index(below: 6) {
      case 0: bytes[start] ^= 1 << UInt8(random.index(below: 8))
      case 1: bytes[start] = UInt8(random.index(below: 256))
      case 2: bytes.removeSubrange(start..<end)
      case 3: bytes.insert(contentsOf: bytes[start..<end], at: random.index(below: bytes.count))
      case 4: bytes.insert(contentsOf: splices[random.index(below: splices.count)], at: start)
      default:
        if random.index(below: 4) == 0 { bytes.removeSubrange(start...) }
      }
    }
    return bytes
  }
}

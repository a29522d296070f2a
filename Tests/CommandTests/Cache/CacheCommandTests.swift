import Foundation
import Results
import Testing

@testable import PitwallCommands

@Suite struct CacheCommandTests {
  /// 300 requests to 20 objects of 100 to 500 bytes, with a hot few, as oracleGeneral.
  private func trace(in program: borrowing Program) throws {
    var data = Data()
    func append(_ value: UInt64, _ width: Int) {
      for byte in 0..<width { data.append(UInt8(truncatingIfNeeded: value >> (8 * UInt64(byte)))) }
    }
    for index in 0..<300 {
      let object = index % 3 == 0 ? index / 3 % 20 : index % 4
      append(UInt64(index), 4)
      append(UInt64(object), 8)
      append(UInt64(100 + 100 * (object % 5)), 4)
      append(UInt64.max, 8)
    }
    try data.write(to: URL(fileURLWithPath: program.folder + "/t.oracleGeneral.bin"))
  }

  @Test func printsWhatEachPolicyMissesAndHowFarThatIsFromTheBound() throws {
    let program = try Program()
    try trace(in: program)
    let result = try program.run(
      "cache", "t.oracleGeneral.bin", "--policies", "lru,fifo,slru segments=2", "--slots", "4,8",
      "--format", "csv")
    #expect(result.code == 0)
    let rows = result.output.split(separator: "\n").map {
      $0.split(separator: ",").map(String.init)
    }
    let column = try #require(rows.first?.firstIndex(of: "gap_closed"))
    let lru = rows.filter { $0.contains("lru") }
    #expect(lru.count == 2 && lru.allSatisfy { $0[column] == "0.000" })
    #expect(rows.filter { $0.contains("slru segments=2") }.count == 2)
    let bounds = rows.filter { row in row.contains { $0.hasPrefix("belady") } }
    for size in ["4 slots", "8 slots"] {
      #expect(bounds.contains { $0.contains(size) && $0[column] == "1.000" })
      #expect(rows.filter { $0.contains(size) && $0.contains("pfoo-l") }.count == 1)
    }
  }

  @Test func levelsBecomeAReportWhoseIDsAreInTheDatabase() throws {
    let program = try Program()
    try trace(in: program)
    let arguments = [
      "cache", "t.oracleGeneral.bin", "--policies", "lru,arc", "--slots", "4,8", "--level",
      "whole=slice from=0s", "--level", "half=slice from=150s", "--db", "r.sqlite", "--report",
      "out",
    ]
    let result = try program.run(arguments)
    #expect(result.code == 0, "\(result.errors)")
    let page = try String(contentsOfFile: program.folder + "/out/report.md", encoding: .utf8)
    #expect(page.contains("half, 8 slots"))
    let ids = Set(page.matches(of: /slots: `([0-9a-f]{12})`/).map { String($0.1) })
    let store = try RunStore(program.folder + "/r.sqlite")
    let runs = try ids.compactMap { try store.cacheRun($0) }
    #expect(runs.count == ids.count && ids.count >= 2 * 2 * 3)
    #expect(runs.contains { $0.workload == "half" && $0.transforms == ["slice from=150s"] })
    // The same again has the same ids.
    _ = try program.run(arguments)
    let again = try String(contentsOfFile: program.folder + "/out/report.md", encoding: .utf8)
    #expect(Set(again.matches(of: /slots: `([0-9a-f]{12})`/).map { String($0.1) }) == ids)
  }

  @Test(arguments: [
    ["cache"], ["cache", "t.oracleGeneral.bin", "--sizes", "1%", "--slots", "4"],
    ["cache", "t.oracleGeneral.bin", "--policies", "nope", "--slots", "4"],
    ["cache", "t.oracleGeneral.bin", "--level", "../x=fold span=1h", "--slots", "4"],
    ["cache", "t.oracleGeneral.bin", "--level", "a=jitter", "--level", "a=jitter"],
    ["cache", "t.oracleGeneral.bin", "--slots", "0"],
  ])
  func usageIsRefused(_ arguments: [String]) throws {
    let program = try Program()
    try trace(in: program)
    let result = try program.run(arguments)
    #expect(result.code == 64, "\(result.errors)")
    #expect(result.output == "")
  }

  @Test func aCutTraceIsRefusedByName() throws {
    let program = try Program()
    try program.write("not twenty-four", to: "t.oracleGeneral.bin")
    let result = try program.run("cache", "t.oracleGeneral.bin", "--slots", "4")
    #expect(result.code == 65 && result.isOneLine)
    #expect(result.errors.contains("t.oracleGeneral.bin"))
  }
}

import Foundation
import Testing

@testable import PitwallCommands

struct TextTableTests {
  private let table = {
    var table = TextTable(["name", "hits", "share"])
    table.append(["a,\"b", 12, .number(0.5, decimals: 3)])
    table.append(["c\u{1B}[2J", .missing, .number(.nan, decimals: 1)])
    table.append(["long name", 7])
    return table
  }()

  @Test func tablesAlignNumbersRightAndCannotMoveTheCursor() {
    #expect(
      table.rendered(as: .table) == """
        name       hits  share
        ---------  ----  -----
        a,"b         12  0.500
        c\u{FFFD}[2J         -    nan
        long name     7      -

        """)
  }

  @Test func csvIsQuoted() {
    #expect(
      table.rendered(as: .csv)
        == "name,hits,share\n\"a,\"\"b\",12,0.500\nc\u{1B}[2J,,nan\nlong name,7,\n")
  }

  @Test func jsonIsValid() throws {
    let object = try JSONSerialization.jsonObject(with: Data(table.rendered(as: .json).utf8))
    let rows = try #require(object as? [[String: Any]])
    #expect(rows.count == 3)
    #expect(rows[0]["name"] as? String == "a,\"b" && rows[0]["share"] as? Double == 0.5)
    #expect(rows[1]["name"] as? String == "c\u{1B}[2J" && rows[1]["hits"] is NSNull)
    #expect(TextTable(["a"]).rendered(as: .json) == "[]\n")
  }

  @Test(
    arguments: [
      (0, 2, "0.00"), (-0.001, 2, "0.00"), (-1.005, 1, "-1.0"), (2.5, 0, "3"),
      (1234.5678, 3, "1234.568"),
      (0.05, 2, "0.05"), (-12, 1, "-12.0"), (1e300, 2, "1e+300"),
    ] as [(Double, Int, String)])
  func fixedDecimals(_ value: Double, _ decimals: Int, _ text: String) {
    #expect(TextTable.Cell.fixed(value, decimals) == text)
  }
}

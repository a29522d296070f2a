import Primitives
import Testing

@testable import Workload

@Suite struct CSVTableTests {
  private func table(_ text: String, required: [String] = ["a"]) throws -> CSVTable {
    try CSVTable(text, file: "t.csv", required: required)
  }

  @Test func readsColumnsByName() throws {
    let table = try table(
      "b,a,\"c \"\"d\"\"\"\n1,,x\n2.5,63.0,\"y,\nz\"\r\n", required: ["a", "b"])
    let (first, second) = (table.rows[0], table.rows[1])
    #expect(table.rows.count == 2)
    #expect(first.text("a") == nil && first.text("nowhere") == nil)
    #expect(try first.number("b") == 1)
    #expect(try second.integer("a", in: 0...100) == 63)
    #expect(second.text("c \"d\"") == "y,\nz")
    #expect(second.line == 3)
    #expect(table.digest == SHA256.hex("b,a,\"c \"\"d\"\"\"\n1,,x\n2.5,63.0,\"y,\nz\"\r\n"))
  }

  @Test(arguments: [
    ("", "empty: no header"), ("b\n1\n", "column \"a\" is missing"),
    ("a,a\n", "column \"a\" is there twice"), ("a\n1,2\n", "t.csv:2: expected 1 fields, found 2"),
    ("a\nx\n", "t.csv:2: a: expected a number"), ("a\nnan\n", "expected a number"),
    ("a\n1e999\n", "expected a number"), ("a\n1.5\n", "t.csv:2: a: expected a whole number"),
    ("a\n11\n", "a: 11 is outside 0...10"), ("a,b\n,1\n", "a: is empty"),
    ("a\n1e40\n", "expected a whole number"), ("a\n\"1\n", "a quote that is not closed"),
  ]) func namesFileLineAndColumn(_ text: String, _ message: String) throws {
    let error = try #require(throws: PitwallError.self) {
      for row in try table(text).rows {
        _ = try row.required("a", row.integer("a", in: 0...10))
      }
    }
    #expect(error.code == .data)
    #expect(error.description.contains(message), "\(error)")
  }
}

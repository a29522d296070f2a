import Primitives
import Replay
import Testing

@Suite struct YAMLReaderTests {
  private func root(_ text: String) throws -> YAMLMapping {
    try YAMLValue.parse(text, file: "f.yaml").mapping()
  }

  private func message(_ body: () throws -> Void) -> String {
    do {
      try body()
      return "no error"
    } catch {
      return "\(error)"
    }
  }

  @Test func readsEveryType() throws {
    var m = try root(
      """
      name: day
      count: 1_000
      share: 0.25
      quoted: "12"
      on: true
      wait: 250 ms
      size: 2GiB
      seeds: [1, 2]
      nested: {a: 1}
      nothing:
      """)
    #expect(try m.required("name").string() == "day")
    #expect(try m.required("count").int() == 1000)
    #expect(try m.required("share").double(in: 0...1) == 0.25)
    #expect(try m.required("quoted").int() == 12)
    #expect(try m.required("on").bool())
    #expect(try m.required("wait").nanoseconds() == 250_000_000)
    #expect(try m.required("size").bytes() == 2 << 30)
    #expect(try m.required("seeds").list().map { try $0.int() } == [1, 2])
    var nested = try m.required("nested").mapping()
    #expect(try nested.value("a")?.listOrScalar().map { try $0.int() } == [1])
    #expect(m.value("nothing") == nil)
    #expect(m.value("absent") == nil)
    try m.finish()
    try nested.finish()
  }

  @Test func errorsNamePlaceAndPath() throws {
    var m = try root("limits:\n  - max: abc\n  - {max: 3, min: [1]}\n")
    let limits = try m.required("limits").list()
    var first = try limits[0].mapping()
    var second = try limits[1].mapping()
    #expect(
      message { _ = try first.required("max").double() }
        == "f.yaml:2:10: limits[0].max: expected a number, found \"abc\"")
    #expect(
      message { _ = try second.required("max").double(in: 0...1) }
        == "f.yaml:3:11: limits[1].max: 3.0 is outside 0.0...1.0")
    #expect(
      message { _ = try second.required("min").string() }
        == "f.yaml:3:19: limits[1].min: expected a text, found a list")
    #expect(
      message { _ = try second.required("metric") }
        == "f.yaml:3:5: limits[1]: \"metric\" is missing")
  }

  @Test func unknownKeyIsRefusedWithSuggestion() throws {
    var m = try root("slots: 3\nslotz: 4\n")
    _ = m.value("slots")
    #expect(
      message { try m.finish() }
        == "f.yaml:2:1: unknown key \"slotz\" (did you mean \"slots\"?)")
  }

  @Test(arguments: [
    ("", "f.yaml: the file is empty"),
    ("a: 1\na: 2\n", "f.yaml:1:1: given twice: a"),
    ("[1]: 2\n", "f.yaml:1:1: a key must be a text"),
    ("a: [1, 2\n", "f.yaml:2:1: while parsing a flow sequence did not find expected ',' or ']'"),
    (
      "a: 1\n---\nb: 2\n",
      "f.yaml:2:1: expected a single document in the stream but found another document"
    ),
  ])
  func malformedTextIsOneClearLine(text: String, expected: String) {
    #expect(message { _ = try YAMLValue.parse(text, file: "f.yaml") } == expected)
  }

  @Test func aliasesAreReadAndBombsRefused() throws {
    var m = try root("a: &x {k: 1}\nb: *x\n")
    var b = try m.required("b").mapping()
    #expect(try b.required("k").int() == 1)

    var bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    for level in 1...8 {
      bomb += "a\(level): &a\(level) [" + String(repeating: "*a\(level - 1), ", count: 10) + "x]\n"
    }
    #expect(
      message { _ = try YAMLValue.parse(bomb, file: "f.yaml") } == "f.yaml: too many values")
  }

  @Test func remainingKeysBecomeParameters() throws {
    var m = try root("policy: gdsf\nsize_power: 0.5\nlevels: [1, 2]\n")
    let name = try m.required("policy").string()
    var parameters = try m.remainingParameters(of: name)
    try m.finish()
    #expect(try parameters.double("size_power", default: 0) == 0.5)
    #expect(try parameters.doubles("levels") == [1, 2])
    try parameters.finish()

    var wrong = try root("policy: gdsf\nsize_power: x\n")
    _ = wrong.value("policy")
    var others = try wrong.remainingParameters(of: "gdsf")
    #expect(
      message { _ = try others.double("size_power", default: 0) }
        == "f.yaml:2:13: gdsf.size_power: expected a number, found \"x\"")
  }

  @Test func deepNestingIsAnErrorNotACrash() {
    let text = String(repeating: "[", count: 100_000)
    #expect(throws: PitwallError.self) { try YAMLValue.parse(text, file: "f.yaml") }
  }

  @Test func missingFileIsNoInput() {
    #expect(
      message { _ = try YAMLValue.read("/nowhere.yaml") }
        == "/nowhere.yaml: no such file, or it cannot be read")
  }
}

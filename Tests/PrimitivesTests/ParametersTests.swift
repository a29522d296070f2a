import Primitives
import Testing

@Suite struct ParametersTests {
  enum Colour: String, CaseIterable { case red, green }

  private func make(_ entries: (String, String)..., at place: String? = nil) throws -> Parameters {
    try Parameters("lru", entries.map { Parameters.Entry($0.0, $0.1, at: place) })
  }

  private func failure(_ body: () throws -> Void) -> PitwallError? {
    do { try body() } catch { return error as? PitwallError }
    return nil
  }

  @Test func readsEveryType() throws {
    var p = try make(
      ("text", "x y"), ("number", "-2.5e3"), ("whole", "42"), ("flag", "true"), ("time", "250ms"),
      ("size", "2KiB"), ("list", "1, 2.5,-3"), ("colour", "green"))
    #expect(p.string("text") == "x y")
    #expect(try p.double("number", default: 0) == -2500)
    #expect(try p.int("whole", default: 0, in: 1...42) == 42)
    #expect(try p.bool("flag", default: false))
    #expect(try p.nanoseconds("time") == 250_000_000)
    #expect(try p.bytes("size") == 2048)
    #expect(try p.doubles("list") == [1, 2.5, -3])
    #expect(try p.choice("colour", default: Colour.red) == .green)
    try p.finish()
  }

  @Test func fallsBackOnDefaults() throws {
    var p = try make()
    #expect(p.string("a") == nil)
    #expect(p.string("a", default: "z") == "z")
    #expect(try p.double("b", default: 1.5, in: 0...1) == 1.5)
    #expect(try p.optionalDouble("b") == nil)
    #expect(try p.int("c", default: 3) == 3)
    #expect(try p.optionalInt("c") == nil)
    #expect(try p.bool("d", default: true))
    #expect(try p.nanoseconds("e") == nil)
    #expect(try p.bytes("e") == nil)
    #expect(try p.doubles("f") == nil)
    #expect(try p.choice("g", default: Colour.red) == .red)
    #expect(failure { _ = try p.requiredString("h") }?.description == "lru: h is missing")
  }

  @Test func aMissingKeyMayBeMisspelt() throws {
    var p = try make(("spam", "1h"), ("keep-order", "none"))
    let slip = " (unknown key \"spam\": did you mean \"span\"?)"
    #expect(
      failure { _ = try p.requiredString("span") }?.description == "lru: span is missing\(slip)")
    #expect(p.invalid("span", "expected a time").description == "lru.span: expected a time\(slip)")
    #expect(p.invalid("spam", "too salty").description == "lru.spam: too salty")
    _ = p.string("spam")
    #expect(failure { _ = try p.requiredString("span") }?.description == "lru: span is missing")
  }

  @Test(arguments: ["", "x", "1 2", "nan", "inf", "1e999", "1,5"]) func badNumbers(_ text: String)
    throws
  {
    var p = try make(("k", text))
    #expect(throws: PitwallError.self) { try p.double("k", default: 0) }
    #expect(throws: PitwallError.self) { try p.int("k", default: 0) }
  }

  @Test(arguments: ["1.0", "1e3", "99999999999999999999"]) func badIntegers(_ text: String) throws {
    var p = try make(("k", text))
    #expect(throws: PitwallError.self) { try p.int("k", default: 0) }
  }

  @Test(arguments: ["", ",", "1,,2", "1,", ",1", "1 2,3", "10 100", "1,nan", "a"])
  func badLists(_ text: String) throws {
    var p = try make(("k", text))
    #expect(throws: PitwallError.self) { try p.doubles("k") }
  }

  @Test func negativeTimesAndSizes() throws {
    var p = try make(("t", "-1s"), ("b", "-1"))
    #expect(throws: PitwallError.self) { try p.nanoseconds("t") }
    #expect(throws: PitwallError.self) { try p.bytes("b") }
  }

  @Test func rangesAreClosed() throws {
    var p = try make(("x", "1.5"), ("n", "7"))
    #expect(try p.double("x", default: 0, in: 0...1.5) == 1.5)
    #expect(
      failure { _ = try p.double("x", default: 0, in: 0...1) }?.message
        == "lru.x: 1.5 is outside 0.0...1.0")
    #expect(
      failure { _ = try p.int("n", default: 0, in: 8...9) }?.message == "lru.n: 7 is outside 8...9")
  }

  @Test func unknownKeysAndChoicesGetASuggestion() throws {
    var p = try make(("slakc", "3"), ("colour", "gren"))
    _ = try p.int("slack", default: 0)
    #expect(
      failure { _ = try p.choice("colour", default: Colour.red) }?.message
        == "lru.colour: \"gren\" is unknown (did you mean \"green\"?)")
    #expect(
      failure { try p.finish() }?.message == "lru.slakc: unknown key (did you mean \"slack\"?)")
  }

  @Test func aKeyIsGivenOnce() {
    #expect(
      failure { _ = try make(("a", "1"), ("b", "2"), ("a", "3")) }?.message
        == "lru.a: is given twice")
  }

  /// What stands in a file is malformed data; what was typed is misuse of the command line.
  @Test func placeDecidesTheCode() throws {
    var typed = try make(("k", "x"))
    var written = try make(("k", "x"), at: "day.yaml:12:5")
    let a = failure { _ = try typed.int("k", default: 0) }
    let b = failure { _ = try written.int("k", default: 0) }
    #expect(a?.code == .usage && a?.place == nil)
    #expect(b?.code == .data && b?.place == "day.yaml:12:5")
    var whole = try Parameters("lru", [Parameters.Entry("k", "x")], at: "day.yaml:12:1")
    #expect(failure { _ = try whole.int("k", default: 0) }?.place == "day.yaml:12:1")
    #expect(failure { _ = try whole.requiredString("z") }?.code == .data)
    #expect(whole.invalid("k", "no").description == "day.yaml:12:1: lru.k: no")
    #expect(written.invalid("k", "no").place == "day.yaml:12:5")
  }

  @Test func theFormOnTheCommandLine() throws {
    var p = try Parameters(parsing: "fcfs  cap=4 rule=a=b")
    #expect(p.owner == "fcfs")
    #expect(try p.int("cap", default: 0) == 4)
    #expect(p.string("rule") == "a=b")
    try p.finish()
    for text in ["", "  ", "cap=4", "fcfs cap", "fcfs =4", "fcfs a=1 a=2"] {
      #expect(failure { _ = try Parameters(parsing: text) }?.code == .usage, "\(text)")
    }
  }
}

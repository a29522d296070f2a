import Foundation
import Primitives
import Testing

@testable import Workload

struct ScannedNumberTests {
  private func scan(_ text: String) -> ScannedNumber? {
    let source = TextSource(text, file: "x")
    return ScannedNumber(source, 0..<source.count)
  }

  @Test func secondsBecomeNanosecondsWithoutPassingThroughADouble() {
    #expect(scan("12.345678901")?.scaled(by: 9)?.value == 12_345_678_901)
    #expect(scan("1700000000.123456789")?.scaled(by: 9)?.value == 1_700_000_000_123_456_789)
    #expect(scan("0.20793754160099873")?.scaled(by: 9)?.value == 207_937_542)
    #expect(scan("-1.5e-9")?.scaled(by: 9)?.value == -2)
    #expect(scan("1e3")?.scaled(by: 9)?.value == 1_000_000_000_000)
    #expect(scan("+.5")?.scaled(by: 9)?.value == 500_000_000)
    #expect(scan("9223372036.854775807")?.scaled(by: 9)?.value == .max)
    #expect(scan("9223372036.854775808")?.scaled(by: 9) == nil)
    #expect(scan("1e400")?.scaled(by: 0) == nil)
    #expect(scan("1e-400")?.scaled(by: 0)?.value == 0)
    #expect(scan("63.0")?.integer == 63)
    #expect(scan("63.5")?.integer == nil)
    #expect(scan("0.00000000000000000000000000001")?.integer == nil)
  }

  @Test(arguments: [
    "", "-", ".", "+.", "e5", "1e", "1e+", "nan", "NaN", "inf", "-Infinity", "0x10", "1_000", " 1",
    "1 ", "1.2.3", "--1", "1e5.0", "١",
  ])
  func whatIsNoNumberIsRefused(_ text: String) { #expect(scan(text) == nil) }

  @Test func doublesAgreeWithTheStandardLibrary() {
    var random = RandomStream(seed: 1, purpose: "numbers")
    for _ in 0..<3000 {
      let digits = (0...random.index(below: 24)).map { _ in String(random.index(below: 10)) }
        .joined()
      let point = random.index(below: digits.count + 1)
      let exponent = random.index(below: 3) == 0 ? "e\(random.index(below: 80) - 40)" : ""
      let text = digits.prefix(point) + "." + digits.dropFirst(point) + exponent
      let source = TextSource(String(text), file: "x")
      #expect(source.double(0..<source.count) == Double(text), "\(text)")
    }
  }

  @Test func scalingAgreesWithDecimalArithmetic() throws {
    var random = RandomStream(seed: 2, purpose: "numbers")
    for _ in 0..<2000 {
      let whole = random.index(below: 1_000_000)
      let decimals = String(
        (0..<random.index(below: 15)).map { _ in
          Character(String(random.index(below: 10)))
        })
      let text = "\(whole).\(decimals)"
      let exact = try #require(Decimal(string: text + "0")) * 1_000_000_000
      var rounded = Decimal()
      var input = exact
      NSDecimalRound(&rounded, &input, 0, .plain)
      #expect(
        scan(text)?.scaled(by: 9)?.value == NSDecimalNumber(decimal: rounded).int64Value, "\(text)")
    }
  }

  @Test func wholeNumbers() {
    func int(_ text: String) -> Int64? {
      let source = TextSource(text, file: "x")
      return source.int64(0..<source.count)
    }
    #expect(int("0") == 0)
    #expect(int("-17") == -17)
    #expect(int("9223372036854775807") == .max)
    #expect(int("9223372036854775808") == nil)
    #expect(int("99999999999999999999") == nil)
    for text in ["", "-", "1.0", "+1", "1a", " 1"] { #expect(int(text) == nil) }
  }
}

struct ISO8601Tests {
  private func parse(_ text: String) -> Nanoseconds? {
    let source = TextSource(text, file: "x")
    return ISO8601.nanoseconds(source, 0..<source.count)
  }

  @Test func spellings() {
    let noon: Nanoseconds = 1_700_136_000_000_000_000
    for text in [
      "2023-11-16T12:00:00Z", "2023-11-16 12:00:00", "2023-11-16t12:00",
      "2023-11-16T13:00:00+01:00",
      "2023-11-16T13:00:00+0100", "2023-11-16T13:00:00+01", "2023-11-15T23:30:00.000-12:30",
    ] { #expect(parse(text) == noon, "\(text)") }
    #expect(parse("2023-11-16 12:00:00.9799600") == noon + 979_960_000)
    #expect(parse("2023-11-16 12:00:00,5") == noon + 500_000_000)
    #expect(parse("2023-11-16 12:00:00.1234567895Z") == noon + 123_456_790)
    #expect(parse("1969-12-31T23:59:59.5Z") == -500_000_000)
  }

  @Test(arguments: [
    "", "2023-11-16", "2023-13-01T00:00:00", "2023-02-29T00:00:00", "2023-00-10T00:00:00",
    "2023-11-16T24:00:00", "2023-11-16T12:60:00", "2023-11-16T12:00:61", "2023-11-16T12:00:00.",
    "2023-11-16T12:00:00Zx", "2023-11-16T12:00:00+1", "23-11-16T12:00:00", "1500-01-01T00:00:00",
    "2300-01-01T00:00:00", "2023-11-16  12:00:00",
  ])
  func whatIsNoTimeIsRefused(_ text: String) { #expect(parse(text) == nil) }

  @Test func agreesWithTheSystemCalendar() {
    var random = RandomStream(seed: 3, purpose: "dates")
    for _ in 0..<500 {
      let seconds = random.index(below: 16_000_000_000) - 8_000_000_000
      var time = time_t(seconds)
      var parts = tm()
      gmtime_r(&time, &parts)
      func two(_ value: Int32) -> String { value < 10 ? "0\(value)" : "\(value)" }
      let text =
        "\(parts.tm_year + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday))T"
        + "\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec))Z"
      #expect(parse(text) == Int64(seconds) * 1_000_000_000, "\(text)")
    }
  }
}

struct CSVRowsTests {
  private func rows(_ text: String, delimiter: UInt8 = 0x2c) throws -> [[String]] {
    var rows = CSVRows(TextSource(text, file: "x"), delimiter: delimiter)
    var result: [[String]] = []
    while try rows.next() { result.append(rows.fields.map(rows.string)) }
    return result
  }

  @Test func standardFeatures() throws {
    #expect(try rows("a,b\r\n1,2\r\n") == [["a", "b"], ["1", "2"]])
    #expect(try rows("a,b\n1,2") == [["a", "b"], ["1", "2"]])
    #expect(try rows("a,,\n,,c\n") == [["a", "", ""], ["", "", "c"]])
    #expect(try rows(#""a,b","say ""hi""","","#) == [["a,b", #"say "hi""#, "", ""]])
    #expect(try rows("\"two\nlines\",x\ny,z") == [["two\nlines", "x"], ["y", "z"]])
    #expect(try rows("\"\"\"\"\r\n") == [["\""]])
    #expect(try rows("\u{FEFF}a;b\n\n\r\n1;2\n\n", delimiter: 0x3b) == [["a", "b"], ["1", "2"]])
    #expect(try rows("").isEmpty)
    #expect(try rows("\n\n").isEmpty)
  }

  @Test func linesAreCountedThroughQuotedBreaks() throws {
    var rows = CSVRows(TextSource("a\n\"b\n\n\"\n\nc\n", file: "x"))
    var lines: [Int] = []
    while try rows.next() { lines.append(rows.line) }
    #expect(lines == [1, 2, 6])
  }

  @Test func damageIsNamed() {
    #expect(throws: PitwallError.data("x", line: 2, "a quote that is not closed")) {
      try rows("a\n\"b\nc")
    }
    #expect(throws: PitwallError.data("x", line: 1, "text after a closing quote")) {
      try rows("\"a\"b,c")
    }
    #expect(throws: PitwallError.data("x", line: 1, "a quote in the middle of a field")) {
      try rows("a\"b\"")
    }
  }

  @Test func whatIsQuotedIsReadBack() throws {
    var random = RandomStream(seed: 4, purpose: "csv")
    let alphabet = ["a", "\"", ",", "\n", "\r", "é", " "]
    for _ in 0..<300 {
      let fields = (0..<1 + random.index(below: 4)).map { _ in
        (0..<random.index(below: 6)).map { _ in alphabet[random.index(below: 7)] }.joined()
      }
      let line = fields.map { "\"" + $0.replacing("\"", with: "\"\"") + "\"" }.joined(
        separator: ",")
      #expect(try rows(line + "\n") == [fields])
    }
  }
}

struct JSONRecordsTests {
  private func values(_ text: String, _ paths: [String]) throws -> [[RecordValue]] {
    let source = TextSource(text, file: "x")
    var records = JSONRecords(source, wanted: paths)
    var result: [[RecordValue]] = []
    while try records.next() {
      // Pieces are compared as text, so that a test need not know positions.
      result.append(
        paths.indices.map { index in
          if case .piece(let range) = records.value(index) { return .decoded(source.string(range)) }
          return records.value(index)
        })
    }
    return result
  }

  @Test func pathsAndKinds() throws {
    let line = #"{"a": {"b": 1.5e3, "c": [1, "x", null]}, "d": "q\"\u00e9\ud83c\udfc1", "e": null}"#
    #expect(
      try values(line, ["a.b", "a.c", "d", "e", "a", "f"]) == [
        [
          .decoded("1.5e3"), .list(["1", "x", ""]), .decoded("q\"é🏁"), .missing, .missing, .missing,
        ]
      ])
    #expect(
      try values("{\"a\":true}\r\n\n {\"a\":[]} \n{}\n", ["a"]) == [
        [.decoded("true")], [.list([])], [.missing],
      ])
    #expect(try values(#"{"\u0061":1,"x":{"a":2},"y":[{"a":3}]}"#, ["a"]) == [[.decoded("1")]])
  }

  @Test(arguments: [
    "[]", "1", "{", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "{\"a\":01}", "{\"a\":+1}",
    "{\"a\":1.}", "{\"a\":.5}", "{\"a\":NaN}", "{\"a\":Infinity}", "{\"a\":tru}", "{\"a\":'x'}",
    "{\"a\":\"x}", "{\"a\":\"\\x\"}", "{\"a\":\"\\ud800\"}", "{\"a\":\"\\u12\"}", "{\"a\":\"\t\"}",
    "{\"a\":1} x", "{\"a\":1}{\"a\":2}", "{\"a\":[1,]}", "{\"a\":[1}", "{\"a\":1\n}",
    "{\"a\":\"\\u+123\"}",
  ])
  func whatIsNotJSONIsRefused(_ text: String) {
    #expect(throws: PitwallError.self) { try values(text, ["a"]) }
  }

  @Test func nestingIsLimited() throws {
    func nested(_ depth: Int) -> String {
      #"{"a":"# + String(repeating: "[", count: depth) + String(repeating: "]", count: depth) + "}"
    }
    #expect(try values(nested(63), ["b"]) == [[.missing]])
    #expect(throws: PitwallError.self) { try values(nested(64), ["b"]) }
    #expect(throws: PitwallError.self) { try values(nested(100_000), ["b"]) }
  }

  @Test func strictnessAgreesWithFoundation() throws {
    let seeds = [
      #"{"a":[1,{"b":"c\n"},-0.5e-3],"d":true}"#, #"{"a":"\u00e9","b":null,"c":{}}"#,
    ]
    var random = RandomStream(seed: 5, purpose: "json")
    let alphabet = Array(#"{}[]",:\0123.eE+-ntu a"#.utf8)
    for round in 0..<3000 {
      var bytes = Array(seeds[round % 2].utf8)
      for _ in 0...random.index(below: 2) {
        bytes[random.index(below: bytes.count)] = alphabet[random.index(below: alphabet.count)]
      }
      let text = String(decoding: bytes, as: UTF8.self)
      let ours = (try? values(text, ["a"])) != nil
      let theirs = (try? JSONSerialization.jsonObject(with: Data(bytes))) is [String: Any]
      // Foundation refuses keys that occur twice, we take the last; and it lets numbers overflow.
      if ours != theirs { #expect(Self.hasRepeatedKey(text), "\(text): ours \(ours)") }
    }
  }

  private static func hasRepeatedKey(_ text: String) -> Bool {
    let keys = text.matches(of: /"([^"]*)"\s*:/).map { String($0.1) }
    return Set(keys).count < keys.count
  }
}

struct PercentEncodingTests {
  @Test func punctuationIsEncodedAndComesBack() {
    #expect(PercentEncoding.encode("a b;c*d=e,f%\"\n") == "a%20b%3Bc%2Ad%3De%2Cf%25%22%0A")
    #expect(PercentEncoding.encode("Llama-2-7b/é漢") == "Llama-2-7b/é漢")
    #expect(PercentEncoding.decode("a%20b%3bc") == "a b;c")
    for text in ["%", "%4", "%zz", "%ff", "%+1"] { #expect(PercentEncoding.decode(text) == nil) }
  }
}

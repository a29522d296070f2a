import Primitives
import Testing

@Suite struct PitwallErrorTests {
  @Test func placeThenCause() {
    #expect(PitwallError(.data, at: "a.csv:3", "bad").description == "a.csv:3: bad")
    #expect(PitwallError(.usage, "bad").description == "bad")
    #expect(PitwallError.data("a.csv", line: 3, "bad").place == "a.csv:3")
    #expect(PitwallError.data("a.csv", "bad").place == "a.csv")
    #expect(PitwallError.fault("bad").code.rawValue == 70)
  }

  @Test func isNothingThatATerminalObeysAndNoBook() {
    #expect(
      PitwallError(.data, at: "a\u{1b}[31m", "b\0c\u{9b}").description
        == "a\u{fffd}[31m: b\u{fffd}c\u{fffd}")
    let long = PitwallError(.data, String(repeating: "é", count: 5_000_000)).description
    #expect(long.count == 1003 && long.hasSuffix("é..."))
    #expect(PitwallError(.data, String(repeating: "x", count: 1000)).description.count == 1000)
  }

  @Test(arguments: ["a\nb", "a\r\nb", "a\rb", "a\u{2028}b", "a\u{0B}b"])
  func isAlwaysOneLine(_ text: String) {
    let error = PitwallError(.data, at: text, text)
    #expect(error.description == "a b: a b")
  }
}

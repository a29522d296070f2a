import Primitives
import Testing

@testable import Workload

@Suite struct GeneratorFileTests {
  static let text = """
    generator: sessions
    requests: 120
    fitted:
      arrival: a day of ours
    parameters:
      tenants: 4
      adapters: 9
      diurnal: [1, 2, 3]
      prompt: uniform(8,512)
      cv: 2.5
    """

  @Test func readsScalarsAndLists() throws {
    let file = try GeneratorFile.parse(Self.text, file: "Traces/day.yaml")
    #expect(file.name == "day")
    #expect(file.requests == 120)
    let trace = try file.generate(seed: 3)
    #expect(trace.count == 120)
    #expect(trace.name == "day")
    #expect(trace.tenants.count == 5)
    #expect(trace.origins[.arrival]?.provenance == .fitted)
    #expect(trace.origins[.arrival]?.note.contains("a day of ours") == true)
    #expect(trace.origins[.adapters]?.provenance == .assigned)
    #expect(try file.generate(requests: 7, seed: 3).count == 7)
  }

  struct Malformed: Sendable, CustomTestStringConvertible {
    let text, place: String
    let message: String
    var testDescription: String { message }
    init(_ text: String, at place: String, _ message: String) {
      (self.text, self.place, self.message) = (text, place, message)
    }
  }

  static let malformed = [
    Malformed("", at: "f.yaml", "empty"),
    Malformed("- a\n", at: "f.yaml:1:1", "expected keys"),
    Malformed("requests: 5\n", at: "f.yaml:1:1", "generator is missing"),
    Malformed("generator: [a]\n", at: "f.yaml:1:12", "single value"),
    Malformed("generator: sesions\n", at: "f.yaml:1:12", "did you mean \"sessions\""),
    Malformed("generator: zipf\nrequest: 5\n", at: "f.yaml:2:10", "did you mean \"requests\""),
    Malformed("generator: zipf\nrequests: many\n", at: "f.yaml:2:11", "whole number"),
    Malformed("generator: zipf\nrequests: -1\n", at: "f.yaml:2:11", "whole number"),
    Malformed("generator: zipf\nfitted:\n  arival: x\n", at: "f.yaml:3:11", "\"arrival\""),
    Malformed("generator: zipf\nparameters: 3\n", at: "f.yaml:2:13", "expected keys"),
    Malformed(
      "generator: zipf\nparameters:\n  rate: fast\n", at: "f.yaml:3:9", "expected a number"),
    Malformed(
      "generator: zipf\nparameters:\n  spam: 1\n", at: "f.yaml:3:9", "unknown key"),
    Malformed(
      "generator: zipf\nparameters:\n  rate: {a: 1}\n", at: "f.yaml:3:9", "a value or a list"),
    Malformed(
      "generator: zipf\nparameters:\n  rate: [[1]]\n", at: "f.yaml:3:9", "single values"),
    Malformed("generator: zipf\n  bad: [\n", at: "f.yaml:2:6", "not YAML"),
    Malformed("a: 1\na: 2\n", at: "f.yaml", "not YAML"),
  ]

  @Test(arguments: malformed) func saysWhereAndWhat(_ case: Malformed) throws {
    let error = try #require(throws: PitwallError.self) {
      try GeneratorFile.parse(`case`.text, file: "f.yaml")
    }
    #expect(error.code == .data)
    #expect(error.place == `case`.place)
    #expect(error.message.contains(`case`.message), "\(error)")
  }

  /// Whatever is cut off or changed: an error of ours or a file that can be used, never a crash.
  @Test func survivesDamage() {
    var random = RandomStream(seed: 1, purpose: "damage")
    let bytes = Array(Self.text.utf8)
    for _ in 0..<400 {
      var damaged = Array(bytes.prefix(random.index(below: bytes.count + 1)))
      for _ in 0..<random.index(below: 4) where !damaged.isEmpty {
        damaged[random.index(below: damaged.count)] = UInt8(random.index(below: 128))
      }
      do {
        _ = try GeneratorFile.parse(String(decoding: damaged, as: UTF8.self), file: "f.yaml")
      } catch {
        #expect(error is PitwallError, "\(error)")
      }
    }
  }

  @Test func namesOfFilesThatAreNotThereAreNoInput() throws {
    let source = TraceLibrary(folders: ["/nowhere"], seed: 1)
    for name in ["missing.yaml", "missing.csv"] {
      let error = try #require(throws: PitwallError.self) { try source.open(name) }
      #expect(error.code == .noInput)
      #expect(error.place == name)
    }
  }
}

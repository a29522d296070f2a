import Foundation
import Testing

@testable import Inference

/// What Python and PEFT make of patterns and configurations, recorded by running their own code.
struct AdapterRulesTests {
  private struct Recorded {
    let texts: [String]
    /// A pattern, and as digits whether it matches each text in full and from the start.
    let patterns: [[String]]
    let configurations: [[String: Any]]

    init() throws {
      let data = try Data(contentsOf: URL(fileURLWithPath: Fixtures.path("peft-rules.json")))
      let file = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
      texts = try #require(file["texts"] as? [String])
      patterns = try #require(file["patterns"] as? [[String]])
      configurations = try #require(file["configurations"] as? [[String: Any]])
    }
  }

  @Test func patternsMatchWhatPythonMatches() throws {
    let recorded = try Recorded()
    #expect(recorded.patterns.count == 600)
    for entry in recorded.patterns {
      let pattern = try ModulePattern(entry[0])
      let whole = try recorded.texts.map { try pattern.matchesWhole($0) ? "1" : "0" }.joined()
      let start = try recorded.texts.map { try pattern.matchesBeginning(of: $0) ? "1" : "0" }
      #expect(whole == entry[1], "\(entry[0])")
      #expect(start.joined() == entry[2], "\(entry[0])")
    }
  }

  @Test(arguments: [
    "(", ")", "a)", "(a", "[a", "[", "*", "a**", "a*+", "a?+", "\\", "\\1", "\\x41", "(?i)a",
    "(?<=a)b",
    "(?P=n)", "(?>a)", "(?#c)", "[z-a]", "[\\d-z]", "a{2,1}", "(?P<n", "(?P<n>a", "+", "(|*)",
    String(repeating: "(", count: 100) + String(repeating: ")", count: 100),
  ])
  func patternsThatAreRefused(_ text: String) {
    #expect(throws: ModulePattern.Malformed.self) { try ModulePattern(text) }
  }

  /// Patterns on which a backtracking matcher would not end in a lifetime.
  @Test(
    .timeLimit(.minutes(1)),
    arguments: [
      "(.*)*x", "(.|.)*(.|.)*(.|.)*x", "((((.*)*)*)*)*x", "(.{0,99}){0,99}x",
      String(repeating: "(?=.*", count: 30) + "x" + String(repeating: ")", count: 30),
    ])
  func noPatternTakesLong(_ text: String) throws {
    let pattern = try ModulePattern(text)
    do {
      #expect(try !pattern.matchesWhole("model.layers.1234567.self_attn.q_proj"))
    } catch { #expect(error.why == "takes too long to match") }
  }

  @Test func configurationsMeanWhatPEFTMakesOfThem() throws {
    for entry in try Recorded().configurations {
      var members = try #require(entry["config"] as? [String: Any])
      let expected = try #require(entry["modules"] as? [String: [Double]])
      members["peft_type"] = "LORA"
      let rules = try Fixtures.withFolder { folder in
        let path = folder + "/adapter_config.json"
        try JSONSerialization.data(withJSONObject: members).write(to: URL(fileURLWithPath: path))
        return try AdapterRules(AdapterConfiguration(path: path))
      }
      for layer in 0..<12 {
        for projection in Projection.allCases {
          let site = LoRASite(layer: layer, projection: projection)
          let isTargeted = try rules.targets(site)
          #expect(isTargeted == (expected[site.module] != nil), "\(site.module) \(members)")
          guard let values = expected[site.module] else { continue }
          #expect(try rules.rank(of: site) == Int(values[0]), "\(site.module) \(members)")
          // Foundation may read a recorded number one unit in the last place off.
          let difference = try rules.scaling(of: site) - values[1]
          #expect(abs(difference) <= values[1].ulp, "\(site.module) \(members)")
        }
      }
    }
  }
}

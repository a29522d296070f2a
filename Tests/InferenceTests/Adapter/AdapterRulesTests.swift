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
      let pattern = try ModulePattern(entry[0], under: "")
      var (whole, start, steps) = ("", "", ModulePattern.mostSteps)
      for text in recorded.texts {
        whole += try pattern.matchesWhole(text, steps: &steps) ? "1" : "0"
        start += try pattern.matchesBeginning(of: text, steps: &steps) ? "1" : "0"
      }
      #expect(whole == entry[1], "\(entry[0])")
      #expect(start == entry[2], "\(entry[0])")
    }
  }

  @Test(arguments: [
    "(", ")", "a)", "(a", "[a", "[", "*", "a**", "a*+", "a?+", "\\", "\\1", "\\x41", "(?i)a",
    "(?<=a)b",
    "(?P=n)", "(?>a)", "(?#c)", "[z-a]", "[\\d-z]", "a{2,1}", "(?P<n", "(?P<n>a", "+", "(|*)",
    String(repeating: "(", count: 100) + String(repeating: ")", count: 100),
  ])
  func patternsThatAreRefused(_ text: String) {
    #expect(throws: ModulePattern.Malformed.self) { try ModulePattern(text, under: "") }
  }

  /// Patterns on which a backtracking matcher would not end in a lifetime.
  @Test(
    .timeLimit(.minutes(1)),
    arguments: [
      "(.*)*x", "(.|.)*(.|.)*(.|.)*x", "((((.*)*)*)*)*x", "(.{0,99}){0,99}x",
      String(repeating: "(?=.*", count: 30) + "x" + String(repeating: ")", count: 30),
    ])
  func noPatternTakesLong(_ text: String) throws {
    let pattern = try ModulePattern(text, under: "target_modules")
    var steps = 1_000_000
    do {
      #expect(try !pattern.matchesWhole("model.layers.1234567.self_attn.q_proj", steps: &steps))
    } catch { #expect(error.why == "takes too long to match" && error.key == "target_modules") }
  }

  /// Of many patterns that each would pass, over many modules: what one takes the others lack.
  @Test func patternsOfOneAdapterShareABudget() throws {
    let hostile = String(repeating: "(?=.*", count: 3) + "x" + String(repeating: ")", count: 3)
    var configuration = AdapterConfiguration(rank: 1, alpha: 1, targets: .pattern(".*"))
    func modulesUntilRefused(patterns: Int) throws -> (count: Int, key: String) {
      configuration.alphaPattern = (0..<patterns).map {
        .init(pattern: "\(hostile)\($0)", value: 1)
      }
      var rules = try AdapterRules(configuration, steps: 2_000_000)
      for layer in 0..<1_000 {
        let site = LoRASite(layer: layer, projection: .query)
        do throws(ModulePattern.Malformed) {
          _ = try rules.targets(site)
          _ = try rules.update(of: site)
        } catch {
          #expect(error.why == "takes too long to match")
          return (layer, error.key)
        }
      }
      return (1_000, "")
    }
    let few = try modulesUntilRefused(patterns: 1)
    let many = try modulesUntilRefused(patterns: 10)
    #expect(few.key == "alpha_pattern" && many.key == "alpha_pattern")
    #expect(few.count > 0 && few.count < 1_000)
    #expect(abs(many.count * 10 - few.count) <= 10)
  }

  /// A rank and an alpha of its own for each matrix of a model of 126 layers, the largest published.
  @Test func aPatternForEachMatrixOfALargeModelIsWithinTheBudget() throws {
    let sites = (0..<126).flatMap { layer in
      Projection.allCases.map { LoRASite(layer: layer, projection: $0) }
    }
    let all = sites.map(\.module).sorted()
    var configuration = AdapterConfiguration(rank: 1, alpha: 1, targets: .allLinear)
    configuration.rankPattern = all.map { .init(pattern: $0, value: 2) }
    configuration.alphaPattern = all.map { .init(pattern: $0, value: 6) }
    // Each fortieth, with that share of the budget: they are spread evenly over the patterns.
    var rules = try AdapterRules(configuration, steps: ModulePattern.mostSteps / 40)
    for site in sites.enumerated().filter({ $0.offset.isMultiple(of: 40) }).map(\.element) {
      let update = try rules.update(of: site)
      #expect(update.rank == 2 && update.scaling == 3)
    }
  }

  @Test func configurationsMeanWhatPEFTMakesOfThem() throws {
    for entry in try Recorded().configurations {
      var members = try #require(entry["config"] as? [String: Any])
      let expected = try #require(entry["modules"] as? [String: [Double]])
      members["peft_type"] = "LORA"
      var rules = try Fixtures.withFolder { folder in
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
          let update = try rules.update(of: site)
          #expect(update.rank == Int(values[0]), "\(site.module) \(members)")
          // Foundation may read a recorded number one unit in the last place off.
          let difference = update.scaling - values[1]
          #expect(abs(difference) <= values[1].ulp, "\(site.module) \(members)")
        }
      }
    }
  }
}

import ArgumentParser
import Foundation
import Primitives
import Testing
import Workload

@testable import PitwallCommands

@Suite struct TraceCommandTests {
  private static let recordings: URL = {
    if let named = ProcessInfo.processInfo.environment["PITWALL_TRACES"], !named.isEmpty {
      return URL(fileURLWithPath: named)
    }
    return package.deletingLastPathComponent().appendingPathComponent("shared/traces")
  }()
  private static let package = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
  private static let gentd26 = recordings.appendingPathComponent("gentd26/gentd26_timed_dev.csv")
    .path
  private static let hasRecordings = FileManager.default.fileExists(atPath: gentd26)

  /// Runs a command line in this process.
  private func run(_ words: [String]) async throws {
    var command = try Pitwall.parseAsRoot(words)
    if var asynchronous = command as? any AsyncParsableCommand {
      try await asynchronous.run()
    } else {
      try command.run()
    }
  }

  private func withFolder(_ body: (String) async throws -> Void) async throws {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("pitwall-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try await body(folder.path)
  }

  private func json(_ trace: Trace, slots: [Int] = ReuseStatistics.defaultSlots) throws
    -> [String: Any]
  {
    let report = StatisticsReport(trace, TraceStatistics(of: trace, slots: slots))
    let object = try JSONSerialization.jsonObject(with: Data(report.rendered(as: .json).utf8))
    return try #require(object as? [String: Any])
  }

  @Test func generateThenTransform() async throws {
    try await withFolder { folder in
      let (plain, shuffled) = (folder + "/a.csv", folder + "/b.pwt")
      try await run([
        "trace", "generate", "sessions", "tenants=5", "adapters=20", plain, "--requests", "300",
      ])
      try await run([
        "trace", "transform", plain, shuffled, "--apply", "shuffle", "--apply", "slice count=99",
      ])
      #expect(try TraceReader.read(plain).count == 300)
      #expect(try TraceReader.read(shuffled).count == 99)
      // A name is looked for beside the traces that a transform works on.
      try await run([
        "trace", "transform", plain, folder + "/c.csv", "--apply", "graft ids=\(shuffled)",
        "--apply", "lengths from=\(plain)",
      ])
      #expect(try TraceReader.read(folder + "/c.csv").count == 99)
    }
  }

  @Test(arguments: [
    ["trace", "generate", "sessions", "out.csv"], ["trace", "generate", "sessions"],
    ["trace", "generate", "sesions", "out.csv", "--requests", "5"],
    ["trace", "generate", "sessions", "tenants=5", "--requests", "5"],
    ["trace", "generate", "zipf", "rate=2", "out.txt", "--requests", "5"],
    ["trace", "stats", "missing.csv"], ["trace", "stats", "missing.csv", "--slots", "0"],
    ["trace", "transform", "missing.csv", "out.csv", "--apply", "fold span=0s"],
    ["trace", "fit", "missing.csv", "--tries", "0"],
  ])
  func slipsAreErrorsAndLeaveNothingBehind(words: [String]) async throws {
    await #expect(throws: (any Error).self) { try await run(words) }
    #expect(!FileManager.default.fileExists(atPath: "out.csv"))
  }

  @Test func statisticsAsJSONHaveTheirKeys() throws {
    let generator = try GeneratorRegistry.make(Parameters(parsing: "sessions base-share=0.5"))
    let object = try json(try generator.generate(requests: 200, seed: 1), slots: [4, 8])
    for key in [
      "requests", "base_only_requests", "span_s", "rate_rps", "inter_arrival_cv", "prompt_tokens",
      "output_tokens", "tenants", "adapters", "zipf", "same_as_previous", "stack_distance",
      "opt_hit_ratio", "origins",
    ] {
      #expect(object[key] != nil, "\(key)")
    }
    let ratios = try #require(object["lru_hit_ratio"] as? [String: Double])
    #expect(ratios.keys.sorted() == ["4", "8"])
  }

  @Test(arguments: [0, 1]) func statisticsOfAlmostNothing(requests: Int) throws {
    let generator = try GeneratorRegistry.make(Parameters(parsing: "sessions base-share=1"))
    let trace = try generator.generate(requests: requests, seed: 1)
    let object = try json(trace)
    #expect(object["rate_rps"] is NSNull)
    #expect((object["lru_hit_ratio"] as? [String: Double])?.isEmpty == true)
    let report = StatisticsReport(trace, TraceStatistics(of: trace))
    #expect(report.rendered(as: .table).contains("requests"))
    #expect(report.rendered(as: .csv).hasPrefix("figure,value\n"))
  }

  @Test(.enabled(if: hasRecordings)) func theRecordedTraceHasItsPublishedHitRatios() throws {
    let object = try json(try TraceReader.read(Self.gentd26))
    let lru = try #require(object["lru_hit_ratio"] as? [String: Double])
    let opt = try #require(object["opt_hit_ratio"] as? [String: Double])
    let published = [
      ("4", 0.7143, 0.7768), ("8", 0.7827, 0.8304), ("16", 0.8189, 0.8648),
      ("32", 0.8448, 0.8865), ("64", 0.8703, 0.8963),
    ]
    for (slots, least, most) in published {
      #expect(abs(try #require(lru[slots]) - least) < 0.0005)
      #expect(abs(try #require(opt[slots]) - most) < 0.0005)
    }
  }

  /// What ships can be generated, and says that it is fitted.
  @Test func shippedGeneratorFilesGenerate() throws {
    let folder = Self.package.appendingPathComponent("Traces").path
    let files = try FileManager.default.contentsOfDirectory(atPath: folder)
      .filter { $0.hasSuffix(".yaml") }
    #expect(files.count >= 4)
    for file in files {
      let generator = try TraceLibrary.generatorFile(folder + "/" + file)
      #expect(try #require(generator.requests) > 1000)
      let trace = try generator.generate(requests: 500, seed: 1)
      #expect(trace.origins[.arrival]?.provenance == .fitted)
      #expect(trace.origins[.promptTokens]?.provenance == .fitted)
    }
  }
}

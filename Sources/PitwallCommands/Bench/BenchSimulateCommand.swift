import ArgumentParser
import Foundation
import Orchestration
import Policies
import Primitives
import Replay
import Simulation
import Workload

/// `pitwall bench simulate`
struct BenchSimulateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "simulate",
    abstract: "Time the simulator on one core.",
    discussion: """
      Generates a trace of the session generator (exponential lengths with means of 500 prompt and \
      200 output tokens), then replays it on one Llama-2-7B server with an A100-80G and 16 adapter \
      slots. Only the replay is timed, records of every request included. The prefetch policies take turns \
      within each repeat, so that whatever else the machine does falls on all of them; medians are \
      printed. Memory is the process's peak while replaying less what it held before the trace \
      was there, over the number of requests: trace, simulation and records together.

      What bounds it is the number of engine steps, about 13 a request here. Steps between two \
      events are run as one leap, but each is still priced, because the KV cache that it reads has \
      grown. No function stands out: in a profile, pricing and counting steps take about a third, \
      reference counts an eighth, and admission, memory and records share the rest. A prefetch \
      policy that looks over all adapters, such as predictive, costs more than all of this.
      """)

  @Option(help: "Requests to simulate.") var requests = 1_000_000
  @Option(help: "Adapters.") var adapters = 500
  @Option(help: "Mean arrivals a second.") var rate = 4.0
  @Option(help: "Adapter slots on the device.") var slots = 16
  @Option(help: "Replays of each policy.") var repeats = 3
  @Option(help: "Prefetch policies to time, with commas between.") var prefetch = "none"
  @Option(help: "The seed.") var seed: UInt64 = 1
  @Flag(help: "Check every invariant after every event.") var check = false
  @Option(help: "How to print the result.") var format = OutputFormat.table

  func validate() throws {
    guard requests > 0, adapters > 0, slots > 0, repeats > 0, rate > 0 else {
      throw ValidationError("numbers must be above 0")
    }
  }

  func run() throws {
    let before = ProcessMemory.current
    let trace = try makeTrace()
    let policies = prefetch.split(separator: ",").map(String.init)
    let scenarios = try policies.map { try scenario($0, trace) }
    var timings = [[Timing]](repeating: [], count: policies.count)
    for _ in 0..<repeats {
      for (index, scenario) in scenarios.enumerated() {
        timings[index].append(try time(scenario, heldBefore: before))
      }
    }
    var table = TextTable([
      "prefetch", "requests/s", "steps/s", "steps/request", "s", "simulated h", "utilisation",
      "hit ratio", "bytes/request",
    ])
    for (policy, repeats) in zip(policies, timings) {
      let sorted = repeats.sorted { $0.seconds < $1.seconds }
      let median = sorted[sorted.count / 2]
      let counters = median.counters
      table.append([
        .text(policy), .integer(Int64(Double(requests) / median.seconds)),
        .integer(Int64(Double(counters.steps) / median.seconds)),
        .number(Double(counters.steps) / Double(requests), decimals: 1),
        .number(median.seconds, decimals: 2), .number(median.end.seconds / 3600, decimals: 1),
        .number(counters.busy.seconds / median.end.seconds, decimals: 3),
        .number(Double(counters.found[3]) / Double(max(1, counters.references)), decimals: 3),
        .integer(repeats.map(\.peakBytes).max().map { Int64($0 / requests) } ?? 0),
      ])
    }
    print(table.rendered(as: format), terminator: "")
  }

  private func makeTrace() throws -> Trace {
    let entries = [
      ("adapters", "\(adapters)"), ("rate", "\(rate)"), ("prompt", "exponential(500)"),
      ("output", "exponential(200)"),
    ]
    let parameters = try Parameters(
      "sessions", entries.map { Parameters.Entry($0.0, $0.1) })
    return try GeneratorRegistry.make(parameters).generate(requests: requests, seed: seed)
  }

  private func scenario(_ prefetch: String, _ trace: Trace) throws -> Scenario {
    guard let model = ModelShape.catalogue.first(where: { $0.name == "llama-2-7b" }),
      let accelerator = Accelerator.catalogue.first(where: { $0.name == "a100-80g" })
    else { throw PitwallError.fault("the hardware catalogue lacks llama-2-7b or a100-80g") }
    var server = ServerSpec(model: model, accelerator: accelerator)
    server.adapterMemory = .slots(slots)
    server.rejectsOversized = true
    var strategy = try Strategy(name: prefetch)
    strategy.prefetch = try Parameters(prefetch)
    return Scenario(
      trace: trace, server: server, strategy: strategy, seed: seed, registry: Pitwall.registry)
  }

  private struct Timing {
    var seconds: Double
    var counters: Counters
    var end: Nanoseconds
    var peakBytes: Int
  }

  private func time(_ scenario: Scenario, heldBefore: Int) throws -> Timing {
    var options = Simulation.Options()
    options.checks = check
    options.sampleInterval = 60_000_000_000
    ProcessMemory.resetPeak()
    let start = ContinuousClock.now
    let outcome = try scenario.simulate(options: options)
    let elapsed = ContinuousClock.now - start
    return Timing(
      seconds: elapsed / .seconds(1), counters: outcome.counters, end: outcome.end,
      peakBytes: ProcessMemory.peak - heldBefore)
  }
}

/// This process's resident memory in bytes, as Linux counts it; 0 where it cannot be read.
private enum ProcessMemory {
  static var current: Int { field("VmRSS:") }
  static var peak: Int { field("VmHWM:") }

  /// Makes ``peak`` start again from what is resident now.
  static func resetPeak() {
    if let file = FileHandle(forWritingAtPath: "/proc/self/clear_refs") {
      try? file.write(contentsOf: Data("5".utf8))
    }
  }

  private static func field(_ name: String) -> Int {
    let status = FileManager.default.contents(atPath: "/proc/self/status") ?? Data()
    let line = String(decoding: status, as: UTF8.self).split(separator: "\n").first {
      $0.hasPrefix(name)
    }
    return (line?.split(whereSeparator: \.isWhitespace).dropFirst().first).flatMap { Int($0) }
      .map { $0 * 1024 } ?? 0
  }
}

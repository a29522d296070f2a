import Foundation
import Orchestration
import Primitives
import Testing

@testable import Simulation

/// A server that takes one request at a time is a queue whose mean wait is known in closed form.
@Suite struct QueueingTheoryTests {
  /// One token of output, one sequence at a time, cost only per prompt token: the service time is
  /// the prompt's length, so its distribution is ours to choose.
  private func meanWait(
    load: Double, seed: UInt64, requests: Int, service: (inout RandomStream) -> Int32
  ) throws -> Double {
    var bench = Bench()
    bench.options.checks = false
    bench.cost = LinearCost(base: 0, perPromptToken: 1000)
    bench.configuration = ReplicaConfiguration(
      slots: 1, adapterBytes: 0, kvBlocks: 1 << 20, kvBlockBytes: 1, maxSequences: 1,
      tokenBudget: 1 << 20)
    var arrivals = RandomStream(seed: seed, purpose: "queue.arrivals")
    var services = RandomStream(seed: seed, purpose: "queue.services")
    var source = ListSource()
    var time = 0.0
    for _ in 0..<requests {
      time += arrivals.exponential(mean: 1000 * 1000 / load)
      source.add(at: Nanoseconds(time), prompt: service(&services), output: 1)
    }
    let outcome = try bench.run(source)
    let wait = outcome.requests.reduce(0.0) { $0 + Double($1.admitted - $1.arrival) }
    return wait / Double(requests)
  }

  /// Mean and half-width of the 99 % confidence interval over independent runs (Student's t, n = 8).
  private func interval(_ values: [Double]) -> (mean: Double, half: Double) {
    let n = Double(values.count)
    let mean = values.reduce(0, +) / n
    let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (n - 1)
    return (mean, 3.499 * (variance / n).squareRoot())
  }

  @Test(arguments: [0.5, 0.8]) func meanWaitOfMM1(_ load: Double) throws {
    // Exponential service of mean 1000 tokens of 1 us, rounded up to whole tokens: rounding adds
    // half a token, a two-thousandth, to the mean.
    let found = try (0..<8).map { seed in
      try meanWait(load: load, seed: UInt64(seed), requests: 4000) {
        Int32($0.exponential(mean: 1000).rounded(.up))
      }
    }
    let (mean, half) = interval(found)
    let rho = load * 1000.5 / 1000
    let theory = rho / (1 - rho) * 1_000_500
    #expect(abs(mean - theory) < half, "simulated \(mean) ± \(half), M/M/1 gives \(theory)")
    #expect(half < 0.25 * theory)
  }

  @Test(arguments: [0.5, 0.8]) func meanWaitOfMD1(_ load: Double) throws {
    let found = try (0..<8).map { seed in
      try meanWait(load: load, seed: UInt64(100 + seed), requests: 4000) { _ in 1000 }
    }
    let (mean, half) = interval(found)
    // Pollaczek and Khinchine: half of M/M/1's.
    let theory = load / (2 * (1 - load)) * 1_000_000
    #expect(abs(mean - theory) < half, "simulated \(mean) ± \(half), M/D/1 gives \(theory)")
    #expect(half < 0.25 * theory)
  }
}

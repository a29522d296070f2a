import Foundation
import Primitives

/// Proof that the gate's rule does what it promises: on data whose truth is known, it must not fail
/// what did not change, must not fail more often than alpha what lies exactly at the limit, and
/// must fail what became clearly slower.
public struct GateSelfTest: Sendable {
  /// One run to be measured.
  public struct Draw: Sendable {
    /// The luck that both sides of a pair share: arrivals, lengths.
    public var seed: UInt64
    /// Which side of the pair; each has some luck of its own.
    public var side: UInt64
    /// By what factor latencies are longer.
    public var slowdown: Double
  }

  /// Gives a run's metrics, the same number for every draw.
  public typealias Source = @Sendable (Draw) throws -> [Double]

  /// What happened to one injected slowdown, over all trials.
  public struct Row: Sendable, Equatable {
    /// The injected slowdown as a share.
    public let slowdown: Double
    /// Gates that failed.
    public let failed: Int
    /// Gates that passed.
    public let passed: Int
    /// Gates that could not tell.
    public let inconclusive: Int
    /// What is required.
    public let requirement: String
    /// Whether it holds.
    public let holds: Bool
  }

  /// Gates that are tried for each slowdown.
  public var trials = 200
  /// Seeds of each gate.
  public var seeds = 10
  /// The limit, as a share of the baseline.
  public var limit = 0.02
  /// The slowdown that must be found.
  public var slowdown = 0.05
  /// The gate's alpha.
  public var alpha = 0.05
  /// The share of slowdowns that must be found.
  public var power = 0.9
  /// Resamples of each interval.
  public var resamples = 10_000

  /// The defaults: `pitwall gate --self-test`.
  public init() {}

  /// Runs all trials.
  public func run(source: Source = queueSource) throws -> [Row] {
    let count = Double(trials)
    // What a true rate of alpha stays below in all but about one of a thousand self-tests.
    let tolerated = Int((alpha * count + 3 * (alpha * (1 - alpha) * count).squareRoot()).rounded())
    let most = Int((power * count).rounded(.up))
    return [
      try row(0, source, "at most \(tolerated) fail, at least \(most) pass") {
        $0.failed <= tolerated && $0.passed >= most
      },
      try row(limit, source, "at the limit: at most \(tolerated) fail") { $0.failed <= tolerated },
      try row(slowdown, source, "at least \(most) fail") { $0.failed >= most },
    ]
  }

  private func row(
    _ slowdown: Double, _ source: Source, _ requirement: String,
    _ holds: ((failed: Int, passed: Int)) -> Bool
  ) throws -> Row {
    let rule = GateRule(
      alpha: alpha, minimumSeeds: seeds, sampleSizes: [seeds], resamples: resamples)
    var failed = 0
    var passed = 0
    for trial in 0..<trials {
      let states = rule.judge(try excesses(trial, slowdown, source)).map(\.state)
      if states.contains(.fail) {
        failed += 1
      } else if states.allSatisfy({ $0 == .pass }) {
        passed += 1
      }
    }
    return Row(
      slowdown: slowdown, failed: failed, passed: passed,
      inconclusive: trials - failed - passed, requirement: requirement,
      holds: holds((failed, passed)))
  }

  /// For every metric, the excess of each seed over `max_increase`.
  private func excesses(_ trial: Int, _ slowdown: Double, _ source: Source) throws -> [[Double]] {
    let bound = Bound.maxIncrease(.relative(limit))
    var result: [[Double]] = []
    for index in 0..<seeds {
      let seed = UInt64(trial * seeds + index)
      let before = try source(Draw(seed: seed, side: 0, slowdown: 1))
      let after = try source(Draw(seed: seed, side: 1, slowdown: 1 + slowdown))
      guard before.count == after.count, result.isEmpty || result.count == before.count else {
        throw PitwallError.fault("the self-test's source gave \(before.count) metrics, then others")
      }
      if result.isEmpty { result = [[Double]](repeating: [], count: before.count) }
      for metric in result.indices {
        result[metric].append(bound.excess(after[metric], baseline: before[metric]))
      }
    }
    return result
  }

  /// Mean, median and p95 of the time in the system of an M/M/1 queue at 60 % load. Sides share
  /// arrivals and service demands, and each adds a jitter of its own to every service: the two
  /// sides of a seed differ by about 1 %, while seeds differ by tens of percent.
  public static let queueSource: Source = { draw in
    var shared = RandomStream(seed: draw.seed, purpose: "self-test")
    var own = RandomStream(seed: draw.seed, purpose: "self-test side", entity: draw.side)
    var times: [Double] = []
    var wait = 0.0
    for _ in 0..<500 {
      let service = -log(shared.uniformAboveZero()) * (0.97 + 0.06 * own.uniform())
      times.append((wait + service) * draw.slowdown)
      // Lindley's recursion: what is left of the work when the next request comes.
      wait = max(0, wait + service + log(shared.uniformAboveZero()) / 0.6)
    }
    let sorted = times.sorted()
    return [
      times.reduce(0, +) / Double(times.count), Quantile.of(sorted: sorted, 0.5) ?? 0,
      Quantile.of(sorted: sorted, 0.95) ?? 0,
    ]
  }
}

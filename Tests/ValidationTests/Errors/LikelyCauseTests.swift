import Results
import Testing

@testable import Validation

@Suite struct LikelyCauseTests {
  private func cause(
    _ metric: ValidationQuantity = .itlMean, regime: String = "overloaded",
    measured: [ValidationQuantity: Double], predicted: [ValidationQuantity: Double]
  ) -> LikelyCause {
    LikelyCause(
      of: Synthetic.run(1, regime: regime, measured: measured, predicted: predicted), metric)
  }

  @Test func start() {
    #expect(cause(measured: [.starts: 1], predicted: [.starts: 0]) == .start)
  }

  @Test func cacheSizeIsJudgedByARunningRequest() {
    #expect(
      cause(
        measured: [.kvUsage: 0.5, .running: 100], predicted: [.kvUsage: 0.3, .running: 120])
        == .cacheSize(ratio: 0.5))
    // More requests run, each with the same share.
    #expect(
      cause(
        measured: [.kvUsage: 0.5, .running: 100], predicted: [.kvUsage: 0.6, .running: 120])
        == .unknown)
    #expect(
      cause(measured: [.kvUsage: 0.01, .running: 1], predicted: [.kvUsage: 0.02, .running: 1])
        == .unknown, "too few to tell")
  }

  @Test func requestsSent() {
    #expect(cause(measured: [.sent: 90], predicted: [.sent: 100]) == .requestsSent(ratio: 0.9))
    #expect(cause(measured: [.sent: 99], predicted: [.sent: 100]) == .unknown)
  }

  @Test func saturation() {
    #expect(
      cause(regime: "slot_queueing", measured: [.waiting: 0.2], predicted: [.waiting: 40])
        == .nearSaturation)
    #expect(
      cause(regime: "slot_queueing", measured: [.waiting: 30], predicted: [.waiting: 40])
        == .unknown)
    #expect(cause(regime: "transition", measured: [:], predicted: [:]) == .nearSaturation)
    #expect(
      cause(regime: "unloaded", measured: [.itlMean: 40], predicted: [.itlMean: 65])
        == .stepTimeFeedback)
  }

  /// 10,000 requests: 50 (2 * 1.36 / 10,000)^1/2 = 0.8246.
  @Test func chance() {
    func ofThroughput(_ predicted: Double) -> LikelyCause {
      cause(
        .totalThroughput, regime: "unloaded",
        measured: [.totalThroughput: 100, .completed: 10_000],
        predicted: [.totalThroughput: predicted, .completed: 10_000])
    }
    if case .chance(let deviation) = ofThroughput(101) {
      #expect(abs(deviation - 0.824_621) < 1e-6)
    } else {
      Issue.record("an error of 0.5 is chance")
    }
    #expect(ofThroughput(104) == .unknown)
  }
}

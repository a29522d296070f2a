import Primitives
import Testing

@testable import Validation

@Suite struct ErrorSummaryTests {
  @Test(arguments: [
    (100.0, 100.0, 0.0), (100, 300, 50), (300, 100, -50), (0, 5, 100), (5, 0, -100), (0, 0, 0),
    (100, 110, 100 * 10 / 210.0),
  ])
  func formula(measured: Double, predicted: Double, signed: Double) {
    #expect(abs(ErrorSummary.signed(measured: measured, predicted: predicted) - signed) < 1e-12)
    #expect(
      abs(ErrorSummary.smape(measured: measured, predicted: predicted) - abs(signed)) < 1e-12)
  }

  @Test func byHand() throws {
    // Signed errors: 0, +50, -50, +100.
    let summary = try #require(
      ErrorSummary([(100, 100), (100, 300), (300, 100), (0, 7)]))
    #expect(summary.count == 4)
    #expect(abs(summary.mean - 50) < 1e-12)
    #expect(abs(summary.median - 50) < 1e-12)
    // Of 0, 50, 50, 100 at position 2.7: 50 + 0.7 * 50.
    #expect(abs(summary.p90 - 85) < 1e-9)
    #expect(abs(summary.bias - 25) < 1e-12)
    #expect(ErrorSummary([]) == nil)
  }

  /// Scale does not matter, swapping measured and predicted turns the sign, and the bias is never
  /// larger than the error.
  @Test func properties() throws {
    var random = RandomStream(seed: 1, purpose: "errors")
    for _ in 0..<200 {
      let pairs = (0..<5).map { _ in
        (measured: random.uniform() * 10, predicted: random.uniform() * 10)
      }
      let summary = try #require(ErrorSummary(pairs))
      let scaled = try #require(
        ErrorSummary(pairs.map { (measured: $0.measured * 7, predicted: $0.predicted * 7) }))
      let swapped = try #require(
        ErrorSummary(pairs.map { (measured: $0.predicted, predicted: $0.measured) }))
      #expect(abs(summary.mean - scaled.mean) < 1e-9)
      #expect(abs(summary.bias + swapped.bias) < 1e-9)
      #expect(abs(summary.mean - swapped.mean) < 1e-9)
      #expect(summary.bias.magnitude <= summary.mean + 1e-12)
      #expect((0...100).contains(summary.p90))
    }
  }
}

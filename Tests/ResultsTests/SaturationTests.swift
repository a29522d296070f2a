import Results
import Testing

@Suite struct SaturationTests {
  private func run(_ strategy: String, _ span: Double?, _ makespan: Double) -> (
    strategy: String, metrics: [String: Double]
  ) {
    var metrics = ["makespan": makespan]
    metrics["arrival_span"] = span
    return (strategy, metrics)
  }

  @Test func theWorstRunIsTold() throws {
    let found = try #require(
      Saturation([
        run("lru", 600, 630), run("new", 600, 900), run("slow", 600, 1200), run("new", 600, 800),
      ]))
    #expect(found.strategies == ["new", "slow"])
    #expect(found.arrivalSpan == 600 && found.makespan == 1200)
    #expect(
      found.description
        == "the server is saturated under new, slow: a trace of 600.0 s takes up to "
        + "1200 s to serve, and latencies grow with the length of the trace")
  }

  @Test(
    arguments: [
      (600, 700),  // less than a fifth longer
      (10, 60),  // the last requests' own time
      (0, 1000),  // all at once
      (nil, 1000),  // saved before the span was
    ] as [(Double?, Double)])
  func aTailIsNoSaturation(span: Double?, makespan: Double) {
    #expect(Saturation([run("lru", span, makespan)]) == nil)
  }

  @Test func noRunsAreNotSaturated() { #expect(Saturation([]) == nil) }
}

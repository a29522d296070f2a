import Foundation
import Primitives
import Testing

@testable import Workload

@Suite struct FitTests {
  private func generate(_ text: String, _ requests: Int) throws -> Trace {
    try GeneratorRegistry.make(Parameters(parsing: text)).generate(requests: requests, seed: 5)
  }

  /// A trace that the generator made is fitted, and what the fit generates has its hit ratios.
  @Test func recoversTheReuseOfAGeneratedTrace() throws {
    let trace = try generate("sessions tenants=30 adapters=60 concurrent-sessions=6 stay=0.9", 500)
    let fit = try GeneratorFit(trace, tries: 60, seed: 1)
    let file = try GeneratorFile.parse(fit.yaml, file: "fit.yaml")
    let wanted = TraceStatistics(of: trace)
    let made = try (1...3).map { TraceStatistics(of: try file.generate(seed: $0)) }
    for index in 1...3 {
      let mean = made.reduce(0) { $0 + $1.reuse.hitRatios[index].lru } / 3
      #expect(abs(mean - wanted.reuse.hitRatios[index].lru) < 0.06)
    }
    #expect(file.requests == 500)
    #expect(file.fitted[.adapters] == "sessions: generator sessions, seed 5")
  }

  @Test func fitsTheCurveOfTheDayAndTheVariation() throws {
    let trace = try generate("sessions rate=0.01 cv=2 burst-cv=0 diurnal=1,1,0,4 days=1,2,1", 3000)
    let fit = try #require(ArrivalFit(trace))
    var parameters = try Parameters("arrivals", try fit.parameters(seed: 1))
    let diurnal = try #require(try parameters.doubles("diurnal"))
    #expect(diurnal.count == 24)
    #expect(diurnal[12..<18].allSatisfy { $0 == 0 })
    #expect(diurnal[18...].allSatisfy { $0 > 1.5 })
    let process = try ModulatedArrivals(&parameters)
    let variations = try (UInt64(1)...6).map { seed -> Double in
      let times = try process.arrivals(3000, seed: seed, name: "test")
      return try #require(TraceStatistics.interArrivalCV(Column(times)))
    }
    let wanted = try #require(TraceStatistics.interArrivalCV(trace.arrival))
    let mean = variations.reduce(0, +) / 6
    #expect(abs(mean / wanted - 1) < 0.1)
  }

  @Test func fitsLengthsAndTheirCorrelation() throws {
    let trace = try generate(
      "sessions prompt=lognormal(300,1) output=uniform(10,400) correlation=0.6", 4000)
    let fit = try #require(LengthFit(trace))
    var parameters = try Parameters("lengths", fit.parameters)
    let model = try LengthModel(&parameters)
    #expect(abs(model.correlation - 0.6) < 0.05)
    #expect(abs(model.prompt.value(at: 0) - 300) < 20)
    #expect(abs(model.output.value(at: 1.281_552) - 361) < 10)
  }

  @Test func spearmanCountsTiesAtTheirMeanRank() {
    let a = Column<Int32>([1, 2, 2, 3])
    #expect(LengthFit.spearman(a, a) == 1)
    // Ranks 1, 2.5, 2.5, 4 against 4, 2, 3, 1: -4.5 / sqrt(4.5 * 5).
    let b = Column<Int32>([9, 5, 6, 1])
    #expect(abs(LengthFit.spearman(a, b) + 4.5 / 22.5.squareRoot()) < 1e-12)
    #expect(LengthFit.spearman(a, Column([7, 7, 7, 7])) == 0)
  }

  @Test func tracesWithoutArrivalTimesCannotBeFitted() throws {
    for count in [0, 1] {
      let trace = try generate("zipf", count)
      #expect(throws: PitwallError.self) { try GeneratorFit(trace, tries: 1, seed: 1) }
    }
    let closed = try generate("punica", 20)
    #expect(throws: PitwallError.self) { try GeneratorFit(closed, tries: 1, seed: 1) }
  }

  @Test func aTraceWithoutAdaptersIsFittedAsBaseOnly() throws {
    let trace = try generate("sessions base-share=1", 200)
    let file = try GeneratorFile.parse(
      try GeneratorFit(trace, tries: 1, seed: 1).yaml, file: "fit.yaml")
    #expect(try file.generate(seed: 1).adapterReferences().isEmpty)
  }
}

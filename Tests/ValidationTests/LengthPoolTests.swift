import Foundation
import Primitives
import Testing
import Workload

@testable import Validation

@Suite struct LengthPoolTests {
  private func draws(_ pool: LengthPool, _ count: Int = 200_000) -> [LengthPool.Entry] {
    var random = RandomStream(seed: 3, purpose: "draws")
    return (0..<count).map { _ in pool.draw(&random) }
  }

  /// The means come out right whatever the filter does, and the filter holds.
  @Test(arguments: [(222.5, 196.6), (218.1, 200.2), (60, 40), (300, 350), (420, 196.6)])
  func meansAreThoseOfTheRun(prompt: Double, output: Double) throws {
    let pool = try LengthPool(
      .conversations, promptMean: prompt, outputMean: output, seed: 1)
    let entries = pool.entries
    #expect(abs(moments(entries.map { Double($0.prompt) }).mean / prompt - 1) < 2e-4)
    #expect(abs(moments(entries.map { Double($0.output) }).mean / output - 1) < 2e-4)
    for entry in entries {
      #expect(entry.prompt >= 4 && entry.output >= 4)
      #expect(entry.prompt <= 1024 && entry.prompt + entry.output <= 2048)
    }
    // Drawing with replacement: within five standard errors.
    let drawn = moments(draws(pool).map { Double($0.prompt) })
    #expect(abs(drawn.mean - prompt) < 5 * (drawn.variance / 200_000).squareRoot())
  }

  @Test func theModelsOwnMeansWhereTheRunHasNone() throws {
    let pool = try LengthPool(.conversations, seed: 1)
    #expect(abs(moments(pool.entries.map { Double($0.output) }).mean - 196.6) < 0.1)
  }

  /// At the histograms' own means nothing is scaled, and each bin has its share.
  @Test func sharesOfBins() throws {
    let pool = try LengthPool(.conversations, promptMean: 247.2, outputMean: 229.77, seed: 1)
    func share(_ belongs: (LengthPool.Entry) -> Bool) -> Double {
      Double(pool.entries.count(where: belongs)) / Double(pool.entries.count)
    }
    #expect(abs(share { $0.prompt < 40 } - 0.35) < 0.006, "one token of 36 is 0.01")
    #expect(abs(share { $0.prompt < 400 } - 0.75) < 0.003)
    #expect(abs(share { $0.output < 600 } - 0.93) < 0.003)
  }

  /// Normal scores of the ranks: their correlation is the copula's.
  @Test(arguments: [-0.8, -0.4, 0, 0.6]) func correlationIsTheCopulas(rho: Double) throws {
    var lengths = ClientLengths.conversations
    lengths.correlation = rho
    // Continuous shapes, so that ranks have no ties, and short, so that nothing is filtered out.
    lengths.prompt = try #require(QuantileTable([(0, 20), (1, 1000)]))
    lengths.output = try #require(QuantileTable([(0, 20), (1, 1000)]))
    let pool = try LengthPool(lengths, promptMean: 510, outputMean: 510, seed: 2)
    // For uniform margins Pearson's correlation is Spearman's: (6 / pi) asin(rho / 2).
    let found = correlation(
      pool.entries.map { Double($0.prompt) }, pool.entries.map { Double($0.output) })
    #expect(abs(found - 6 / Double.pi * asin(rho / 2)) < 0.02)
  }

  @Test func constantLengths() throws {
    let lengths = try #require(ClientLengths.constant(prompt: 250, output: 230))
    let pool = try LengthPool(lengths, seed: 1)
    #expect(pool.entries.allSatisfy { $0 == LengthPool.Entry(prompt: 250, output: 230) })
    let longer = try LengthPool(lengths, outputMean: 920, seed: 1)
    #expect(longer.entries.allSatisfy { $0 == LengthPool.Entry(prompt: 250, output: 920) })
    #expect(ClientLengths.constant(prompt: 3, output: 9) == nil)
  }

  @Test(arguments: [(2.0, 200.0), (1200, 200), (200, 1e7), (.infinity, 200), (900, 1500)])
  func meansThatCannotBeHad(prompt: Double, output: Double) {
    let text = message {
      _ = try LengthPool(.conversations, promptMean: prompt, outputMean: output, seed: 1)
    }
    #expect(text?.hasPrefix("65 prompts of \(prompt) and outputs of \(output) tokens") == true)
  }

  /// The share that ends early, and how much of it comes out, are the model's.
  @Test(arguments: [(0.01, 0.1), (0.055, 0.24), (0.5, 0.8), (1, 0.5)])
  func outputsThatEndEarly(share: Double, ratio: Double) throws {
    var lengths = try #require(ClientLengths.constant(prompt: 100, output: 1000))
    lengths.stopShare = share
    lengths.stoppedOutputRatio = ratio
    let pool = try LengthPool(lengths, seed: 1)
    var random = RandomStream(seed: 1, purpose: "stop")
    let count = 200_000
    let produced = (0..<count).map { _ in Double(pool.produced(limit: 1000, &random)) }
    let stopped = produced.filter { $0 < 1000 }
    let error = (share * (1 - share) / Double(count)).squareRoot()
    #expect(abs(Double(stopped.count) / Double(count) - share) <= 5 * error + 1e-3 * share)
    #expect(abs(moments(stopped).mean / 1000 - ratio) < 0.02)
    #expect(produced.allSatisfy { $0 >= 1 })
  }

  @Test func histogramsThatAreNone() {
    #expect(QuantileTable(bins: []) == nil)
    #expect(QuantileTable(bins: [(0, 1, 0)]) == nil)
    #expect(QuantileTable(bins: [(0, 1, 1), (0.5, 2, 1)]) == nil)
    #expect(QuantileTable(bins: [(0, 1, 1), (1, 1, 1)]) == nil)
    #expect(QuantileTable(bins: [(0, 1, -1), (1, 2, 2)]) == nil)
    #expect(QuantileTable(bins: [(0, 1, .infinity)]) == nil)
    #expect(QuantileTable(bins: [(0, 2, 3), (2, 4, 1)])?.value(at: 0.75) == 2)
  }

  /// The file of published histograms: the digitised means of its bins' middles.
  @Test(.enabled(if: SharedData.isThere, "needs ../shared/validation"))
  func theMeasuredHistograms() throws {
    let table = try CSVTable.read(
      "\(SharedData.folder)/calibration/length_hist.csv",
      required: ["which", "lo_tok", "hi_tok", "frac"])
    func shape(_ which: String) throws -> QuantileTable {
      let bins = try table.rows.filter { $0.text("which") == which }.map { row in
        (
          low: try row.required("lo_tok", row.number("lo_tok")),
          high: try row.required("hi_tok", row.number("hi_tok")),
          share: try row.required("frac", row.number("frac"))
        )
      }
      return try #require(QuantileTable(bins: bins))
    }
    let lengths = ClientLengths(
      prompt: try shape("prompt"), output: try shape("output"), correlation: -0.4,
      promptMean: 222.5, outputMean: 196.6)
    let pool = try LengthPool(lengths, seed: 1)
    let prompts = moments(pool.entries.map { Double($0.prompt) })
    let outputs = moments(pool.entries.map { Double($0.output) })
    // Coefficients of variation that the published runs imply.
    #expect(abs(prompts.variance.squareRoot() / prompts.mean - 1.09) < 0.03)
    #expect(abs(outputs.variance.squareRoot() / outputs.mean - 1.04) < 0.03)
  }
}

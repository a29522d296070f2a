import Foundation
import Inference

/// What a bench found, as a table.
struct EngineBenchReport {
  let bench: EngineBench
  let cases: [EngineBench.Case]
  let limits: MachineLimits

  var table: TextTable {
    var table = TextTable([
      "what", "batch", "adapters", "tokens/s", "ms", "MB/step", "of bandwidth", "of products",
      "over base",
    ])
    for test in cases { table.append(row(test)) }
    let times = [
      ("load", bench.loadSeconds), ("switch", bench.switchSeconds), ("merge", bench.mergeSeconds),
      ("unmerge", bench.unmergeSeconds), ("first token, loaded", bench.warmSeconds),
      ("first token, to load", bench.coldSeconds),
    ]
    for (what, seconds) in times where !seconds.isEmpty {
      table.append([
        .text(what), .missing, .integer(1), .missing,
        .number(1000 * EngineBenchReport.median(seconds), decimals: 4),
      ])
    }
    appendBesideLoads(to: &table)
    return table
  }

  /// Steps alone, and while an adapter is loaded; of the latter, the rate over the former.
  private func appendBesideLoads(to table: inout TextTable) {
    let alone = EngineBenchReport.median(bench.besideLoads.alone)
    let beside = EngineBenchReport.median(bench.besideLoads.besideLoad)
    guard alone > 0, beside > 0 else { return }
    let batch = bench.engine.configuration.maxSequences
    for (what, seconds) in [("decode alone", alone), ("decode beside a load", beside)] {
      table.append([
        .text(what), .integer(Int64(batch)), .integer(0),
        .number(Double(batch) / seconds, decimals: 1), .number(1000 * seconds, decimals: 2),
        .missing, .missing, .missing, .number(alone / seconds, decimals: 3),
      ])
    }
  }

  private func row(_ test: EngineBench.Case) -> [TextTable.Cell] {
    let seconds = EngineBenchReport.median(bench.seconds[test] ?? [])
    let what: TextTable.Cell
    let (batch, adapters, tokens): (Int, Int, Int)
    var bytes: Double?
    switch test {
    case .prefill(let count, let adapter):
      (what, batch, adapters, tokens) = ("prefill", 1, adapter, count)
    case .decode(let count, let distinct):
      (what, batch, adapters, tokens) = ("decode", count, distinct, count)
      bytes = bench.bytes(batch, adapters: adapters, positions: bench.positions[test] ?? 0)
    }
    // A prompt needs the output matrix for its last token only.
    let operations =
      2 * Double(tokens * bench.engine.layerParameters + batch * bench.engine.headParameters)
    let base = bench.seconds[baseCase(of: test)].map(EngineBenchReport.median)
    return [
      what, .integer(Int64(batch)), .integer(Int64(adapters)),
      .number(Double(tokens) / seconds, decimals: 1), .number(1000 * seconds, decimals: 2),
      bytes.map { .number($0 / 1e6, decimals: 1) } ?? .missing,
      bytes.map { .number($0 / seconds / limits.bytesPerSecond, decimals: 3) } ?? .missing,
      .number(operations / seconds / limits.operationsPerSecond, decimals: 3),
      base.map { .number($0 / seconds, decimals: 3) } ?? .missing,
    ]
  }

  private func baseCase(of test: EngineBench.Case) -> EngineBench.Case {
    switch test {
    case .prefill(let tokens, _): .prefill(tokens: tokens, adapters: 0)
    case .decode(let batch, _): .decode(batch: batch, adapters: 0)
    }
  }

  /// The machine, in one line.
  func summary(others: Double) -> String {
    func number(_ value: Double) -> String { String(format: "%.1f", value) }
    return "memory \(number(limits.bytesPerSecond / 1e9)) GB/s, products "
      + "\(number(limits.kernelsPerSecond / 1e9)) GFLOP/s by own kernels and "
      + "\(number(limits.openBLASPerSecond / 1e9)) by OpenBLAS (\(limits.openBLASCore)), "
      + "others \(number(100 * others)) %"
  }

  static func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    guard !sorted.isEmpty else { return .nan }
    return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
  }
}

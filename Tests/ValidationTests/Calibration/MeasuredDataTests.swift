import Foundation
import Primitives
import Replay
import Simulation
import Testing
import Workload

@testable import Validation

/// Where the measurements are, beside the repository.
private enum Measurements {
  static let folder: String = {
    let package = URL(fileURLWithPath: #filePath)
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    return package.deletingLastPathComponent()
      .appendingPathComponent("shared/validation/calibration").path
  }()
  static let arePresent = FileManager.default.fileExists(atPath: folder + "/kv_memory.csv")
}

/// Fits to measurements of real servers, which lie in `../shared/validation` and are not part of the
/// repository; without them these tests are passed over.
@Suite(.enabled(if: Measurements.arePresent)) struct MeasuredDataTests {
  private func table(_ name: String, _ columns: [String]) throws -> CSVTable {
    try CSVTable.read("\(Measurements.folder)/\(name)", required: columns)
  }

  /// What the two models' servers logged, to half the error that a person's fit had.
  @Test func kvCapacities() throws {
    let known: [String: (base: Double, perSlotRank: Double, perSlot: Double)] = [
      "llama-3.1-8b": (307_529, 43.98, 48.6), "qwen2.5-7b": (702_507, 87.91, 2.9),
    ]
    for (model, rows) in try table("kv_memory.csv", MeasuredCapacity.columns).byModel() {
      let measured = try rows.map(MeasuredCapacity.init)
      let kv = try KVCapacity.fitted(to: measured)
      let wanted = try #require(known[model.name])
      #expect(abs(kv.base.value / wanted.base - 1) < 0.002)
      #expect(abs(kv.perSlotRank.value / wanted.perSlotRank - 1) < 0.02)
      #expect(abs(kv.perSlot.value - wanted.perSlot) < 10)
      let profile = Profile.Model(
        name: model.name, maxModelLength: model.maxContext, kv: kv, step: [])
      for one in measured {
        let refusal = profile.refusal(slots: one.slots, rank: one.rank)
        #expect((refusal == nil) == (one.tokens != nil), "\(model.name) \(one)")
        guard let tokens = one.tokens else { continue }
        let predicted = kv.tokens(slots: one.slots, rank: one.rank)
        #expect(abs(Double(predicted - tokens)) < 0.08 * Double(tokens), "\(model.name) \(one)")
      }
    }
  }

  /// Medians that others read off the same logs, ms.
  @Test func loadTimes() throws {
    let known: [String: [[Int]: Double]] = [
      "llama-3.1-8b": [
        [8, 8]: 6.61, [16, 8]: 7.77, [16, 16]: 6.38, [32, 8]: 8.08, [32, 16]: 7.87, [32, 32]: 6.37,
      ],
      "qwen2.5-7b": [
        [8, 8]: 3.06, [16, 8]: 3.40, [16, 16]: 2.99, [32, 8]: 3.38, [32, 16]: 3.51, [32, 32]: 3.04,
      ],
    ]
    for (model, rows) in try table("adapter_load.csv", MeasuredLoads.columns).byModel() {
      let loads = Profile.Model.Load.fitted(to: try rows.compactMap(MeasuredLoads.init))
      let wanted = try #require(known[model.name])
      #expect(loads.count == wanted.count)
      for load in loads {
        let expected = try #require(wanted[[load.slotRank, load.rank]])
        #expect(abs(load.milliseconds / expected - 1) < 0.06, "\(model.name) \(load)")
      }
    }
  }

  @Test func lengths() throws {
    let histograms = try table("length_hist.csv", Profile.Lengths.histogramColumns)
    for (_, rows) in try table("runs_v1.csv", MeasuredLengths.columns).byModel() {
      let runs = try rows.compactMap(MeasuredLengths.init)
      let lengths = try Profile.Lengths.fitted(histograms: histograms, runs: runs)
      #expect(abs(lengths.promptMean - 222.5) < 2)
      #expect((195...202).contains(lengths.outputMean))
      #expect((-0.6 ... -0.2).contains(lengths.correlation))
      #expect((0...0.1).contains(lengths.stopShare))
    }
  }

  /// Steps from 13 to 300 ms, with and without adapters, of few and many slots, from one set of
  /// coefficients.
  @Test func microBenchmarks() throws {
    let measured = try StepMeasurements(
      groups: table("step_groups.csv", MeasuredStep.columns),
      benchmarks: table("estimator_runs.csv", MeasuredStep.Benchmark.columns))
    #expect(measured.steps.map(\.model.name) == ["llama-3.1-8b", "qwen2.5-7b"])
    for (model, steps) in measured.steps {
      let fit = StepFit(steps)
      #expect(fit.count > 150)
      #expect(fit.relativeError < 0.045, "\(model.name)")
      func coefficient(_ term: StepTerm) -> Double {
        fit.coefficients.first { $0.term == term }?.microseconds.value ?? 0
      }
      // One token without an adapter, from 0 slots: what the measurements at batch 1 go down to.
      #expect(abs(coefficient(.step) - 12_500) < 600)
      // 0.33 ms for each distinct adapter, in slots of one tile of ranks.
      #expect(abs(coefficient(.adapter) + coefficient(.adapterRank) - 330) < 15)
      // 23 us a slot at batch 1.
      #expect(abs(coefficient(.shrinkGrid) + coefficient(.expandGrid) - 23) < 3)
      #expect(fit.coefficients.allSatisfy { $0.microseconds.value >= 0 })
    }
  }

  @Test func aFolderGivesAProfile() throws {
    let calibration = try Calibration(
      folder: Measurements.folder,
      subject: .init(name: "h100", engine: "vllm-v1 0.8.5", accelerator: "one H100 of 64 GB"))
    let profile = calibration.profile
    #expect(try Profile(profile.yaml, file: "p.yaml") == profile)
    #expect(profile.fittedFrom.count == 6)
    for model in profile.models {
      #expect(model.loads.count == 6 && model.lengths != nil)
      #expect(model.step.allSatisfy { $0.microseconds.value > 0 })
    }
  }
}

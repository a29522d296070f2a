import ArgumentParser
import Foundation
import Primitives
import Replay
import Results
import Validation
import Workload

/// `pitwall calibrate`
struct CalibrateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "calibrate",
    abstract: "Fit a profile of a real server to measurements of it.",
    discussion: """
      Reads a folder of measurements: kv_memory.csv, adapter_load.csv, length_hist.csv,
      step_groups.csv with estimator_runs.csv (steps timed alone), and runs_v1.csv (whole runs).
      Fits first what was measured alone; then simulates the runs again and again, and moves the
      coefficients of the step time until they agree. Prints each coefficient with its standard
      error and what the steps timed alone say, and the errors of the runs that were fitted to.

      A server that nothing but whole runs is known of is fitted with --adapt and --runs: beginning
      with the profile of another one, and finding the room in its KV cache, too.

      EXAMPLES
        pitwall calibrate --from calibration --output h100.yaml
        pitwall calibrate --from calibration --output llama.yaml --model llama-3.1-8b
        pitwall calibrate --from calibration --output h100.yaml --leave-out 0.1-0.05-0.025
        pitwall calibrate --from calibration --output h100.yaml --cross-validate
        pitwall calibrate --adapt h100.yaml --runs aux_scheduler_runs.csv --output aux.yaml --name aux
      """)

  @Option(
    help: ArgumentHelp("The measurements.", valueName: "folder"), completion: .directory)
  var from: String?

  @Option(
    help: ArgumentHelp("The profile of another server, to begin with.", valueName: "file"),
    completion: .file(extensions: ["yaml"]))
  var adapt: String?

  @Option(
    help: ArgumentHelp("The runs to adapt it to, a CSV file.", valueName: "file"),
    completion: .file(extensions: ["csv"]))
  var runs: String?

  @Option(
    help: ArgumentHelp("Where to write the profile.", valueName: "file"),
    completion: .file(extensions: ["yaml"]))
  var output: String

  @Option(help: ArgumentHelp("Only this model; may be repeated.", valueName: "name"))
  var model: [String] = []

  @Option(help: "Times that coefficients are improved by simulating the runs; 0 for never.")
  var iterations = 4

  @Option(help: "The profile's name.") var name = "h100-64gb"

  @Option(
    help: ArgumentHelp(
      "The engine and its version (default: vllm-v1 0.8.5, or that of the profile to begin with).",
      valueName: "text"))
  var engine: String?

  @Option(help: "What the engine ran on, in words, among them a name of `pitwall hardware`.")
  var accelerator = "one NVIDIA H100 of 64 GB"

  @Option(
    help: ArgumentHelp(
      "Fit without the runs of these rates (as in adapter_rates_req_s); may be repeated.",
      valueName: "rates"))
  var leaveOut: [String] = []

  @Flag(help: "Also predict the runs of each set of rates with a fit to all others.")
  var crossValidate = false

  @Option(help: "The seed of the simulations.") var seed: UInt64 = 1

  @Option(help: "Simulations at a time (default: one for each core).") var threads: Int?

  @Option(help: "How to print the result.") var format = OutputFormat.table

  @Flag(name: .shortAndLong, help: "Show no progress.") var quiet = false

  func validate() throws {
    if (from == nil) == (adapt == nil) { throw ValidationError("give either --from or --adapt") }
    if (adapt == nil) != (runs == nil) { throw ValidationError("--adapt and --runs go together") }
    if !(0...100).contains(iterations) { throw ValidationError("--iterations: expected 0 to 100") }
    if let threads, threads < 1 { throw ValidationError("--threads must be at least 1") }
  }

  func run() async throws {
    let calibration = try makeCalibration()
    let runs = try RateSet.leaving(leaveOut, outOf: calibration.runs)
    var refinement = RunRefinement(
      calibration.profile, priors: calibration.priors, runs: runs)
    refinement.iterations = iterations
    // What logs say of the cache goes before what batches say of it.
    refinement.findsCapacities = adapt != nil && runs.allSatisfy { $0.kvTokens == nil }
    refinement.seed = seed
    refinement.threads = threads ?? ProcessInfo.processInfo.activeProcessorCount

    let point = try await measured(refinement.simulations, "simulations") {
      try await refinement.fit(finished: $0)
    }
    try AtomicFile.write(point.profile.yaml, to: output)
    var output = CalibrationOutput(calibration: calibration, point: point)
    if crossValidate {
      output.crossValidation = try await measured(refinement.runs.count, "left-out runs") {
        try await CrossValidation(refinement, at: point, finished: $0)
      }
    }
    print(output.rendered(as: format), terminator: "")
  }

  private func makeCalibration() throws -> Calibration {
    if let adapt, let runs {
      return try Calibration(
        adapting: .read(adapt), to: .read(runs, required: []), name: name, engine: engine)
    }
    return try Calibration(
      folder: from ?? ".",
      subject: .init(
        name: name, engine: engine ?? "vllm-v1 0.8.5", accelerator: accelerator),
      models: model)
  }

  /// Shows how far something is while it lasts.
  private func measured<Result: Sendable>(
    _ count: Int, _ what: String,
    _ body: (_ finished: @escaping @Sendable () -> Bool) async throws -> Result
  ) async throws -> Result {
    let progress = CountProgress(count, of: what, isShown: !quiet)
    let interruption = Interruption { progress.stop() }
    defer {
      interruption.end()
      progress.clear()
    }
    do {
      return try await body { progress.advance() }
    } catch is CancellationError {
      throw ExitCode(130)
    }
  }
}

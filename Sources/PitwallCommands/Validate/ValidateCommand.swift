import ArgumentParser
import Foundation
import Primitives
import Replay
import Reporting
import Results
import Synchronization
import Validation
import Workload

/// `pitwall validate`
struct ValidateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "validate",
    abstract: "Predict measured runs of a real server, and say how far off that is.",
    discussion: """
      Simulates each run of a file of measurements from its configuration alone. Prints by metric
      and regime of load the error of the predictions, SMAPE = 100 |r - p| / (|r| + |p|), and
      beside it that of the simulator which the authors of the measurements published. Keeps every
      run in the database and writes a report with charts.

      EXAMPLES
        pitwall validate --runs runs_v1.csv --profile h100.yaml
        pitwall validate --runs runs_v1.csv --profile h100.yaml --only 221,477 --seeds 3
        pitwall validate --runs runs_v1.csv --profile h100.yaml --ablate --sample 10
        pitwall validate --runs runs_v1.csv --profile h100.yaml --format json
      """)

  @Option(
    help: ArgumentHelp("The measured runs, a CSV file.", valueName: "file"),
    completion: .file(extensions: ["csv"]))
  var runs: String

  @Option(
    help: ArgumentHelp("What is known of the server.", valueName: "file"),
    completion: .file(extensions: ["yaml"]))
  var profile: String

  @Option(help: "Seeds to average over: how many, or a list with commas between.")
  var seeds = SeedList.one

  @Option(help: ArgumentHelp("Only runs of this family; may be repeated.", valueName: "name"))
  var family: [String] = []

  @Option(
    help: ArgumentHelp("Only these runs, and print each beside its prediction.", valueName: "list"))
  var only: RunNumberList?

  @Option(help: ArgumentHelp("Only every so many-th run.", valueName: "k"))
  var sample = 1

  @Flag(help: "Predict again without each part of the model, and say what it contributes.")
  var ablate = false

  @Option(help: "Runs at a time (default: one for each core).")
  var threads: Int?

  @OptionGroup var database: DatabaseOption

  @Option(
    help: ArgumentHelp(
      "Folder of the report (default: Reports/out/validate-ID).", valueName: "folder"),
    completion: .directory)
  var out: String?

  @Flag(name: .customLong("no-report"), help: "Write no report.")
  var noReport = false

  @Option(help: "How to print the result.") var format = OutputFormat.table

  @Flag(name: .shortAndLong, help: "Show no progress.")
  var quiet = false

  func validate() throws {
    if let threads, threads < 1 { throw ValidationError("--threads must be at least 1") }
    if sample < 1 { throw ValidationError("--sample must be at least 1") }
  }

  func run() async throws {
    let predictor = ProfilePredictor(try Profile.read(profile))
    let file = try CSVTable.read(runs, required: [])
    let choice = MeasuredRunChoice(
      families: family, numbers: only?.numbers ?? [], stride: sample)
    let chosen = try choice.of(MeasuredRun.read(file))
    let store = try RunStore(database.path, for: .writing)

    let parts = ablate ? Ablation.all(of: predictor) : []
    let progress = ValidationProgress(runs: chosen.count * (1 + parts.count), isShown: !quiet)
    let interruption = Interruption { progress.stop() }
    defer { interruption.end() }
    func predict(_ predictor: ProfilePredictor) async throws -> Validated {
      let validated = try await Validated(
        chosen, of: file, predictor, seeds: seeds.values, threads: threads, progress)
      try store.save(validated.description, validated.runs)
      return validated
    }
    let complete = try await predict(predictor)
    var ablated: [AblatedErrors] = []
    for part in parts {
      let runs = try await predict(part(predictor)).runs
      ablated.append(AblatedErrors(part: part.name, table: ErrorTable(runs)))
    }
    progress.clear()

    let output = ValidationOutput(
      validation: complete.description, runs: complete.runs, ablated: ablated,
      showsRuns: only != nil)
    print(output.rendered(as: format), terminator: "")
    if !noReport {
      let folder = out ?? "Reports/out/validate-\(complete.description.id)"
      let page = try await Report(complete.description, complete.runs, ablated).write(to: folder)
      Terminal.note("report: \(page)")
    }
  }
}

/// Runs that were predicted, and what the database says of them.
private struct Validated {
  let description: ValidationDescription
  let runs: [ValidatedRun]

  init(
    _ chosen: [MeasuredRun], of file: CSVTable, _ predictor: ProfilePredictor, seeds: [UInt64],
    threads: Int?, _ progress: ValidationProgress
  ) async throws {
    let start = Date()
    let validator = Validator(
      seeds: seeds, threads: threads ?? ProcessInfo.processInfo.activeProcessorCount,
      predict: { try predictor.predict($0, seed: $1) })
    do {
      runs = try await validator.validate(chosen) { _ in progress.advance() }
    } catch is CancellationError {
      progress.clear()
      throw ExitCode(130)
    } catch {
      progress.clear()
      throw error
    }
    description = ValidationDescription(
      runsFile: file.file, runsDigest: file.digest, profileName: predictor.profile.name,
      profile: predictor.profile.yaml, client: predictor.client.limits, seeds: seeds,
      runNumbers: chosen.map(\.number), codeRevision: CodeRevision.current,
      modelVersion: ModelVersion.simulation, host: Host.description, startedAt: start,
      wallSeconds: Date().timeIntervalSince(start))
  }
}

/// How far a validation is, on standard error.
private final class ValidationProgress: Sendable {
  private struct State {
    var done = 0
    var isStopped = false
    var line: ProgressLine
  }

  private let runs: Int
  private let state: Mutex<State>

  init(runs: Int, isShown: Bool) {
    self.runs = runs
    state = Mutex(State(line: ProgressLine(isShown: isShown)))
  }

  /// A run more is done. Returns false where the rest is not wanted.
  func advance() -> Bool {
    state.withLock { state in
      state.done += 1
      let (done, line) = (state.done, state.line)
      state.line.show { "\(done) of \(runs) runs, \(line.timeLeft(done: done, of: runs))" }
      return !state.isStopped
    }
  }

  /// Ends it at the next opportunity.
  func stop() { state.withLock { $0.isStopped = true } }

  /// Removes the line.
  func clear() { state.withLock { $0.line.clear() } }
}

/// `221,477`: numbers of runs.
struct RunNumberList: ExpressibleByArgument {
  let numbers: [Int]

  init?(argument: String) {
    let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
    numbers = parts.compactMap { Int($0) }
    guard numbers.count == parts.count else { return nil }
  }
}

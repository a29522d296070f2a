import ArgumentParser
import Foundation
import Primitives
import Replay
import Validation

/// `pitwall published kv`
struct PublishedKVCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "kv",
    abstract: "Room in vLLM's KV cache, and whether it starts, with so many slots of a rank.",
    discussion: """
      Counts bytes ("arithmetic"): what weights, slots for all projections and 1 GiB of working
      space leave of the given share of the device. With --profile also what was fitted to such
      measurements. A server is predicted not to start where the cache cannot hold the model's
      longest context.

      EXAMPLES
        pitwall published kv --from kv_memory.csv
        pitwall published kv --from kv_memory_v0.csv --profile h100.yaml --format csv
      """)

  @Option(
    help: ArgumentHelp("The measured capacities, a CSV file.", valueName: "file"),
    completion: .file(extensions: ["csv"]))
  var from: String

  @Option(
    help: ArgumentHelp("What is known of the server.", valueName: "file"),
    completion: .file(extensions: ["yaml"]))
  var profile: String?

  @Option(
    help: ArgumentHelp(
      "Memory of the device in GiB (default: that of the H100 of the published measurements).",
      valueName: "GiB"))
  var memory = PublishedKV.measuredMemory

  @Option(help: "Share of it that the server takes.") var utilization = 0.9

  @Option(help: "How to print the result.") var format = OutputFormat.table

  func validate() throws {
    guard (0.1...100_000).contains(memory) else {
      throw ValidationError("--memory must be from 0.1 to 100000 GiB")
    }
    guard (0.01...1).contains(utilization) else {
      throw ValidationError("--utilization must be from 0.01 to 1")
    }
  }

  func run() throws {
    let profile = try profile.map { try Profile.read($0) }
    var comparison = try PublishedKV(memory: memory, utilization: utilization)
      .compare(PublishedKV.Row.read(from), with: profile)
    let file = URL(fileURLWithPath: from).lastPathComponent
    if let profile, profile.fittedFrom.contains(where: { $0.file == file }) {
      comparison.notes.append(
        "the profile was fitted to \(file): its errors are a fit's, not a prediction's")
    }
    print(PublishedOutput(comparison).rendered(as: format), terminator: "")
  }
}

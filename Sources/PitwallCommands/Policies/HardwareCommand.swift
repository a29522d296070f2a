import ArgumentParser
import Orchestration
import Primitives
import Simulation

/// `pitwall hardware`
struct HardwareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "hardware",
    abstract: "The models and accelerators that experiments can name.",
    discussion: """
      Figures are those of data sheets and published configurations, with sources in \
      Sources/Simulation/Hardware. How far times computed from them are from those of real \
      servers is what pitwall published shows.

      EXAMPLES
        pitwall hardware
        pitwall hardware --accelerators --format csv
      """)

  @Flag(help: "Models only.") var models = false
  @Flag(help: "Accelerators only.") var accelerators = false
  @Option(help: "How to print them.") var format = OutputFormat.table

  func validate() throws {
    if format == .csv, models == accelerators {
      throw ValidationError("CSV is one table: choose --models or --accelerators")
    }
  }

  func run() {
    if models != accelerators {
      print((models ? modelTable : acceleratorTable).rendered(as: format), terminator: "")
    } else if format == .json {
      let (models, accelerators) = (
        modelTable.rendered(as: .json), acceleratorTable.rendered(as: .json)
      )
      print("{\"models\": \(models), \"accelerators\": \(accelerators)}")
    } else {
      print(
        modelTable.rendered(as: format) + "\n" + acceleratorTable.rendered(as: format),
        terminator: "")
    }
  }

  private var modelTable: TextTable {
    var table = TextTable([
      "model", "layers", "hidden", "weights GB", "KV kB/token", "adapter MB (rank 16)", "context",
    ])
    for model in ModelShape.catalogue {
      let adapter = model.adapterBytes(rank: 16, targets: ModelShape.allTargets)
      table.append([
        .text(model.name), .integer(Int64(model.layers)), .integer(Int64(model.hidden)),
        .number(Double(model.weightBytes) / 1e9, decimals: 1),
        .number(Double(model.kvBytesPerToken) / 1e3, decimals: 0),
        .number(Double(adapter) / 1e6, decimals: 1), .integer(Int64(model.maxContext)),
      ])
    }
    return table
  }

  private var acceleratorTable: TextTable {
    var table = TextTable([
      "accelerator", "TFLOP/s", "memory GB/s", "memory GiB", "host link GB/s", "step overhead ms",
    ])
    for accelerator in Accelerator.catalogue {
      table.append([
        .text(accelerator.name), .number(accelerator.flops / 1e12, decimals: 2),
        .number(accelerator.memoryBandwidth / 1e9, decimals: 0),
        .number(Double(accelerator.memory) / 1_073_741_824, decimals: 0),
        .number(accelerator.hostLink / 1e9, decimals: 0),
        .number(accelerator.stepOverhead.milliseconds, decimals: 1),
      ])
    }
    return table
  }
}

import ArgumentParser
import Inference
import Primitives

/// `pitwall adapter inspect`
struct AdapterInspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "Check an adapter and say what is in it.",
    discussion: """
      For each matrix that it changes: rank, scale, precision, bytes, and the norm of the \
      difference of weights, scale B A (the root of the sum of squares); - where a number is not \
      finite.

      EXAMPLES
        pitwall adapter inspect pirate
        pitwall adapter inspect pirate --model smollm2
        pitwall adapter inspect pirate --format json
      """)

  @Argument(
    help: "The folder with adapter_config.json and adapter_model.safetensors.",
    completion: .directory)
  var adapter: String

  @Option(help: "Check that it fits this model, too.", completion: .file())
  var model: String?

  @Option(help: "How to print: table, json or csv.")
  var format = OutputFormat.table

  func run() throws {
    let opened =
      if let model {
        try LoRAAdapter.open(adapter, for: Checkpoint.open(named: model).configuration)
      } else { try LoRAAdapter.open(adapter) }
    let summary = AdapterSummary(of: opened)
    switch format {
    case .json: print(json(summary).rendered())
    case .csv: print(modules(summary).rendered(as: .csv), terminator: "")
    case .table:
      print(overview(summary).rendered(as: .table))
      print(modules(summary).rendered(as: .table), terminator: "")
    }
  }

  private func overview(_ summary: AdapterSummary) -> TextTable {
    var table = TextTable(["adapter", summary.adapter.name])
    for field in fields(of: summary) {
      for leaf in field.value.flattened(field.key) { table.append([.text(leaf.path), leaf.cell]) }
    }
    return table
  }

  private func fields(of summary: AdapterSummary) -> [(key: String, value: JSONValue)] {
    let adapter = summary.adapter
    let scalings = summary.modules.map(\.scaling)
    return [
      ("matrices", .integer(adapter.updates.count)),
      ("max_rank", .integer(adapter.maxRank)),
      ("rslora", .boolean(adapter.configuration.usesRSLoRA)),
      ("scale_min", JSONValue(scalings.min())),
      ("scale_max", JSONValue(scalings.max())),
      ("bytes", .integer(adapter.byteCount)),
      ("norm", .number(summary.norm)),
      ("finite", .boolean(summary.isFinite)),
    ]
  }

  private func json(_ summary: AdapterSummary) -> JSONValue {
    let modules = summary.modules.map { module in
      JSONValue.object([
        ("module", .string(module.site.module)), ("rank", .integer(module.rank)),
        ("scale", .number(module.scaling)), ("type", .string(type(of: module))),
        ("bytes", .integer(module.byteCount)), ("norm", .number(module.norm)),
        ("finite", .boolean(module.isFinite)),
      ])
    }
    return .object(
      [("adapter", .string(summary.adapter.name))] + fields(of: summary)
        + [("modules", .array(modules))])
  }

  /// One where A and B are stored alike.
  private func type(of module: AdapterSummary.Module) -> String {
    let (a, b) = module.types
    return a == b ? "\(a)" : "\(a) and \(b)"
  }

  private func modules(_ summary: AdapterSummary) -> TextTable {
    var table = TextTable(["module", "rank", "scale", "type", "bytes", "norm"])
    for module in summary.modules {
      table.append([
        .text(module.site.module), .integer(Int64(module.rank)),
        .number(module.scaling, decimals: 4), .text(type(of: module)),
        .integer(Int64(module.byteCount)),
        module.isFinite ? .number(module.norm, decimals: 4) : .missing,
      ])
    }
    return table
  }
}

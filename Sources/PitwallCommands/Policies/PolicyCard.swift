import Orchestration
import Policies

/// What people are told about a policy, whatever its kind.
struct PolicyCard {
  let kind: String
  let name: String
  let summary: String
  let idea: String
  let cost: String
  let isClairvoyant: Bool
  let source: String
  let parameters: [PolicyParameter]

  private init<Context, Policy: ~Copyable>(_ kind: String, _ entry: PolicyEntry<Context, Policy>) {
    self.kind = kind
    name = entry.name
    summary = entry.summary
    idea = entry.idea
    cost = entry.cost
    isClairvoyant = entry.isClairvoyant
    source = entry.source
    parameters = entry.parameters
  }

  /// Every policy that can be named, in the order in which a request meets them.
  static var all: [PolicyCard] {
    let registry = Pitwall.registry
    return registry.selection.map { PolicyCard("selection", $0) }
      + registry.routing.map { PolicyCard("routing", $0) }
      + registry.scheduling.map { PolicyCard("scheduling", $0) }
      + registry.eviction.map { PolicyCard("eviction", $0) }
      + PolicyRegistry.builtInAdmission.map { PolicyCard("admission", $0) }
      + registry.prefetch.map { PolicyCard("prefetch", $0) }
  }

  /// For people: no line wider than a terminal, unless a single word is.
  var text: String {
    func line(_ label: String, _ text: String) -> String {
      text.isEmpty ? "" : WrappedText.labelled(label, text, column: 12)
    }
    let knows =
      isClairvoyant
      ? "the requests to come: a bound, which no server can run" : "what a server can know"
    let heading = WrappedText.labelled("\(name) (\(kind)):", summary, column: 2)
    return heading + "\n" + line("idea", idea) + line("cost", cost) + line("knows", knows)
      + line("source", source) + parameterLines
  }

  private var parameterLines: String {
    guard !parameters.isEmpty else {
      return WrappedText.labelled("parameters", "none", column: 12)
    }
    let nameWidth = parameters.map(\.name.count).max() ?? 0
    let standardWidth = parameters.map(\.standard.count).max() ?? 0
    let lines = parameters.map { parameter in
      func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: width - text.count)
      }
      let label =
        "  " + padded(parameter.name, nameWidth) + "  " + padded(parameter.standard, standardWidth)
      return WrappedText.labelled(label, parameter.meaning, column: label.count + 2)
    }
    return "\nparameters and their defaults\n" + lines.joined()
  }

  /// For programs.
  var json: JSONValue {
    .object([
      ("decides", .string(kind)), ("name", .string(name)), ("summary", .string(summary)),
      ("idea", .string(idea)), ("cost", .string(cost)), ("clairvoyant", .boolean(isClairvoyant)),
      ("source", .string(source)),
      (
        "parameters",
        .array(
          parameters.map {
            .object([
              ("name", .string($0.name)), ("default", .string($0.standard)),
              ("meaning", .string($0.meaning)),
            ])
          })
      ),
    ])
  }
}

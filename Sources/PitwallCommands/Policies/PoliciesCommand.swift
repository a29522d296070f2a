import ArgumentParser
import Primitives

/// `pitwall policies`
struct PoliciesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "policies", abstract: "What decides: every policy, its parameters, its source.",
    discussion: """
      EXAMPLES
        pitwall policies
        pitwall policies show predictive
        pitwall policies show gdsf --format json
        pitwall policies list --format csv
      """,
    subcommands: [PoliciesListCommand.self, PoliciesShowCommand.self],
    defaultSubcommand: PoliciesListCommand.self)
}

/// `pitwall policies list`
struct PoliciesListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List all policies, by what they decide.")

  @Option(help: "How to print them.") var format = OutputFormat.table

  func run() {
    var table = TextTable(["decides", "name", "idea", "clairvoyant", "source"])
    for policy in PolicyCard.all {
      table.append([
        .text(policy.kind), .text(policy.name), .text(policy.summary),
        .text(policy.isClairvoyant ? "yes" : "no"), .text(policy.source),
      ])
    }
    print(table.rendered(as: format), terminator: "")
  }
}

/// `pitwall policies show NAME`
struct PoliciesShowCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Explain a policy.",
    discussion: """
      Its idea, what an operation costs, whether it knows the future, whose it is, and its parameters \
      with their defaults.
      """)

  @Argument(help: "The policy.", completion: .list(PolicyCard.all.map(\.name))) var name: String

  @Option(help: "How to print it.") var format = OutputFormat.table

  func run() throws {
    let found = PolicyCard.all.filter { $0.name == name }
    guard !found.isEmpty else {
      throw PitwallError(
        .usage,
        "unknown policy \"\(name)\""
          + Suggestion.hint(for: name, in: Array(Set(PolicyCard.all.map(\.name)))))
    }
    switch format {
    case .table: print(found.map(\.text).joined(separator: "\n"), terminator: "")
    case .json: print(JSONValue.array(found.map(\.json)).rendered())
    case .csv:
      var table = TextTable(["field", "value"])
      for field in found.flatMap({ $0.json.flattened() }) {
        table.append([.text(field.path), field.cell])
      }
      print(table.rendered(as: .csv), terminator: "")
    }
  }
}

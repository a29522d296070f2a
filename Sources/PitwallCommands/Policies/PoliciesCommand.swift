import ArgumentParser
import Orchestration
import Policies
import Primitives

/// `pitwall policies`
struct PoliciesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "policies", abstract: "What decides: every policy, its parameters, its source.",
    discussion: """
      EXAMPLES
        pitwall policies
        pitwall policies show predictive
        pitwall policies list --format json
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
    var table = TextTable(["decides", "name", "idea", "source"])
    for policy in PolicyCard.all {
      table.append([
        .text(policy.kind), .text(policy.name), .text(policy.summary), .text(policy.source),
      ])
    }
    print(table.rendered(as: format), terminator: "")
  }
}

/// `pitwall policies show NAME`
struct PoliciesShowCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Describe a policy and its parameters.")

  @Argument(help: "The policy.", completion: .list(PolicyCard.all.map(\.name))) var name: String

  func run() throws {
    let found = PolicyCard.all.filter { $0.name == name }
    guard !found.isEmpty else {
      throw PitwallError(
        .usage,
        "unknown policy \"\(name)\""
          + Suggestion.hint(for: name, in: Array(Set(PolicyCard.all.map(\.name)))))
    }
    print(found.map(\.text).joined(separator: "\n"), terminator: "")
  }
}

/// What people are told about a policy, whatever its kind.
private struct PolicyCard {
  let kind: String
  let name: String
  let summary: String
  let source: String
  let parameters: [PolicyParameter]

  private init<Context, Policy: ~Copyable>(_ kind: String, _ entry: PolicyEntry<Context, Policy>) {
    self.kind = kind
    name = entry.name
    summary = entry.summary
    source = entry.source
    parameters = entry.parameters
  }

  static var all: [PolicyCard] {
    let registry = PolicyRegistry.builtIn
    return registry.selection.map { PolicyCard("selection", $0) }
      + registry.routing.map { PolicyCard("routing", $0) }
      + registry.scheduling.map { PolicyCard("scheduling", $0) }
      + registry.eviction.map { PolicyCard("eviction", $0) }
      + registry.prefetch.map { PolicyCard("prefetch", $0) }
  }

  var text: String {
    var table = TextTable(["parameter", "default", "meaning"])
    for parameter in parameters {
      table.append([.text(parameter.name), .text(parameter.standard), .text(parameter.meaning)])
    }
    return "\(name) (\(kind)): \(summary)\nsource: \(source)\n"
      + (parameters.isEmpty ? "no parameters\n" : "\n" + table.rendered(as: .table))
  }
}

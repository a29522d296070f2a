import ArgumentParser

/// `--db FILE`: the results database, the same option in every command.
struct DatabaseOption: ParsableArguments {
  /// The database where nothing else is said.
  static let defaultPath = "results.sqlite"

  @Option(
    name: .customLong("db"),
    help: ArgumentHelp("The results database (default: \(defaultPath)).", valueName: "file"),
    completion: .file(extensions: ["sqlite"]))
  var given: String?

  /// The path to use.
  var path: String { given ?? DatabaseOption.defaultPath }
}

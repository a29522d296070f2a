import ArgumentParser

/// `pitwall bench`
struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Measure how fast Pitwall itself is.",
    subcommands: [BenchSimulateCommand.self, BenchCacheCommand.self])
}

import ArgumentParser

/// `pitwall engine`
struct EngineCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "engine",
    abstract: "Run a real model with many adapters on this machine's cores.",
    subcommands: [
      EngineGenerateCommand.self, EngineBenchCommand.self, EngineInfoCommand.self,
      EngineVerifyCommand.self,
    ])
}

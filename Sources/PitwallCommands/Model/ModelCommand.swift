import ArgumentParser

/// `pitwall model`: the checkpoints that the kernel engine runs.
struct ModelCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "model",
    abstract: "Fetch, make and describe models for the kernel engine.",
    subcommands: [ModelFetchCommand.self, ModelSynthCommand.self, ModelInfoCommand.self])
}

import ArgumentParser

/// `pitwall trace`: everything that reads, makes or describes a trace.
struct TraceCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "trace",
    abstract: "Import, generate, transform and describe request traces.",
    subcommands: [
      TraceImportCommand.self, TraceGenerateCommand.self, TraceTransformCommand.self,
      TraceStatsCommand.self, TraceHeadCommand.self, TraceFitCommand.self,
    ])
}

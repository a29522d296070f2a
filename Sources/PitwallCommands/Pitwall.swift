import ArgumentParser
import Foundation
import Orchestration
import Policies
import Primitives

/// The root command.
public struct Pitwall: AsyncParsableCommand {
  public static let configuration = CommandConfiguration(
    commandName: "pitwall",
    abstract: "Replay LoRA request traces; compare the decisions that serve them.",
    version: "0.1.0",
    subcommands: [
      RunCommand.self, TraceCommand.self, CompareCommand.self, ReportCommand.self,
      GateCommand.self, RunsCommand.self, CalibrateCommand.self, ValidateCommand.self,
      PublishedCommand.self, PoliciesCommand.self,
      HardwareCommand.self, ModelCommand.self, AdapterCommand.self, EngineCommand.self,
      VerifyCommand.self, CacheCommand.self, BenchCommand.self,
    ])

  public init() {}

  /// The policies that can be named: those that ship, and those that the program adds.
  @TaskLocal static var registry = PolicyRegistry.builtIn

  /// Runs the process's command line and exits: 0, the code of a ``PitwallError``, or
  /// ArgumentParser's own (64 for usage).
  ///
  /// A program of your own becomes `pitwall` with your policies beside those that ship:
  ///
  ///     await Pitwall.runAndExit(adding: PolicyRegistry(eviction: [.mine]))
  ///
  /// - Parameter policies: more policies, under names that are not taken.
  public static func runAndExit(adding policies: PolicyRegistry = PolicyRegistry()) async -> Never {
    do {
      try checkNames(CommandLine.arguments.dropFirst())
      try await $registry.withValue(PolicyRegistry.builtIn.adding(policies)) {
        try await runCommandLine()
      }
      // What is still held for a full disk or a closed pipe would be lost without a word.
      guard fflush(nil) == 0 else {
        throw PitwallError(.inputOutput, "the output cannot be written")
      }
      exit(withError: nil)
    } catch let error as PitwallError {
      Terminal.write("pitwall: \(error)\n")
      exit(withError: ExitCode(error.code.rawValue))
    } catch {
      exit(withError: error)
    }
  }

  private static func runCommandLine() async throws {
    var command = try parseAsRoot()
    if var asynchronous = command as? any AsyncParsableCommand {
      try await asynchronous.run()
    } else {
      try command.run()
    }
  }

  /// Refuses a word that stands where a subcommand's name must, with the nearest name: the parser
  /// would call it an unexpected argument and say no more.
  static func checkNames(
    _ words: ArraySlice<String>, of command: any ParsableCommand.Type = Pitwall.self
  ) throws {
    let subcommands = command.configuration.subcommands
    guard let word = words.first, !word.hasPrefix("-"), word != "help", !subcommands.isEmpty,
      command.configuration.defaultSubcommand == nil
    else { return }
    // A closure, since the key path \.configuration.commandName crashes Swift 6.3.1's compiler.
    let names = subcommands.compactMap { $0.configuration.commandName }
    guard let next = subcommands.first(where: { $0.configuration.commandName == word }) else {
      throw PitwallError(
        .usage, "unknown command \"\(word)\"" + Suggestion.hint(for: word, in: names))
    }
    try checkNames(words.dropFirst(), of: next)
  }
}

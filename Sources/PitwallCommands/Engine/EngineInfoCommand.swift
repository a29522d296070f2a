import ArgumentParser
import Foundation
import Inference
import Primitives

/// `pitwall engine info`
struct EngineInfoCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "info",
    abstract: "What an engine would take: instructions, weights, pages, adapters.")

  @OptionGroup var engine: EngineOptions
  @Option(help: "How to print the result.") var format = OutputFormat.table

  func run() throws {
    let checkpoint = try engine.checkpoint()
    let running = try Engine(checkpoint, engine.configuration)
    var table = TextTable(["figure", "value"])
    func row(_ figure: String, _ value: Int) {
      table.append([.text(figure), .integer(Int64(value))])
    }
    table.append(["instructions", .text(running.configuration.instructionSet.rawValue)])
    table.append(["weights", .text(running.configuration.storage.rawValue)])
    row("threads", running.configuration.workers)
    row("weight bytes", running.weightBytes)
    row("page bytes", running.pool.pageBytes)
    row("pages", running.pool.pageCount)
    row("pool bytes", running.pool.pageBytes * running.pool.pageCount)
    row("longest sequence", running.maxContext)
    for adapter in engine.adapters {
      let opened = try LoRAAdapter.open(adapter.folder, for: running.model)
      row("\(adapter.name): bytes", opened.byteCount)
      row("\(adapter.name): pages", try running.pages(for: opened))
    }
    print(table.rendered(as: format), terminator: "")
  }
}

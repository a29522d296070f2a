import ArgumentParser
import Foundation
import Primitives
import Workload

/// The options of commands that open a trace and may transform it.
struct TraceOptions: ParsableArguments {
  @Option(
    name: .long, help: ArgumentHelp("A transform, such as \"fold span=1h\"; may be repeated."))
  var apply: [String] = []

  @Option(name: .long, help: "The seed of generators and transforms.")
  var seed: UInt64 = 1

  /// Where traces are found that are not named by a path.
  var library: TraceLibrary {
    let named = ProcessInfo.processInfo.environment["PITWALL_TRACES"] ?? ""
    return TraceLibrary(folders: (named.isEmpty ? [] : [named]) + ["Traces"], seed: seed)
  }

  /// The trace of that name after the transforms.
  func open(_ name: String) throws -> Trace {
    let transforms = try apply.map { try TransformRegistry.make(Parameters(parsing: $0)) }
    let library = library
    let trace = try library.open(name)
    return try trace.applying(transforms, seed: seed) { try library.open($0) }
  }

  /// Names and parameters of all transforms, for help texts.
  static var transforms: String {
    let lines = TransformRegistry.all.map { type in
      "  \(type.name) \(type.usage)\n      \(type.summary)."
    }
    return "TRANSFORMS\n" + lines.joined(separator: "\n")
  }
}

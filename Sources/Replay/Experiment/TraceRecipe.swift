import Primitives
import Workload

/// How a trace comes about: from a recording, a generator or another trace, through transforms.
public struct TraceRecipe: Sendable {
  /// What it is made from.
  public enum Source: Sendable {
    /// A file with a recorded trace.
    case recording(path: String, written: String, format: TraceFormat?, options: Parameters)
    /// A generator's file.
    case generator(GeneratorFile, written: String, requests: Int?, standsInFor: String?)
    /// Another recipe.
    case trace(String)
  }

  /// One transform, with its parameters as written.
  public struct Step: Sendable {
    /// The parameters; they know where they stand.
    public var parameters: Parameters
    /// The transform.
    public var transform: any TraceTransform
  }

  /// Its name in the experiment.
  public var name: String
  /// Where it stands in the file.
  public var place: String
  /// What it is made from.
  public var source: Source
  /// Then applied, in order.
  public var steps: [Step]

  /// Where a generator stands in for a recording that was not found: a sentence that says so.
  public var substitution: String? {
    guard case .generator(_, let file, _, let recording?) = source else { return nil }
    return "\(name): the recording \(recording) is not here; fitted trace \(file) stands in for it"
  }

  /// Whether a seed makes a difference.
  var dependsOnSeed: Bool {
    if case .recording = source { return !steps.isEmpty }
    return true
  }

  /// The recipe in one line: `read azure/conv.csv | fold span=1d`.
  public var description: String {
    let start =
      switch source {
      case .recording(_, let written, let format, let options):
        ["read", written, format?.rawValue, options.entries.isEmpty ? nil : options.canonicalText]
          .compactMap { $0 }.joined(separator: " ")
      case .generator(_, let written, let requests, let recording):
        "generate \(written)" + (requests.map { " requests=\($0)" } ?? "")
          + (recording.map { " (in place of \($0))" } ?? "")
      case .trace(let name): "from \(name)"
      }
    return ([start] + steps.map(\.parameters.canonicalText)).joined(separator: " | ")
  }

  /// Makes the trace.
  /// - Parameter named: the traces that it may refer to.
  /// - Throws: `PitwallError` that says which line of the experiment led to it.
  func make(seed: UInt64, named: [String: Trace]) throws -> Trace {
    var trace = try start(seed: seed, named)
    for (stage, step) in steps.enumerated() {
      do {
        let context = TransformContext(seed: seed, stage: stage) { try find($0, in: named) }
        trace = try step.transform.apply(to: trace, context)
      } catch let error as PitwallError where error.code != .fault {
        throw PitwallError(error.code, at: step.parameters.place, error.description)
      }
    }
    return trace
  }

  private func start(seed: UInt64, _ named: [String: Trace]) throws -> Trace {
    switch source {
    case .recording(let path, _, let format, let options):
      return try TraceReader.read(path, format: format, options: options)
    case .generator(let file, _, let requests, _):
      return try file.generate(requests: requests, seed: seed)
    case .trace(let other):
      do {
        return try find(other, in: named)
      } catch let error as PitwallError {
        throw PitwallError(error.code, at: place, error.message)
      }
    }
  }
}

/// A trace by name.
private func find(_ name: String, in named: [String: Trace]) throws -> Trace {
  guard let trace = named[name] else {
    throw PitwallError(
      .data,
      "unknown trace \"\(name)\"" + Suggestion.hint(for: name, in: named.keys.sorted())
        + "; a trace can refer to those written before it")
  }
  return trace
}

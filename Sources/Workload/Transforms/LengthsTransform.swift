import Primitives

/// Assigns prompt and output lengths, jointly: by drawing whole rows of another trace, or from
/// distributions with a rank correlation.
struct LengthsTransform: TraceTransform {
  static let name = "lengths"
  static let summary = "Assign token lengths from another trace's rows or from distributions"
  static let usage = "from=TRACE | prompt=DISTRIBUTION output=DISTRIBUTION [correlation=X]"

  private enum Source {
    case rows(of: String)
    case model(LengthModel, description: String)
  }
  private let source: Source

  init(_ parameters: inout Parameters) throws {
    if let name = parameters.string("from") {
      source = .rows(of: name)
      return
    }
    let model = try LengthModel(&parameters)
    let written = parameters.entries.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
    source = .model(model, description: written)
  }

  func apply(to trace: Trace, _ context: TransformContext) throws -> Trace {
    var random = context.random(Self.name)
    var prompt: [Int32] = []
    var output: [Int32] = []
    prompt.reserveCapacity(trace.count)
    output.reserveCapacity(trace.count)
    let note: String
    switch source {
    case .rows(let name):
      let other = try context.resolve(name)
      guard other.count > 0 || trace.count == 0 else {
        throw PitwallError.data(name, "lengths: the trace is empty")
      }
      for _ in 0..<trace.count {
        let row = random.index(below: other.count)
        prompt.append(other.promptTokens[row])
        output.append(other.outputTokens[row])
      }
      note = "rows of \(other.name) drawn by seed \(context.seed)"
    case .model(let model, let description):
      for _ in 0..<trace.count {
        let lengths = model.draw(&random)
        prompt.append(lengths.prompt)
        output.append(lengths.output)
      }
      note = "\(description), seed \(context.seed)"
    }
    var result = trace
    result.promptTokens = Column(prompt)
    result.outputTokens = Column(output)
    result.origins[.promptTokens] = Origin(.assigned, note)
    result.origins[.outputTokens] = Origin(.assigned, note)
    return result
  }
}

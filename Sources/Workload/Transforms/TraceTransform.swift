import Primitives

/// Makes a trace from a trace, as a pure function of the trace, the parameters and the seed.
///
/// To add one: a file here and a line in ``TransformRegistry/all``.
public protocol TraceTransform: Sendable {
  /// The name on the command line and in experiment files.
  static var name: String { get }
  /// One line for a list of transforms.
  static var summary: String { get }
  /// The parameters, as a person would write them: `span=1h [keep-order=session|tenant|none]`.
  static var usage: String { get }

  /// Reads the parameters; the registry then refuses those that were not read.
  init(_ parameters: inout Parameters) throws

  /// Makes the new trace.
  /// - Throws: `PitwallError` (data) where the trace does not allow it.
  func apply(to trace: Trace, _ context: TransformContext) throws -> Trace
}

/// What a transform may know besides the trace.
public struct TransformContext: Sendable {
  /// The seed of every draw.
  public var seed: UInt64
  /// The transform's place in its pipeline, so that two of a kind draw different numbers.
  public var stage: Int
  /// Finds another trace by name or path.
  public var resolve: @Sendable (String) throws -> Trace

  /// Makes a context; without `resolve`, transforms that need another trace fail.
  public init(
    seed: UInt64, stage: Int = 0, resolve: (@Sendable (String) throws -> Trace)? = nil
  ) {
    self.seed = seed
    self.stage = stage
    self.resolve =
      resolve ?? { throw PitwallError(.usage, at: $0, "other traces cannot be named here") }
  }

  /// A stream of random numbers of the transform's own.
  func random(_ purpose: String) -> RandomStream {
    RandomStream(seed: seed, purpose: "transform " + purpose, entity: UInt64(stage))
  }
}

/// All transforms, by name.
public enum TransformRegistry {
  /// In the order in which they are listed for people.
  public static let all: [any TraceTransform.Type] = [
    SliceTransform.self, RateScaleTransform.self, FoldTransform.self, RepeatTransform.self,
    JitterTransform.self, ArrivalsTransform.self, GraftTransform.self, LengthsTransform.self,
    RanksTransform.self, ShuffleTransform.self,
  ]

  /// Makes the transform that `parameters` names as its owner.
  /// - Throws: `PitwallError` for an unknown name (with the nearest) or bad parameters.
  public static func make(_ parameters: Parameters) throws -> any TraceTransform {
    guard let type = all.first(where: { $0.name == parameters.owner }) else {
      throw PitwallError(
        parameters.place == nil ? .usage : .data, at: parameters.place,
        "unknown transform \"\(parameters.owner)\""
          + Suggestion.hint(for: parameters.owner, in: all.map { $0.name }))
    }
    var parameters = parameters
    let transform = try type.init(&parameters)
    try parameters.finish()
    return transform
  }
}

extension Trace {
  /// This trace after several transforms, in order.
  /// - Throws: what a transform throws.
  public func applying(
    _ transforms: [any TraceTransform], seed: UInt64,
    resolve: (@Sendable (String) throws -> Trace)? = nil
  ) throws -> Trace {
    try transforms.enumerated().reduce(self) { trace, next in
      try next.element.apply(
        to: trace, TransformContext(seed: seed, stage: next.offset, resolve: resolve))
    }
  }
}

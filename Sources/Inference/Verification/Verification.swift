import Primitives

/// Drives an engine with requests over many adapters, in random batches, orders and chunks of
/// prompts, with evictions and reloads, also of other weights under the same id, and with merges;
/// then gives each request to an engine of its own, alone, and compares the tokens.
public struct Verification: Sendable {
  public var requests: Int
  public var seed: UInt64
  /// Planted in the engine under test.
  public var fault: EngineFault?

  public init(requests: Int, seed: UInt64 = 1, fault: EngineFault? = nil) {
    self.requests = requests
    self.seed = seed
    self.fault = fault
  }

  /// What was seen.
  public struct Result: Sendable {
    /// Requests whose tokens are not those that they give alone, in words.
    public internal(set) var differences: [String] = []
    public internal(set) var requests = 0
    public internal(set) var tokens = 0
    public internal(set) var steps = 0
    public internal(set) var loads = 0
    public internal(set) var evictions = 0
    /// Loads of other weights under an id than were there before.
    public internal(set) var changes = 0
    public internal(set) var merges = 0
    /// The base weights before and after.
    public internal(set) var checksums: (before: UInt64, after: UInt64) = (0, 0)

    /// Whether every request gave what it gives alone, and the weights are what they were.
    public var passes: Bool { differences.isEmpty && checksums.before == checksums.after }
  }

  /// - Parameters:
  ///   - adapters: of each id its versions, at least one of each.
  ///   - configuration: sizes of the engine under test; its pool is cut so that adapters must go.
  ///   - progress: called with the number of requests that are compared.
  /// - Throws: `PitwallError` as engines do.
  public func run(
    _ checkpoint: Checkpoint, adapters: [[LoRAAdapter]], configuration: EngineConfiguration,
    progress: (Int) -> Void = { _ in }
  ) throws -> Result {
    guard requests > 0, !adapters.isEmpty, adapters.allSatisfy({ !$0.isEmpty }) else {
      throw PitwallError(.usage, "a verification needs requests and adapters")
    }
    let context = checkpoint.configuration.maxContext
    guard context >= VerifiedRequest.mostTokens else {
      throw PitwallError(
        .usage, at: checkpoint.path,
        "a verification takes sequences of \(VerifiedRequest.mostTokens) tokens; the model's "
          + "context is \(context)")
    }
    let traffic = try VerificationTraffic(
      checkpoint, adapters: adapters, configuration: configuration, seed: seed, fault: fault)
    var result = Result()
    result.checksums.before = traffic.engine.weightChecksum()
    let served: [VerifiedRequest]
    do {
      served = try traffic.serve(requests, counting: &result)
    } catch let error as PitwallError where error.code == .data {
      // What the engine under test computed was no number: nothing is left to compare.
      result.differences.append("\(error)")
      result.checksums.after = traffic.engine.weightChecksum()
      return result
    }
    result.checksums.after = traffic.engine.weightChecksum()
    // Weights of its own: those under test may have drifted.
    var reference = configuration
    reference.poolPages = 1
    let alone = try ReferenceRuns(
      Engine(checkpoint, reference), adapters: adapters, longest: traffic.longest)
    for (index, request) in served.enumerated() {
      let expected = try alone.tokens(of: request)
      result.requests += 1
      result.tokens += expected.count
      if expected != request.tokens {
        result.differences.append(
          "request \(index) (\(Verification.name(request))): \(request.tokens), alone \(expected)")
      }
      progress(index + 1)
    }
    return result
  }

  private static func name(_ request: VerifiedRequest) -> String {
    guard !request.uses.isEmpty else { return "base" }
    let uses = request.uses.map { "adapter \($0.adapter) version \($0.version)" }
    return uses.joined(separator: " and ") + (request.isMerged ? ", merged" : "")
  }
}

/// Runs requests alone, each on an engine that has done nothing before.
struct ReferenceRuns {
  private let weights: Engine
  private let adapters: [[LoRAAdapter]]
  private let longest: Int

  init(_ weights: Engine, adapters: [[LoRAAdapter]], longest: Int) {
    self.weights = weights
    self.adapters = adapters
    self.longest = longest
  }

  func tokens(of request: VerifiedRequest) throws -> [Int32] {
    var configuration = weights.configuration
    configuration.maxSequences = 1
    configuration.maxBatchTokens = longest
    configuration.maxContext = longest
    configuration.poolPages = longest / configuration.kvBlockTokens + 1
    for use in request.uses {
      configuration.poolPages += try weights.pages(for: adapters[use.adapter][use.version])
    }
    let engine = try Engine(sharing: weights, configuration)
    for use in request.uses {
      try engine.load(adapters[use.adapter][use.version], as: use.adapter)
    }
    if request.isMerged, let use = request.uses.first { try engine.merge(use.adapter) }
    defer { engine.unmerge() }
    let sequence = try engine.begin(
      adapters: request.uses.map { AdapterUse($0.adapter, weight: $0.weight) },
      sampling: request.sampling)
    var tokens: [Int32] = []
    var input = StepInput()
    input.prefill(sequence, request.prompt, samples: true)
    while tokens.count < request.count {
      try engine.step(input) { tokens.append($1) }
      input.removeAll()
      input.decode(sequence)
    }
    return tokens
  }
}

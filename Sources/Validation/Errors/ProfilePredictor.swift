import Orchestration
import Primitives
import Replay
import Simulation
import Workload

/// Predicts measured runs from their configuration alone, with a profile for the server and a model
/// of the client that measured.
public struct ProfilePredictor: Sendable {
  /// What is known of the server.
  public var profile: Profile
  /// What keeps the client from sending.
  public var client: ClientModel
  /// Who makes way where adapters are copied inside steps; nil: as the engine has it.
  public var activation: ReplicaConfiguration.Activation?

  /// Predicts with a profile.
  /// - Parameter client: by default a Linux machine that opens a connection a request and asks for
  ///   metrics every two seconds.
  public init(_ profile: Profile, client: ClientModel = .monitoring) {
    self.profile = profile
    self.client = client
  }

  /// Predicts a run.
  /// - Parameter onSteps: see ``Simulation/Simulation/Options/onSteps``.
  /// - Throws: `PitwallError` (data) where the profile lacks what the run needs; otherwise as
  ///   ``MeasuredRun/predict(on:lengths:client:seed:onSteps:progress:)`` does.
  public func predict(
    _ run: MeasuredRun, seed: UInt64, onSteps: (@Sendable (StepWork, Int) -> Void)? = nil
  ) throws -> Prediction {
    let (shape, model) = try model(of: run)
    var server = ServerSpec(model: shape, accelerator: try accelerator())
    try engine(of: run).apply(to: &server)
    if let activation { server.activation = activation }
    server.cost = .profile(model)
    let configured = run.configured(server)
    if configured.refusal(slotRank: run.slotRank) != nil { return .doesNotStart }
    return try run.predict(
      on: server, lengths: try lengths(of: run, model), client: client, seed: seed,
      onSteps: onSteps)
  }

  private func model(of run: MeasuredRun) throws -> (ModelShape, Profile.Model) {
    let shape = try run.shape()
    guard let model = profile.model(shape.name) else {
      throw PitwallError(
        .data, at: run.place, "model: profile \"\(profile.name)\" has no \(shape.name)")
    }
    return (shape, model)
  }

  /// The engine that the profile speaks of, which must be the run's.
  private func engine(of run: MeasuredRun) throws -> Engine {
    guard let engine = Engine.named(in: profile.engine) else {
      throw PitwallError(
        .data, at: profile.name,
        "engine: \"\(profile.engine)\" begins with none that is known ("
          + Engine.catalogue.map(\.name).joined(separator: ", ") + ")")
    }
    let isOther = ["V0", "V1"].contains { version in
      run.engine.hasPrefix(version) && engine.name != "vllm-\(version.lowercased())"
    }
    if isOther {
      throw PitwallError(
        .data, at: run.place,
        "engine: \"\(run.engine)\" is not that of profile \"\(profile.name)\", \(profile.engine)")
    }
    return engine
  }

  /// The accelerator that the profile speaks of: that of the catalogue whose name is among its
  /// words.
  private func accelerator() throws -> Accelerator {
    let text = profile.accelerator.lowercased()
    guard let found = Accelerator.catalogue.first(where: { text.contains($0.name) }) else {
      throw PitwallError(
        .data, at: profile.name,
        "accelerator: \"\(profile.accelerator)\" names none that is known ("
          + Accelerator.catalogue.map(\.name).joined(separator: ", ") + ")")
    }
    return found
  }

  private func lengths(of run: MeasuredRun, _ model: Profile.Model) throws -> ClientLengths {
    if run.hasConstantLengths {
      guard let prompt = run.promptMean, let output = run.outputMean,
        let constant = ClientLengths.constant(prompt: prompt, output: output)
      else { throw PitwallError(.data, at: run.place, "the lengths of its requests are missing") }
      return constant
    }
    guard let lengths = model.lengths.flatMap(ClientLengths.init) else {
      throw PitwallError(
        .data, at: run.place, "profile \"\(profile.name)\" has no lengths for \(model.name)")
    }
    return lengths
  }
}

extension MeasuredRun {
  /// The base model.
  /// - Throws: `PitwallError` (data) where it is unknown.
  func shape() throws -> ModelShape {
    guard let shape = ModelShape.known(as: model) else {
      throw PitwallError(
        .data, at: place,
        "model: unknown \"\(model)\""
          + Suggestion.hint(for: model, in: ModelShape.catalogue.map(\.name)))
    }
    return shape
  }
}

extension ClientLengths {
  /// Nil where a histogram is none.
  fileprivate init?(_ lengths: Profile.Lengths) {
    func table(_ bins: [Profile.Lengths.Bin]) -> QuantileTable? {
      QuantileTable(bins: bins.map { ($0.low, $0.high, $0.share) })
    }
    guard let prompt = table(lengths.prompt), let output = table(lengths.output) else {
      return nil
    }
    self.init(
      prompt: prompt, output: output, correlation: lengths.correlation,
      promptMean: lengths.promptMean, outputMean: lengths.outputMean,
      stopShare: lengths.stopShare, stoppedOutputRatio: lengths.stoppedOutputRatio)
  }
}

extension ClientModel {
  /// The client that the published runs were measured with: `benchmark_serving` on Linux, with a
  /// gauge read about every two seconds.
  public static let monitoring = ClientModel(ports: 28_232, scrapeInterval: 2_000_000_000)

  /// In words, what keeps the client from sending.
  public var limits: String {
    let parts = [
      maxInFlight.map { "at most \($0) requests in flight" },
      ports.map { "\($0) ports, each kept for \(portHold.seconds) s after its request" },
    ].compactMap(\.self)
    return parts.isEmpty ? "nothing" : parts.joined(separator: "; ")
  }
}

import Orchestration
import Policies
import Primitives
import Replay
import Simulation
import Workload

extension MeasuredRun {
  /// A server as this run configured it: `server` says what it is (model, accelerator, costs,
  /// engine), the run how it was started.
  public func configured(_ server: ServerSpec) -> ServerSpec {
    var server = server
    server.adapterMemory = .slots(slots)
    if slotRank > 0 { server.maxRank = slotRank }
    if let maxSequences { server.maxSequences = maxSequences }
    if let tokenBudget { server.tokenBudget = tokenBudget }
    // V1 activates all adapters that it is given at its start; V0 reads each from disk when a request
    // first asks for it. Host memory has room for all of them (`max_cpu_loras`).
    server.start = engine.hasPrefix("V0") ? .disk : .device
    server.hostBytes = 1 << 50
    server.rejectsOversized = true
    return server
  }

  /// The requests that the run's client sends, or tries to.
  /// - Parameters:
  ///   - lengths: the shape of lengths; the run's own means, where it has any, go before the shape's.
  ///   - seed: with the same seed another run has other luck, or errors of all runs would have the
  ///     same part of it.
  /// - Throws: `PitwallError` (data), with the run's line, where the run lacks what a client needs.
  public func workload(lengths: ClientLengths, seed: UInt64) throws -> ClientWorkload {
    guard let extent else { throw PitwallError(.data, at: place, "total_time_s: is empty") }
    let seed = RandomStream.mix(seed) ^ UInt64(number)
    do {
      let pool = try LengthPool(
        lengths, promptMean: promptMean, outputMean: outputMean, seed: seed)
      return try ClientWorkload(
        adapters: adapters, ranks: adapterRanks, rates: adapterRates, extent: extent,
        lengths: pool, seed: seed)
    } catch let error as PitwallError where error.place == nil {
      throw PitwallError(error.code, at: place, error.message)
    }
  }

  /// The run with a server model in place of the server.
  /// - Parameters:
  ///   - server: what it is, before ``configured(_:)``.
  ///   - client: what keeps the client from sending.
  ///   - onSteps: see ``Simulation/Simulation/Options/onSteps``.
  /// - Throws: `PitwallError`: data where run and server make no sense together, fault for a broken
  ///   invariant; `CancellationError` if `progress` returns false.
  public func predict(
    on server: ServerSpec, lengths: ClientLengths, client: ClientModel, seed: UInt64,
    onSteps: (@Sendable (StepWork, Int) -> Void)? = nil, progress: (Int) -> Bool = { _ in true }
  ) throws -> Prediction {
    let workload = try workload(lengths: lengths, seed: seed)
    var scenario = Scenario(
      trace: try workload.adapterTable(name: "run \(number)"), server: configured(server),
      strategy: try Strategy(name: "vllm"), seed: seed, registry: .builtIn)
    scenario.arrivals = workload
    var options = Simulation.Options()
    options.keepsRecords = false
    options.sampleInterval = 60_000_000_000
    options.client = client
    options.onSteps = onSteps
    if case .duration(let duration) = extent { options.horizon = duration }
    let outcome = try scenario.simulate(options: options, progress: progress)
    return Prediction(outcome, kvBytes: try scenario.kvBytes())
  }
}

import BasicContainers
import Inference
import Orchestration
import Primitives
import Simulation

/// The world in which a model really runs: answers an orchestrator's decisions with an engine's work
/// on this machine, and tells it of what happens with wall-clock times, in nanoseconds since the
/// start.
///
/// The orchestrator, this thread's alone, decides while the engine computes on a thread of its own
/// and adapters are copied on others; ``Mailbox``es are all that they share. A request comes at its
/// trace's time, is told with that time, and its prompt is token ids that are drawn from seed and
/// row. It ends when it has produced as many tokens as its row says, whatever these are.
struct KernelWorld: ~Copyable {
  /// A transfer that has not ended; told apart from cancelled ones of the same adapter.
  struct UnderWay {
    let transfer: KernelTransfer
    /// Whether its bytes are there, and only the link's time is not up.
    var isCopied = false
  }

  let source: any ArrivalSource
  let adapters: KernelAdapters
  let model: ServerModel
  let options: Simulation.Options
  let prompts: KernelPrompts
  var orchestrator: Orchestrator
  let engine: EngineThread
  let hostCopier: Copier
  let deviceCopier: Copier
  let events = Mailbox<KernelEvent>()
  var clock = KernelClock()
  var now: Nanoseconds = 0
  /// Whether a step is under way.
  var isRunning = false
  var underWay: [AdapterID: UnderWay] = [:]
  /// Adapters in host memory.
  var hosted: [AdapterID: LoRAAdapter] = [:]
  var wakes: [Nanoseconds] = []
  /// The adapter sets that requests are served with, by row; known once they have been routed.
  var served: [Int32: AdapterSetID] = [:]
  /// The requests that the engine has, by slot.
  var inEngine: [Int32: Int32] = [:]
  /// What has been generated for each request that has not ended.
  var generated: [Int32: [Int32]] = [:]
  var books: KernelBooks
  private var nextArrival = 0
  private var samples: SampleTimes

  /// Starts an engine for a replica. It waits for ``run(memory:progress:onTokens:)``.
  init(
    source: any ArrivalSource, adapters: KernelAdapters, deployment: KernelDeployment,
    configuration: EngineConfiguration, model: ServerModel, seed: UInt64,
    orchestrator: consuming Orchestrator, options: Simulation.Options
  ) {
    self.source = source
    self.adapters = adapters
    self.model = model
    self.options = options
    self.orchestrator = orchestrator
    let shape = deployment.checkpoint.configuration
    prompts = KernelPrompts(vocabularySize: shape.vocabularySize, seed: seed)
    let events = events
    let ended: @Sendable (Result<KernelTransfer, any Error>) -> Void = { result in
      switch result {
      case .success(let transfer): events.post(.copied(transfer))
      case .failure(let error): events.post(.failed(error))
      }
    }
    hostCopier = Copier(model: shape, ended: ended)
    deviceCopier = Copier(model: shape, ended: ended)
    engine = EngineThread(deployment, configuration, copier: deviceCopier, events: events)
    books = KernelBooks(source, options)
    samples = SampleTimes(interval: options.sampleInterval)
  }

  /// Serves everything.
  /// - Parameters:
  ///   - progress: called when requests have ended, with the number of all that have; false stops the
  ///     run.
  ///   - onTokens: told of each request that the engine has ended with, and what came out.
  /// - Throws: `PitwallError` of the engine or of an adapter's file, (fault) if an invariant breaks;
  ///   `CancellationError` if stopped.
  consuming func run(
    memory: DeviceMemory, progress: (Int) -> Bool, onTokens: (Int32, [Int32]) -> Void
  ) throws -> RunOutcome {
    let failure = serve(progress, onTokens)
    stop()
    if let failure { throw failure }
    return try finish(memory, onTokens)
  }

  /// Goes on until everybody has ended; returns what stopped it before.
  private mutating func serve(
    _ progress: (Int) -> Bool, _ onTokens: (Int32, [Int32]) -> Void
  ) -> (any Error)? {
    do {
      try begin()
      var reported = 0
      while books.ended < source.count, now < options.horizon ?? .max {
        for event in events.take(until: clock.date(of: nextTime)) { try handle(event) }
        try advance(to: clock.now)
        books.takeTokens(onTokens)
        if books.ended > reported, !progress(books.ended) { throw CancellationError() }
        reported = books.ended
        try checkThatItMoves()
      }
      return nil
    } catch {
      return error
    }
  }

  private func checkThatItMoves() throws {
    let isOver = books.ended == source.count
    guard isRunning || isOver || !underWay.isEmpty || !wakes.isEmpty || nextArrival < source.count
    else {
      throw PitwallError.fault(
        "the engine stands still at \(now) ns with \(source.count - books.ended) requests open")
    }
  }

  /// Waits for the engine, brings in what is there at the start, and starts the clock.
  private mutating func begin() throws {
    try awaitReady()
    for adapter in AdapterID(0)..<AdapterID(adapters.folders.count) {
      let tier = orchestrator.replicas[0].residency.tier(of: adapter)
      guard tier >= .host else { continue }
      hosted[adapter] = try LoRAAdapter.read(
        adapters.folders[Int(adapter)], for: adapters.model)
      guard tier == .device else { continue }
      let transfer = Transfer(
        adapter: adapter, destination: .device, bytes: adapters.catalogue.bytes(adapter), epoch: 0)
      engine.tell(.load(kernelTransfer(transfer, notBefore: 0)))
    }
    clock = KernelClock()
  }

  private func awaitReady() throws {
    while true {
      for event in events.take() {
        switch event {
        case .ready: return
        case .failed(let error): throw error
        default: break
        }
      }
    }
  }

  /// When this thread has something to do even if it hears nothing.
  private var nextTime: Nanoseconds {
    let copies = underWay.values.lazy.filter(\.isCopied).map(\.transfer.notBefore)
    return min(
      source.arrivalIfAny(nextArrival), samples.next, wakes.min() ?? .max, copies.min() ?? .max,
      options.horizon ?? .max)
  }

  /// Lets pass what was due by a time, each thing at its own.
  private mutating func advance(to time: Nanoseconds) throws {
    let time = min(time, options.horizon ?? .max)
    while nextTime <= time, nextTime != options.horizon {
      let due = nextTime
      move(to: due)
      if source.arrivalIfAny(nextArrival) == due {
        try arrive()
      } else if samples.next == due {
        try books.sample(orchestrator.replicas[0].sample(at: now))
        samples.advance(end: .max / 2)
      } else if wakes.contains(due) {
        wakes.removeAll { $0 == due }
        orchestrator.replicas[0].woken(at: now)
        try settle()
      } else {
        try endTransfers(by: due)
      }
    }
    move(to: time)
  }

  /// Time goes on; what another thread saw a moment before is told at the present.
  private mutating func move(to time: Nanoseconds) {
    let time = max(now, time)
    books.pass(time - now)
    now = time
  }

  private mutating func arrive() throws {
    let index = nextArrival
    nextArrival += 1
    guard books.opens(at: now) else { return books.addUnsent(source.request(index), at: now) }
    let (_, request) = orchestrator.route(source.request(index))
    served[request.id] = request.adapterSet
    orchestrator.replicas[0].arrived(request, at: now)
    try settle()
  }

  private mutating func handle(_ event: KernelEvent) throws {
    switch event {
    case .ready: break
    case .failed(let error): throw error
    case .copied(let transfer):
      guard underWay[transfer.transfer.adapter]?.transfer === transfer else { return }
      underWay[transfer.transfer.adapter]?.isCopied = true
      try advance(to: max(clock.now, now))
    case .copiesEnded(let instant):
      try advance(to: clock.time(of: instant))
      orchestrator.replicas[0].copiesEnded(at: now)
    case .stepEnded(let instant, let tokens):
      try advance(to: clock.time(of: instant))
      try endStep(tokens)
    }
  }

  /// Ends the other threads. Nothing of theirs is under way after that.
  private func stop() {
    for entry in underWay.values { entry.transfer.cancel() }
    hostCopier.stop()
    deviceCopier.stop()
    engine.stop()
  }

  private consuming func finish(
    _ memory: DeviceMemory, _ onTokens: (Int32, [Int32]) -> Void
  ) throws -> RunOutcome {
    try books.sample(orchestrator.replicas[0].sample(at: now))
    orchestrator.replicas[0].abortAll(at: now)
    bookEnded()
    books.takeTokens(onTokens)
    return try books.outcome(
      of: orchestrator.replicas[0].totals, spans: orchestrator.replicas[0].spans,
      gaps: orchestrator.replicas[0].tokenGaps, memory: memory, open: nextArrival, end: now)
  }
}

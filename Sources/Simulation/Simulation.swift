import BasicContainers
import Orchestration
import Primitives

/// The discrete-event world: answers an orchestrator's decisions with the time that they take.
///
/// The clock is in integer nanoseconds. Arrivals are merged from the source and never queued; at
/// equal times an arrival goes before a sample, and a sample before other events.
public struct Simulation: ~Copyable {
  private enum Event: Int {
    case stepEnded, transferEnded, wake, entered, delivered
  }

  private let source: any ArrivalSource
  private let catalogue: AdapterCatalogue
  private let model: ServerModel
  private let options: Options
  private var orchestrator: Orchestrator
  private var endings: UniqueArray<SequenceEndings>
  private var events = EventQueue()
  /// Step ends and transfer ends in the queue: without any, nothing will ever happen again.
  private var pending = 0
  private var transfers = Slab<Transfer>()
  /// One a replica, or none at all.
  private var frontends: [Frontend] = []
  /// Requests that a frontend has, and has not given to the engine.
  private var entering = Slab<Request>()
  /// Requests that the engine is done with, and whose last token is on its way.
  private var leaving = Slab<RequestRecord>()
  private var decisions: [Decision] = []
  private var finished: [Int32] = []
  private var nextArrival = 0
  private var arrivalTime: Nanoseconds
  private var sampleTimes: SampleTimes
  private var now: Nanoseconds = 0
  private var records: [RequestRecord] = []
  private var totals = RequestTotals()
  private var connections: ConnectionPool
  private var samples: [Sample] = []
  private var ended = 0
  private var littlesLaw = LittlesLaw()
  private var meter: OccupancyMeter

  /// A world with nothing in it yet.
  public init(
    source: any ArrivalSource, catalogue: AdapterCatalogue, model: ServerModel,
    orchestrator: consuming Orchestrator, options: Options = Options()
  ) {
    self.source = source
    self.catalogue = catalogue
    self.model = model
    self.options = options
    connections = ConnectionPool(options.client)
    endings = UniqueArray(minimumCapacity: orchestrator.replicas.count)
    for _ in 0..<orchestrator.replicas.count { endings.append(SequenceEndings()) }
    meter = OccupancyMeter(replicas: orchestrator.replicas.count)
    sampleTimes = SampleTimes(interval: options.sampleInterval)
    if let frontend = model.frontend {
      frontends = Array(
        repeating: Frontend(frontend, scrapeInterval: options.client.scrapeInterval),
        count: orchestrator.replicas.count)
    }
    self.orchestrator = orchestrator
    arrivalTime = source.arrivalIfAny(0)
    if options.keepsRecords {
      let blank = RequestRecord(
        request: -1, tenant: 0, adapterSet: 0, promptTokens: 0, arrival: 0)
      records = Array(repeating: blank, count: source.count)
    }
  }

  /// Serves everything.
  /// - Parameter progress: called now and then with the number of requests that have ended; false
  ///   stops the run.
  /// - Throws: `PitwallError` (fault) if an invariant breaks, `CancellationError` if stopped.
  public consuming func run(
    memory: DeviceMemory, progress: (Int) -> Bool = { _ in true }
  ) throws -> RunOutcome {
    var turns = 0
    while try advance() {
      turns &+= 1
      if turns & 0xffff == 0, !progress(ended) { throw CancellationError() }
    }
    return try finish(memory)
  }

  /// Handles the next thing that happens; false if nothing does.
  private mutating func advance() throws -> Bool {
    let next = min(arrivalTime, events.nextTime)
    if ended == source.count, nextArrival == source.count { return false }
    if let horizon = options.horizon, min(next, sampleTimes.next) >= horizon {
      try move(to: horizon)
      return false
    }
    if next == .max || (pending == 0 && arrivalTime == .max) {
      throw PitwallError.fault(
        "the simulation stands still at \(now) ns with \(source.count - ended) requests open")
    }
    if arrivalTime <= min(sampleTimes.next, events.nextTime) {
      try move(to: arrivalTime)
      arrive()
    } else if sampleTimes.next <= events.nextTime {
      try move(to: sampleTimes.next)
      try sample()
      sampleTimes.advance(end: Simulation.end)
    } else if let event = events.nextPayload {
      try move(to: events.nextTime)
      events.removeNext()
      handle(event)
    }
    if options.checks { try check() }
    return true
  }

  private func check() throws {
    for replica in 0..<orchestrator.replicas.count {
      if let broken = orchestrator.replicas[replica].brokenInvariant() {
        throw PitwallError.fault("at \(now) ns, \(broken)")
      }
    }
  }

  private mutating func move(to time: Nanoseconds) throws {
    guard time >= now else {
      throw PitwallError.fault("time runs backwards, from \(now) to \(time) ns")
    }
    guard time <= Simulation.end else {
      throw PitwallError(.data, "the run would last longer than 146 years")
    }
    littlesLaw.advance(by: time - now)
    now = time
  }

  /// No run goes on beyond this time, which leaves room to add any duration to it.
  private static let end = Nanoseconds.max / 2

  private func later(by time: Nanoseconds, than start: Nanoseconds) -> Nanoseconds {
    start + min(time, Simulation.end)
  }

  private mutating func arrive() {
    let index = nextArrival
    nextArrival += 1
    arrivalTime = source.arrivalIfAny(nextArrival)
    guard connections.open(at: now) else { return bookUnsent(index) }
    littlesLaw.arrived(at: now)
    let (replica, resolved) = orchestrator.route(source.request(index))
    if frontends.isEmpty { return enter(resolved, replica) }
    let entry = min(frontends[replica].entry(at: now), Simulation.end)
    push(.entered, replica, index: entering.insert(resolved), at: entry)
  }

  /// A request has got to a replica.
  private mutating func enter(_ request: Request, _ replica: Int) {
    orchestrator.replicas[replica].arrived(request, at: now)
    settle(replica)
  }

  /// A request is no longer the server's business: it has ended, or will have when its last token
  /// is with the client.
  private mutating func leave(_ record: RequestRecord, _ replica: Int) {
    if record.finished > now {
      push(.delivered, replica, index: leaving.insert(record), at: record.finished)
    } else {
      connections.close(at: now)
      book(record)
    }
  }

  /// A request has come that its client cannot send. Of most runs with such there are more than of
  /// any others, so that no more is done about each than is asked for.
  private mutating func bookUnsent(_ index: Int) {
    ended += 1
    totals.addUnsent()
    if options.keepsRecords {
      records[index] = RequestRecord(source.request(index), .unsent, at: now)
    }
  }

  /// A request has ended.
  private mutating func book(_ record: RequestRecord) {
    ended += 1
    littlesLaw.ended(record, at: now)
    totals.add(record)
    if options.keepsRecords { records[Int(record.request)] = record }
  }

  private mutating func handle(_ event: Int) {
    let replica = (event >> 3) & 0xff
    let index = event >> 11
    let kind = Event(rawValue: event & 7)
    if kind != .wake { pending -= 1 }
    switch kind {
    case .stepEnded:
      endStep(of: replica)
    case .transferEnded:
      guard let transfer = transfers.remove(index) else { return }
      orchestrator.replicas[replica].transferEnded(transfer, at: now)
    case .wake, nil:
      orchestrator.replicas[replica].woken(at: now)
    case .entered:
      if let request = entering.remove(index) { enter(request, replica) }
      return
    case .delivered:
      if let record = leaving.remove(index) { leave(record, replica) }
      return
    }
    settle(replica)
  }

  private mutating func push(_ event: Event, _ replica: Int, index: Int = 0, at time: Nanoseconds) {
    events.push(event.rawValue | replica << 3 | index << 11, at: time)
    if event != .wake { pending += 1 }
  }

  /// Carries out what a replica has decided, and books who has ended.
  private mutating func settle(_ replica: Int) {
    meter.note(orchestrator.replicas[replica].sample(at: now))
    orchestrator.replicas[replica].takeDecisions { decisions.append($0) }
    var copying: Nanoseconds = 0
    for decision in decisions {
      switch decision {
      case .begin(let transfer): begin(transfer, on: replica)
      case .copy(let transfer): copying = later(by: duration(of: transfer), than: copying)
      case .run: launch(replica, after: copying)
      case .wake(let time): push(.wake, replica, at: max(time, now))
      // The end of a cancelled transfer finds another epoch; freed memory needs no event.
      case .cancel, .drop: break
      }
    }
    decisions.removeAll(keepingCapacity: true)
    var gone: [RequestRecord] = []
    orchestrator.replicas[replica].takeEnded { gone.append($0) }
    for record in gone { leave(record, replica) }
  }

  private mutating func begin(_ transfer: Transfer, on replica: Int) {
    let end = later(by: duration(of: transfer), than: now)
    push(.transferEnded, replica, index: transfers.insert(transfer), at: end)
  }

  private func duration(of transfer: Transfer) -> Nanoseconds {
    model.duration(of: transfer, catalogue.adapters[Int(transfer.adapter)])
  }

  /// Begins a step, and runs on over all following steps that are sure to be the same but for the
  /// context's length: none before the next sequence ends, and none after anything else happens. The
  /// first of them begins by copying adapters for so long.
  private mutating func launch(_ replica: Int, after copying: Nanoseconds) {
    let plan = orchestrator.replicas[replica].plan
    let first = StepWork(plan)
    var (work, count) = (first, 1)
    let start = later(by: copying, than: now)
    if copying > 0 { orchestrator.replicas[replica].copiesEnded(at: start) }
    var end = later(by: model.cost.duration(of: work), than: start)
    if options.leaps, plan.repeats > 1 {
      let untilEnding =
        endings[replica].queue.nextTime - orchestrator.replicas[replica].stepCount
      let horizon = min(arrivalTime, events.nextTime, sampleTimes.next, options.horizon ?? .max)
      let duration = model.cost.durations(repeating: work)
      var left = min(Int64(plan.repeats), untilEnding)
      while left > 1, end < min(horizon, Simulation.end) {
        if !frontends.isEmpty { _ = frontends[replica].delivery(of: plan, at: end) }
        orchestrator.replicas[replica].stepRepeated(at: end)
        meter.note(orchestrator.replicas[replica].sample(at: end))
        work.contextTokens += Int64(work.decodes)
        end = later(by: duration(work.contextTokens), than: end)
        count += 1
        left -= 1
      }
    }
    options.onSteps?(first, count)
    push(.stepEnded, replica, at: end)
  }

  /// Finds out who has produced the last token, and reports the step's end.
  private mutating func endStep(of replica: Int) {
    let step = orchestrator.replicas[replica].nextStepCount
    finished.removeAll(keepingCapacity: true)
    for chunk in orchestrator.replicas[replica].plan.chunks where chunk.completes {
      let request = orchestrator.replicas[replica].request(of: chunk.slot)
      let produced = orchestrator.replicas[replica].produced(by: chunk.slot) + 1
      let left = source.outputTokens(Int(request)) - produced
      if left <= 0 {
        finished.append(chunk.slot)
      } else {
        endings[replica].add(chunk.slot, at: step + Int64(left))
      }
    }
    while endings[replica].queue.nextTime <= step, let slot = endings[replica].queue.nextPayload {
      endings[replica].queue.removeNext()
      guard endings[replica].ends[slot] == step,
        orchestrator.replicas[replica].joined(Int32(slot)) >= 0
      else { continue }
      endings[replica].ends[slot] = -1
      finished.append(Int32(slot))
    }
    let seen =
      frontends.isEmpty
      ? now : frontends[replica].delivery(of: orchestrator.replicas[replica].plan, at: now)
    orchestrator.replicas[replica].stepEnded(
      at: now, finished: finished, seen: min(seen, Simulation.end))
  }

  private mutating func sample() throws {
    guard samples.count < Simulation.mostSamples else {
      throw PitwallError(
        .data,
        "the time series would have more than \(Simulation.mostSamples) points; make the time "
          + "between them longer (record.series)")
    }
    for replica in 0..<orchestrator.replicas.count {
      samples.append(orchestrator.replicas[replica].sample(at: now))
    }
  }

  /// About 300 MB of them.
  private static let mostSamples = 5_000_000

  /// Clients cancel also what has not got to the engine, and what has not come back from there.
  private mutating func abortOnTheWay() {
    for request in entering.all { book(RequestRecord(request, .aborted, at: now)) }
    for var record in leaving.all {
      record.outcome = .aborted
      record.finished = now
      if record.firstToken > now { record.firstToken = RequestRecord.never }
      book(record)
    }
  }

  private consuming func finish(_ memory: DeviceMemory) throws -> RunOutcome {
    try sample()
    for replica in 0..<orchestrator.replicas.count {
      orchestrator.replicas[replica].abortAll(at: now)
      settle(replica)
    }
    abortOnTheWay()
    var counters = Counters()
    var spans: [ResidencySpan] = []
    var gaps: [Nanoseconds: Int64] = [:]
    for replica in 0..<orchestrator.replicas.count {
      counters.add(orchestrator.replicas[replica].totals)
      spans += orchestrator.replicas[replica].spans
      for (gap, count) in orchestrator.replicas[replica].tokenGaps {
        gaps[gap, default: 0] += count
      }
    }
    try littlesLaw.verify(open: nextArrival - ended)
    spans.sort { ($0.from, $0.replica, $0.adapter) < ($1.from, $1.replica, $1.adapter) }
    return RunOutcome(
      requests: records.filter { $0.request >= 0 }, totals: totals, samples: samples,
      residency: spans, counters: counters,
      tokenGaps: gaps.sorted { $0.key < $1.key }.map { TokenGap(gap: $0.key, count: $0.value) },
      occupancy: meter.occupancy(until: now), memory: memory, end: now)
  }
}

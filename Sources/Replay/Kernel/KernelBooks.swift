import Orchestration
import Primitives
import Simulation

/// What a kernel world writes down: the same records, by the same counts, as the simulated one.
struct KernelBooks {
  private let options: Simulation.Options
  private let count: Int
  private var records: [RequestRecord] = []
  private var totals = RequestTotals()
  private var samples: [Sample] = []
  private var littlesLaw = LittlesLaw()
  private var meter = OccupancyMeter(replicas: 1)
  private var connections: ConnectionPool
  private var unreported: [(request: Int32, tokens: [Int32])] = []
  /// Requests that have ended.
  private(set) var ended = 0

  init(_ source: any ArrivalSource, _ options: Simulation.Options) {
    self.options = options
    count = source.count
    connections = ConnectionPool(options.client)
  }

  mutating func pass(_ time: Nanoseconds) { littlesLaw.advance(by: time) }

  /// Whether a client that wants to send a request can.
  mutating func opens(at time: Nanoseconds) -> Bool {
    guard connections.open(at: time) else { return false }
    littlesLaw.arrived(at: time)
    return true
  }

  mutating func addUnsent(_ request: Request, at time: Nanoseconds) {
    ended += 1
    totals.addUnsent()
    if options.keepsRecords { records.append(RequestRecord(request, .unsent, at: time)) }
  }

  mutating func add(_ record: RequestRecord, tokens: [Int32], at time: Nanoseconds) {
    ended += 1
    connections.close(at: time)
    littlesLaw.ended(record, at: time)
    totals.add(record)
    unreported.append((record.request, tokens))
    if options.keepsRecords { records.append(record) }
  }

  /// Hands out what came of those who have ended since the last call.
  mutating func takeTokens(_ body: (Int32, [Int32]) -> Void) {
    for entry in unreported { body(entry.request, entry.tokens) }
    unreported.removeAll(keepingCapacity: true)
  }

  mutating func note(_ state: Sample) { meter.note(state) }

  mutating func sample(_ state: Sample) throws {
    guard samples.count < 5_000_000 else {
      throw PitwallError(
        .data, "the time series would be too long; make record.series, its interval, longer")
    }
    samples.append(state)
  }

  /// - Throws: `PitwallError` (fault) if a request did not end exactly once.
  func outcome(
    of counters: Counters, spans: [ResidencySpan], gaps: [(gap: Nanoseconds, count: Int64)],
    memory: DeviceMemory, open arrived: Int, end: Nanoseconds
  ) throws -> RunOutcome {
    try littlesLaw.verify(open: arrived - ended)
    return RunOutcome(
      requests: records.sorted { $0.request < $1.request }, totals: totals, samples: samples,
      residency: spans.sorted {
        ($0.from, $0.replica, $0.adapter) < ($1.from, $1.replica, $1.adapter)
      },
      counters: counters, tokenGaps: gaps.map { TokenGap(gap: $0.gap, count: $0.count) },
      occupancy: meter.occupancy(until: end), memory: memory, end: end)
  }
}

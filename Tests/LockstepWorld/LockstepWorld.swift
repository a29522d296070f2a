import BasicContainers
import Orchestration
import Primitives

/// A second world beside the simulator, which shares nothing with it: time is a count of turns,
/// every step takes one of them, and transfers end after a random number of turns in any order.
///
/// It distrusts the orchestrator: it keeps books of its own on what is where, and notes every
/// decision that a real server could not carry out.
public struct LockstepWorld: ~Copyable {
  /// A request, and how many tokens it will produce.
  public struct Job: Sendable {
    public var request: Request
    public var outputTokens: Int32

    /// The `number`-th request; `at` counts turns.
    public init(
      _ number: Int, at turn: Nanoseconds, set: AdapterSetID, prompt: Int32 = 4, output: Int32 = 3,
      session: Int32 = 0, priority: Int32 = 0
    ) {
      request = Request(
        id: Int32(number), arrival: turn, adapterSet: set, promptTokens: prompt, tenant: session,
        session: session, priority: priority, outputLimit: output)
      outputTokens = output
    }
  }

  /// A transfer that began, with when and where.
  public struct Begun: Sendable, Equatable {
    public var at: Nanoseconds
    public var replica: Int
    public var transfer: Transfer
  }

  /// What happened.
  public struct Log: Sendable {
    /// One record each time that a request ended.
    public var records: [RequestRecord] = []
    /// Transfers in the order in which they began.
    public var begun: [Begun] = []
    /// Copies made inside steps, in order.
    public var copied: [Transfer] = []
    /// Bytes landed in each tier, over all replicas, by the tier's raw value.
    public var bytesLanded: [Bytes] = [0, 0, 0, 0]
    /// Requests whose prompt began, in order.
    public var started: [Int32] = []
    /// What no real server could have done.
    public var violations: [String] = []
    public var counters = Counters()
  }

  struct InFlight {
    var due: Nanoseconds
    var transfer: Transfer
    var isCancelled = false
  }

  struct ServerState {
    var inFlight: [InFlight] = []
    var wakes: [Nanoseconds] = []
    var stepBegan: Nanoseconds?
    /// Adapters in each tier, by the tier's raw value.
    var contents: [Set<AdapterID>] = [[], [], [], []]
  }

  let server: LockstepServer
  let jobs: [Job]
  let transferTurns: ClosedRange<Int>
  let turnLength: Nanoseconds
  var orchestrator: Orchestrator
  var states: [ServerState]
  var log = Log()
  var now: Nanoseconds = 0
  var random: RandomStream

  /// A world in which nothing has happened. Jobs are numbered from 0, by rising arrival, and arrive
  /// at multiples of a turn's length.
  public init(
    _ server: LockstepServer, jobs: [Job], transferTurns: ClosedRange<Int> = 1...6,
    turnLength: Nanoseconds = 1, seed: UInt64 = 1
  ) throws {
    self.server = server
    self.jobs = jobs
    self.transferTurns = transferTurns
    self.turnLength = turnLength
    let mean = Nanoseconds((transferTurns.lowerBound + transferTurns.upperBound) / 2)
    orchestrator = try server.makeOrchestrator(seed: seed, transferTime: mean * turnLength)
    random = RandomStream(seed: seed, purpose: "lockstep")
    var start = ServerState()
    for tier in [Tier.disk, .host] where tier <= server.configuration.start {
      let limit =
        tier == .disk ? server.configuration.diskBytes : server.configuration.hostBytes
      var used: Bytes = 0
      for (adapter, entry) in server.catalogue.adapters.enumerated()
      where used + entry.bytes <= limit {
        used += entry.bytes
        start.contents[Int(tier.rawValue)].insert(AdapterID(adapter))
      }
    }
    states = Array(repeating: start, count: server.replicas)
  }

  /// Serves all jobs.
  /// - Throws: `PitwallError` if they have not all ended after `limit` turns.
  public consuming func run(limit: Int = 20_000) throws -> Log {
    var next = 0
    while log.records.count < jobs.count {
      guard now <= Nanoseconds(limit) * turnLength else {
        throw PitwallError.fault("\(log.records.count) of \(jobs.count) ended by turn \(limit)")
      }
      for replica in states.indices { endTransfers(of: replica) }
      while next < jobs.count, jobs[next].request.arrival <= now {
        carryOut(orchestrator.arrived(jobs[next].request, at: now))
        next += 1
      }
      for replica in states.indices {
        wake(replica)
        endStep(of: replica)
      }
      now += turnLength
    }
    for replica in states.indices {
      orchestrator.replicas[replica].abortAll(at: now)
      log.counters.add(orchestrator.replicas[replica].totals)
    }
    return log
  }

  private mutating func endTransfers(of replica: Int) {
    while true {
      let due = states[replica].inFlight.indices.filter { states[replica].inFlight[$0].due <= now }
      guard !due.isEmpty else { return }
      let chosen = states[replica].inFlight.remove(at: due[random.index(below: due.count)])
      let transfer = chosen.transfer
      if !chosen.isCancelled {
        states[replica].contents[Int(transfer.destination.rawValue)].insert(transfer.adapter)
        log.bytesLanded[Int(transfer.destination.rawValue)] += transfer.bytes
        checkRoom(replica)
      }
      // A cancelled transfer's end is reported all the same: the orchestrator has to ignore it.
      orchestrator.replicas[replica].transferEnded(transfer, at: now)
      carryOut(replica)
    }
  }

  private mutating func wake(_ replica: Int) {
    guard states[replica].wakes.contains(where: { $0 <= now }) else { return }
    states[replica].wakes.removeAll { $0 <= now }
    orchestrator.replicas[replica].woken(at: now)
    carryOut(replica)
  }

  private mutating func endStep(of replica: Int) {
    guard let began = states[replica].stepBegan, began < now else { return }
    states[replica].stepBegan = nil
    orchestrator.replicas[replica].stepEnded(at: now, finished: finishedSlots(of: replica))
    carryOut(replica)
  }

  /// The sequences that produce their last token in the step that runs.
  private func finishedSlots(of replica: Int) -> [Int32] {
    let completing = orchestrator.replicas[replica].plan.chunks.filter(\.completes).map(\.slot)
    let decodes = orchestrator.replicas[replica].plan.decodes > 0
    return orchestrator.replicas[replica].runningSlots.filter { slot in
      let isDecoding = decodes && orchestrator.replicas[replica].joined(slot) >= 0
      guard completing.contains(slot) || isDecoding else { return false }
      let request = Int(orchestrator.replicas[replica].request(of: slot))
      return orchestrator.replicas[replica].produced(by: slot) + 1 >= jobs[request].outputTokens
    }
  }

  private mutating func carryOut(_ replica: Int) {
    var decisions: [Decision] = []
    orchestrator.replicas[replica].takeDecisions { decisions.append($0) }
    for decision in decisions {
      switch decision {
      case .begin(let transfer): begin(transfer, replica)
      case .copy(let transfer): copy(transfer, replica)
      case .cancel(let transfer): cancel(transfer, replica)
      case .drop(let adapter, let tier): drop(adapter, tier, replica)
      case .run: launch(replica)
      case .wake(let time): states[replica].wakes.append(time)
      }
    }
    orchestrator.replicas[replica].takeEnded { log.records.append($0) }
    if let broken = orchestrator.replicas[replica].brokenInvariant() {
      log.violations.append("turn \(now): \(broken)")
    }
  }
}

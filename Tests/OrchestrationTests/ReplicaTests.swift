import LockstepWorld
import Orchestration
import Policies
import Primitives
import Testing

/// Single decisions of a replica, in worlds small enough to follow by hand.
@Suite struct ReplicaTests {
  private typealias Job = LockstepWorld.Job

  private func server(
    bytes: [Bytes], sets: [[AdapterID]] = [], slots: Int? = 2, pool: Bytes = 1000,
    host: Bytes = .max, disk: Bytes = .max, start: Tier = .host, maxSequences: Int = 4,
    lanes: [Int] = [1, 1, 1], blockBytes: Bytes = 100
  ) -> LockstepServer {
    LockstepServer(
      bytes: bytes, sets: sets,
      configuration: ReplicaConfiguration(
        slots: slots, adapterBytes: pool, kvBlocks: slots == nil ? Int(pool / blockBytes) : 100,
        kvBlockBytes: blockBytes, kvBlockTokens: 1, maxSequences: maxSequences, tokenBudget: 100,
        hostBytes: host, diskBytes: disk, start: start, lanes: lanes),
      registry: .builtIn)
  }

  private func serve(_ server: LockstepServer, _ jobs: [Job]) throws -> LockstepWorld.Log {
    let log = try LockstepWorld(server, jobs: jobs, transferTurns: 3...3).run(limit: 2000)
    #expect(log.violations == [])
    return log
  }

  private func outcomes(_ log: LockstepWorld.Log) -> [Outcome] {
    log.records.sorted { $0.request < $1.request }.map(\.outcome)
  }

  /// A pair can never be in a batch of one adapter: nobody waits for ever.
  @Test func aSetBeyondTheSchedulersCapIsRejected() throws {
    var server = server(bytes: [100, 100], sets: [[0, 1]])
    server.scheduling = "fcfs cap=1"
    let log = try serve(server, [Job(0, at: 0, set: 3), Job(1, at: 1, set: 1)])
    #expect(outcomes(log) == [.rejected, .finished])
  }

  /// An adapter has to pass through every tier on its way.
  @Test(arguments: [Tier.remote, .disk])
  func whatCannotPassThroughATierIsRejected(_ start: Tier) throws {
    let jobs = [Job(0, at: 0, set: 1), Job(1, at: 1, set: 2), Job(2, at: 2, set: 3)]
    let narrowHost = try serve(
      server(bytes: [100, 300], sets: [[0, 1]], host: 200, start: start), jobs)
    #expect(outcomes(narrowHost) == [.finished, .rejected, .rejected])
    let narrowDisk = try serve(
      server(bytes: [100, 300], sets: [[0, 1]], disk: 200, start: start), jobs)
    #expect(outcomes(narrowDisk) == [.finished, .rejected, .rejected])
  }

  /// What has just come to a host memory for one adapter goes on to the device before the next one
  /// pushes it out.
  @Test(arguments: [1, 4]) func hostMemoryForOneAdapterSuffices(_ sequences: Int) throws {
    let log = try serve(
      server(
        bytes: [100, 100, 100], slots: 3, host: 100, start: .disk, maxSequences: sequences),
      (0..<3).map { Job($0, at: 0, set: AdapterSetID($0 + 1), output: 1) })
    #expect(outcomes(log) == [.finished, .finished, .finished])
    #expect(log.counters.loads == [0, 0, 3, 3])
  }

  /// In a shared pool: an adapter on its way for one request leaves no room for another's prompt,
  /// which waits for it to arrive.
  @Test func aPromptWaitsForAnArrivalThatIsInItsWay() throws {
    let log = try serve(
      server(bytes: [600], slots: nil),
      [Job(0, at: 0, set: 1, prompt: 2, output: 2), Job(1, at: 1, set: 0, prompt: 8, output: 1)])
    #expect(outcomes(log) == [.finished, .finished])
  }

  /// vLLM looks past a request that the cap holds up, and keeps its place.
  @Test func skippingLetsLaterRequestsPass() throws {
    let jobs = [
      Job(0, at: 0, set: 1, output: 6), Job(1, at: 1, set: 2), Job(2, at: 1, set: 1),
      Job(3, at: 2, set: 2), Job(4, at: 2, set: 0),
    ]
    var server = server(bytes: [100, 100])
    server.scheduling = "fcfs cap=1"
    #expect(try serve(server, jobs).started == [4, 0, 2, 1, 3])
    server.scheduling = "fcfs cap=1 skip=false"
    #expect(try serve(server, jobs).started == [0, 1, 2, 3, 4])
  }
}

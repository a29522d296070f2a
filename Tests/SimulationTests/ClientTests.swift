import Orchestration
import Primitives
import Testing

@testable import Simulation

/// Clients that cannot send everything.
@Suite struct ClientTests {
  /// What happened is checked against the limits by counting over all records: a request was sent
  /// exactly if there was a connection for it.
  @Test(arguments: 0..<24) func sendsWhatItHasConnectionsFor(_ seed: UInt64) throws {
    var random = RandomStream(seed: seed, purpose: "client.test")
    var (bench, source) = randomWorld(&random)
    let hold = Nanoseconds(random.index(below: 200_000_000))
    let client = ClientModel(
      maxInFlight: random.index(below: 2) == 0 ? nil : 1 + random.index(below: 20),
      ports: random.index(below: 3) == 0 ? nil : 1 + random.index(below: 25), portHold: hold)
    bench.options.client = client
    if seed % 3 == 0 { bench.options.horizon = 300_000_000 }
    let leaping = try bench.run(source)
    for (index, record) in leaping.requests.enumerated() {
      let sent = leaping.requests[..<index].filter { $0.outcome != .unsent }
      let open = sent.count { $0.finished >= record.arrival }
      let closing = sent.count {
        $0.finished < record.arrival && $0.finished + hold > record.arrival
      }
      let hasConnection =
        open < client.maxInFlight ?? .max && open + closing < client.ports ?? .max
      #expect((record.outcome != .unsent) == hasConnection, "seed \(seed), request \(index)")
    }
    for record in leaping.requests where record.outcome == .unsent {
      #expect(record.finished == record.arrival && record.admitted == RequestRecord.never)
    }
    bench.options.leaps = false
    let stepping = try bench.run(source)
    #expect(leaping.requests == stepping.requests)
    #expect(leaping.totals == stepping.totals)
    #expect(leaping.counters == stepping.counters)
    #expect(leaping.samples == stepping.samples)
  }

  /// A server that sees only what was sent does the same as one that was sent no more.
  @Test func theServerKnowsNothingOfTheUnsent() throws {
    var unsent: Int64 = 0
    for seed in 0..<8 as Range<UInt64> {
      var random = RandomStream(seed: seed, purpose: "unsent.test")
      var (bench, source) = randomWorld(&random)
      bench.options.client = ClientModel(maxInFlight: 3)
      let limited = try bench.run(source)
      unsent += limited.totals.unsent
      let sent = limited.requests.filter { $0.outcome != .unsent }
      var rest = ListSource()
      for record in sent {
        let index = Int(record.request)
        rest.add(
          at: record.arrival, set: source.requests[index].adapterSet, prompt: record.promptTokens,
          output: source.outputs[index])
      }
      bench.options.client = ClientModel()
      let whole = try bench.run(rest)
      #expect(whole.counters == limited.counters, "seed \(seed)")
      #expect(whole.requests.map(\.finished) == sent.map(\.finished))
    }
    #expect(unsent > 0, "the limit must cut something off")
  }

  @Test func aPortIsFreeAgainAfterItsHold() {
    var pool = ConnectionPool(ClientModel(ports: 1, portHold: 10))
    var log: [Bool] = [pool.open(at: 0), pool.open(at: 3)]
    pool.close(at: 5)
    log += [pool.open(at: 14), pool.open(at: 15), pool.open(at: 16)]
    #expect(log == [true, false, false, true, false])
  }

  /// A closed form: where a request takes far less than the hold, each port serves one request a
  /// hold, so that ports / hold are sent a second.
  @Test func portsLimitTheRate() throws {
    var bench = Bench()
    bench.cost = LinearCost(base: 1000)
    var source = ListSource()
    for index in 0..<2000 { source.add(at: Nanoseconds(index) * 1_000_000, output: 1) }
    bench.options.client = ClientModel(ports: 25, portHold: 100_000_000)
    let totals = try bench.run(source).totals
    #expect(abs(totals.sent - 500) <= 25, "25 ports and 0.1 s are 250/s over 2 s")
    #expect(totals.sent + totals.unsent == 2000)
  }
}

/// Sums that are kept while records are not.
@Suite struct TotalsTests {
  @Test(arguments: 0..<12) func areThoseOfTheRecords(_ seed: UInt64) throws {
    var random = RandomStream(seed: seed, purpose: "totals.test")
    var (bench, source) = randomWorld(&random)
    bench.options.client.maxInFlight = seed % 2 == 0 ? nil : 8
    if seed % 3 == 0 { bench.options.horizon = 300_000_000 }
    let kept = try bench.run(source)
    bench.options.keepsRecords = false
    let summed = try bench.run(source)
    #expect(summed.requests.isEmpty)
    #expect(summed.totals == kept.totals)
    let finished = kept.requests.filter { $0.outcome == .finished }
    let totals = kept.totals
    #expect(totals.finished == Int64(finished.count))
    #expect(totals.unsent == Int64(kept.requests.count { $0.outcome == .unsent }))
    #expect(totals.sent + totals.unsent == Int64(kept.requests.count))
    #expect(totals.promptTokens == finished.reduce(0) { $0 + Int64($1.promptTokens) })
    #expect(totals.outputTokens == finished.reduce(0) { $0 + Int64($1.outputTokens) })
    guard !finished.isEmpty else { return }
    let mean = finished.reduce(0.0) { $0 + Double($1.firstToken - $1.arrival) }
    let expected = mean / Double(finished.count)
    #expect(abs((totals.meanTimeToFirstToken ?? 0) - expected) <= 1e-9 * expected)
  }

  /// Where everything finishes, all gaps are gaps of finished requests: the two ways to count them,
  /// by request and by step, must agree but for the histogram's resolution.
  @Test(arguments: 0..<12) func meanGapIsThatOfTheHistogram(_ seed: UInt64) throws {
    var random = RandomStream(seed: seed, purpose: "totals.test")
    let (bench, source) = randomWorld(&random)
    let outcome = try bench.run(source)
    guard outcome.totals.aborted == 0 else { return }
    let count = outcome.tokenGaps.reduce(0) { $0 + $1.count }
    #expect(outcome.totals.tokenGaps == count)
    let sum = outcome.tokenGaps.reduce(0.0) { $0 + Double($1.gap) * Double($1.count) }
    let mean = sum / Double(count)
    #expect(abs((outcome.totals.meanTokenGap ?? 0) - mean) < 0.002 * mean)
  }

  @Test func meansOfNothing() {
    #expect(RequestTotals().meanTimeToFirstToken == nil)
    #expect(RequestTotals().meanTokenGap == nil)
  }
}

import Orchestration
import Primitives
import Testing

@testable import Simulation

@Suite struct LittlesLawTests {
  private func record(arrival: Nanoseconds, finished: Nanoseconds) -> RequestRecord {
    var record = RequestRecord(
      request: 0, tenant: 0, adapterSet: 0, promptTokens: 1, arrival: arrival)
    record.finished = finished
    return record
  }

  /// Two requests, at 0 and 10, that end at 30 and 25.
  private func law(secondEnds: Nanoseconds = 25, secondArrives: Nanoseconds = 10) -> LittlesLaw {
    var law = LittlesLaw()
    law.arrived(at: 0)
    law.advance(by: 10)
    law.arrived(at: 10)
    law.advance(by: 15)
    law.ended(record(arrival: secondArrives, finished: secondEnds), at: 25)
    law.advance(by: 5)
    law.ended(record(arrival: 0, finished: 30), at: 30)
    law.advance(by: 100)
    return law
  }

  @Test func holds() throws {
    try law().verify(open: 0)
    try LittlesLaw().verify(open: 0)
  }

  @Test func aRecordThatWasTamperedWithIsFound() {
    #expect(throws: PitwallError.self) { try law(secondEnds: 26).verify(open: 0) }
    #expect(throws: PitwallError.self) { try law(secondArrives: 9).verify(open: 0) }
  }

  @Test func aRequestThatDidNotEndOrEndedTwiceIsFound() {
    var open = law()
    open.arrived(at: 130)
    #expect(throws: PitwallError.self) { try open.verify(open: 1) }
    var twice = law()
    twice.ended(record(arrival: 130, finished: 130), at: 130)
    #expect(throws: PitwallError.self) { try twice.verify(open: -1) }
  }
}

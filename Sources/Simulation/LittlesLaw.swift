import Orchestration
import Primitives

/// The number of requests in the system, integrated over time, must equal the time that requests
/// spent in it, added up: two counts that come about independently. Exact, in integers.
///
/// J. D. C. Little, "A proof for the queuing formula L = lambda W", Operations Research 1961.
package struct LittlesLaw {
  private var present = 0
  private var area: Int128 = 0
  private var sojourn: Int128 = 0

  /// Nobody has come.
  package init() {}

  /// Time passes.
  package mutating func advance(by time: Nanoseconds) { area += Int128(present) * Int128(time) }

  /// A request has come.
  package mutating func arrived(at time: Nanoseconds) { present += 1 }

  /// A request has ended, by its own record.
  package mutating func ended(_ record: RequestRecord, at time: Nanoseconds) {
    present -= 1
    sojourn += Int128(record.finished - record.arrival)
  }

  /// - Throws: `PitwallError` (fault) if the law does not hold or a request did not end exactly once.
  package func verify(open: Int) throws {
    guard open == 0, present == 0 else {
      throw PitwallError.fault("\(open) requests did not end, or ended twice")
    }
    guard area == sojourn else {
      throw PitwallError.fault(
        "Little's law is broken: \(area) request-ns in the system, \(sojourn) in the records")
    }
  }
}

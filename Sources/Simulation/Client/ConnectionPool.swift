import DequeModule
import Primitives

/// The connections of a client: those in use, and those that are closed but keep their ports.
package struct ConnectionPool {
  private let model: ClientModel
  private var inFlight = 0
  /// When the ports of closed connections become free, rising.
  private var freedAt: Deque<Nanoseconds> = []

  package init(_ model: ClientModel) { self.model = model }

  /// Opens a connection; false if there is none to be had. Times never fall from call to call.
  package mutating func open(at time: Nanoseconds) -> Bool {
    while let first = freedAt.first, first <= time { freedAt.removeFirst() }
    if let most = model.maxInFlight, inFlight >= most { return false }
    if let ports = model.ports, inFlight + freedAt.count >= ports { return false }
    inFlight += 1
    return true
  }

  /// Closes one.
  package mutating func close(at time: Nanoseconds) {
    inFlight -= 1
    guard model.ports != nil, model.portHold > 0 else { return }
    let (end, overflow) = time.addingReportingOverflow(model.portHold)
    freedAt.append(overflow ? .max : end)
  }
}

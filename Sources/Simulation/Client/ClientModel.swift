import Orchestration
import Primitives

/// What keeps clients from sending requests: each request has a connection of its own, and there
/// are only so many. A request for which there is none is never sent and not tried again.
///
/// On Linux a machine has 28,232 ports for outgoing connections (`ip_local_port_range`), and a
/// closed connection keeps its port for 60 s (TIME_WAIT). A load generator that opens a connection
/// a request therefore has fewer in flight the faster the server is.
public struct ClientModel: Sendable, Equatable {
  /// Most requests in flight at once; nil where nothing limits them.
  public var maxInFlight: Int?
  /// Local ports for connections; nil where they never run out.
  public var ports: Int?
  /// How long a connection keeps its port after its request has ended.
  public var portHold: Nanoseconds

  /// A client.
  /// - Parameter portHold: TIME_WAIT, 60 s on Linux.
  public init(
    maxInFlight: Int? = nil, ports: Int? = nil, portHold: Nanoseconds = 60_000_000_000
  ) {
    self.maxInFlight = maxInFlight
    self.ports = ports
    self.portHold = portHold
  }
}

extension RequestRecord {
  /// A request that comes, and ends at once since it cannot be sent.
  init(unsent request: Request, at time: Nanoseconds) {
    self.init(
      request: request.id, tenant: request.tenant, adapterSet: request.adapterSet,
      promptTokens: request.promptTokens, arrival: request.arrival)
    outcome = .unsent
    finished = time
  }
}

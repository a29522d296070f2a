import Orchestration
import Primitives

/// What clients do beside sending requests, and what keeps them from it: each request has a
/// connection of its own, and there are only so many. A request for which there is none is never sent and not tried again.
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

  /// How often the client asks a server for its metrics, from one answer to the next question; nil
  /// if it does not. ``FrontendModel`` says what that does.
  public var scrapeInterval: Nanoseconds?

  /// A client.
  /// - Parameter portHold: TIME_WAIT, 60 s on Linux.
  public init(
    maxInFlight: Int? = nil, ports: Int? = nil, portHold: Nanoseconds = 60_000_000_000,
    scrapeInterval: Nanoseconds? = nil
  ) {
    self.maxInFlight = maxInFlight
    self.ports = ports
    self.portHold = portHold
    self.scrapeInterval = scrapeInterval
  }
}

extension RequestRecord {
  /// A request that ends before a server has seen it.
  package init(_ request: Request, _ outcome: Outcome, at time: Nanoseconds) {
    self.init(
      request: request.id, tenant: request.tenant, adapterSet: request.adapterSet,
      promptTokens: request.promptTokens, arrival: request.arrival)
    self.outcome = outcome
    finished = time
  }
}

import Orchestration
import Primitives

/// A named choice of policies: what an experiment compares.
public struct Strategy: Sendable {
  /// The name in tables and charts.
  public var name: String
  /// Who leaves the device.
  public var eviction: Parameters
  /// Who leaves host memory and disk.
  public var hostEviction: Parameters
  /// What is brought in advance.
  public var prefetch: Parameters
  /// Who runs next.
  public var scheduling: Parameters
  /// Which replica serves a request.
  public var routing: Parameters
  /// Which adapters serve a request.
  public var selection: Parameters
  /// Whether loads hold up the steps; nil for what the server does.
  public var loading: ReplicaConfiguration.Loading?
  /// Who makes way where adapters are copied inside steps; nil for what the server does.
  public var activation: ReplicaConfiguration.Activation?

  /// LRU everywhere, no prefetch, first come first served: what vLLM does.
  public init(name: String) throws {
    self.name = name
    eviction = try Parameters("lru")
    hostEviction = try Parameters("lru")
    prefetch = try Parameters("none")
    scheduling = try Parameters("fcfs")
    routing = try Parameters("least-loaded")
    selection = try Parameters("explicit")
  }

  /// A server as the strategy has it copy adapters.
  func applied(to server: ServerSpec) -> ServerSpec {
    var server = server
    if let loading { server.loading = loading }
    if let activation { server.activation = activation }
    return server
  }
}

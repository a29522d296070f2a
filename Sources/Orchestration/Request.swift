import Primitives

/// What a server knows of a request when it arrives. Its output length is not among it, though a
/// client may say the most that it wants.
public struct Request: Sendable, Equatable, BitwiseCopyable {
  /// Row in the trace, or a live server's own number.
  public var id: Int32
  /// When it came.
  public var arrival: Nanoseconds
  /// The adapters it asks for.
  public var adapterSet: AdapterSetID
  /// Prompt tokens, at least 1.
  public var promptTokens: Int32
  /// Who sent it.
  public var tenant: Int32
  /// The conversation it belongs to.
  public var session: Int32
  /// Larger is more urgent.
  public var priority: Int32
  /// Index of its metadata in the trace's table; only selection looks at it.
  public var metadata: Int32
  /// The most tokens that it may produce (`max_tokens`); nil if the client does not say, or the server
  /// does not look.
  public var outputLimit: Int32?

  /// Makes a request.
  public init(
    id: Int32, arrival: Nanoseconds, adapterSet: AdapterSetID, promptTokens: Int32,
    tenant: Int32 = 0, session: Int32 = 0, priority: Int32 = 0, metadata: Int32 = 0,
    outputLimit: Int32? = nil
  ) {
    self.id = id
    self.arrival = arrival
    self.adapterSet = adapterSet
    self.promptTokens = max(1, promptTokens)
    self.tenant = tenant
    self.session = session
    self.priority = priority
    self.metadata = metadata
    self.outputLimit = outputLimit
  }
}

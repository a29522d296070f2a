import Primitives

/// Decides which adapters serve a request, before anything else is decided about it.
public protocol SelectionPolicy: ~Copyable, Sendable {
  /// The adapter set that serves the request; `request.adapterSet` is what it asked for.
  mutating func select(for request: Request) -> AdapterSetID
}

/// What a selection policy knows from the start. Names are resolved once, here.
public struct SelectionContext: Sendable {
  /// The set of each adapter alone, by the adapter's name.
  public var setByAdapter: [String: AdapterSetID]
  /// The key-value pairs of each metadata index; the first is empty.
  public var metadata: [[(key: String, value: String)]]
  /// For policies that draw lots.
  public var seed: UInt64

  /// Makes a context.
  public init(
    setByAdapter: [String: AdapterSetID], metadata: [[(key: String, value: String)]], seed: UInt64
  ) {
    self.setByAdapter = setByAdapter
    self.metadata = metadata
    self.seed = seed
  }
}

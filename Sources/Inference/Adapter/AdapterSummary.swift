/// What there is to say of each update of an adapter without running it.
public struct AdapterSummary: Sendable {
  /// One update.
  public struct Module: Sendable {
    public let site: LoRASite
    public let rank: Int
    public let scaling: Double
    /// How A and B are stored.
    public let types: (a: ElementType, b: ElementType)
    public let byteCount: Int
    /// Root of the sum of squares of scale B A; not a number where a value is not finite.
    public let norm: Double
    /// Whether every value of both matrices is finite.
    public let isFinite: Bool
  }

  public let adapter: LoRAAdapter
  /// In the order in which a model computes them.
  public let modules: [Module]

  /// Reads all of an adapter.
  public init(of adapter: LoRAAdapter) {
    self.adapter = adapter
    modules = adapter.updates.sorted { $0.key < $1.key }.map { Module(site: $0, $1) }
  }

  public var isFinite: Bool { modules.allSatisfy(\.isFinite) }

  /// Root of the sum of squares of all updates.
  public var norm: Double { modules.reduce(0) { $0 + $1.norm * $1.norm }.squareRoot() }
}

extension AdapterSummary.Module {
  init(site: LoRASite, _ update: LoRAUpdate) {
    let (a, b) = (DenseMatrix(update.a), DenseMatrix(update.b))
    self.site = site
    rank = update.rank
    scaling = update.scaling
    types = (update.a.type, update.b.type)
    byteCount = update.byteCount
    isFinite = a.isFinite && b.isFinite
    norm = isFinite ? Self.norm(b, a) * update.scaling.magnitude : .nan
  }

  /// Of B A, out of the inner products of B's columns and of A's rows where that is less work: then
  /// no more memory is taken than by A and B.
  private static func norm(_ b: DenseMatrix, _ a: DenseMatrix) -> Double {
    guard a.rows * a.rows < b.rows * a.columns else { return (b * a).frobeniusNorm }
    let products = zip((b.transposed() * b).values, (a * a.transposed()).values)
    return max(0, products.reduce(0) { $0 + Double($1.0) * Double($1.1) }).squareRoot()
  }
}

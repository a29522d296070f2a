import CKernels
import Primitives

/// Makes one adapter of several, as PEFT's `add_weighted_adapter` does.
///
/// Kinds without SVD act on A and on B, each weighted by the root of weight times scale, and need
/// adapters of one rank; kinds with SVD act on the difference of weights, scale B A, and bring the
/// result back to a low rank by its largest singular values. `cat` and `svd` of sufficient rank are
/// exact sums; the others are heuristics.
public struct AdapterMerge: Sendable {
  /// Named as PEFT names them.
  public enum Kind: String, Sendable, CaseIterable {
    /// Weighted sum.
    case linear
    /// Side by side, of the sum of all ranks.
    case cat
    case svd
    /// Trim, elect signs, merge (Yadav et al., NeurIPS 2023, arXiv 2306.01708).
    case ties
    case tiesSVD = "ties_svd"
    /// Drop and rescale (Yu et al., ICML 2024, arXiv 2311.03099), then a weighted sum.
    case dareLinear = "dare_linear"
    /// Drop and rescale, then elect signs.
    case dareTies = "dare_ties"
    case dareLinearSVD = "dare_linear_svd"
    case dareTiesSVD = "dare_ties_svd"
    /// Trim, then a weighted sum.
    case magnitudePrune = "magnitude_prune"
    case magnitudePruneSVD = "magnitude_prune_svd"

    /// Whether it acts on the difference of weights.
    public var usesSVD: Bool { self == .svd || rawValue.hasSuffix("_svd") }

    /// What it does to the values before they are summed.
    var pruning: TaskVectors.Pruning {
      switch self {
      case .linear, .cat, .svd: .none
      case .ties, .tiesSVD, .magnitudePrune, .magnitudePruneSVD: .magnitude
      case .dareLinear, .dareTies, .dareLinearSVD, .dareTiesSVD: .random
      }
    }

    var electsSigns: Bool {
      [.ties, .tiesSVD, .dareTies, .dareTiesSVD].contains(self)
    }

    /// Whether it leaves out a share of the values.
    public var needsDensity: Bool { pruning != .none }
  }

  /// What decides the sign of a value.
  public enum MajoritySign: String, Sendable, CaseIterable {
    /// The sum of the values.
    case total
    /// How many values are positive and how many negative.
    case frequency
  }

  public var kind: Kind
  /// One for each adapter; may be negative.
  public var weights: [Double]
  /// Share of the values that is kept, above 0 and at most 1; of no effect on kinds without pruning.
  public var density: Double
  public var majoritySign: MajoritySign
  /// Rank of the result for kinds with SVD; nil for the largest among the adapters.
  public var rank: Int?
  /// Decides which values random pruning drops.
  public var seed: UInt64

  public init(
    kind: Kind, weights: [Double], density: Double = 1, majoritySign: MajoritySign = .total,
    rank: Int? = nil, seed: UInt64 = 1
  ) {
    self.kind = kind
    self.weights = weights
    self.density = density
    self.majoritySign = majoritySign
    self.rank = rank
    self.seed = seed
  }

  /// Merges adapters for the same model. A single one is scaled by its weight, whatever the kind.
  ///
  /// The result's alpha is its rank, so that its scale is 1, but whether it is rsLoRA stays as with
  /// the first adapter, so that its scale may be the root of its rank: PEFT computes so, and a merge
  /// is compared with PEFT's.
  ///
  /// - Throws: `PitwallError`: (usage) where the options do not fit the adapters; (data) where the
  ///   adapters do not fit each other or hold numbers that are not finite.
  public func merge(_ adapters: [LoRAAdapter]) throws -> AdapterContents {
    try merge(adapters) { value in Drops.keptAtRandom(value, density: density, seed: seed) }
  }

  /// - Parameter kept: says which values random pruning keeps.
  func merge(
    _ adapters: [LoRAAdapter], kept: (Drops.Value) -> [Bool]
  ) throws -> AdapterContents {
    try check(adapters)
    try checkAreOfOneModel(adapters)
    // Threads of OpenBLAS wait by spinning: beside other work two of them take many times as long as
    // one. The engine, too, uses one.
    openblas_set_num_threads(1)
    let kind = adapters.count == 1 ? .linear : kind
    let rank = try resultRank(of: adapters, kind)
    var factors: [LoRASite: LoRAFactors] = [:]
    for site in Set(adapters.flatMap(\.updates.keys)).sorted() {
      let tasks = try tasks(at: site, adapters, rank: rank)
      let merger = SiteMerge(options: self, kind: kind, site: site, rank: rank, tasks: tasks)
      factors[site] = try merger.factors(kept)
    }
    var configuration = AdapterConfiguration(
      rank: rank, alpha: Double(rank), usesRSLoRA: adapters[0].configuration.usesRSLoRA,
      targets: targets(of: adapters, Array(factors.keys)))
    let models = Set(adapters.map(\.configuration.baseModel))
    configuration.baseModel = models.count == 1 ? adapters[0].configuration.baseModel : nil
    return AdapterContents(configuration: configuration, factors: factors)
  }

  /// Refuses adapters of models of which a matrix has another shape, or the residual stream another
  /// width, also where they change different matrices.
  private func checkAreOfOneModel(_ adapters: [LoRAAdapter]) throws {
    var shapes: [Projection: (shape: [Int], adapter: String)] = [:]
    var width: (size: Int, adapter: String)?
    for adapter in adapters {
      for (site, update) in adapter.updates.sorted(by: { $0.key < $1.key }) {
        let shape = [update.b.rows, update.a.columns]
        let first = shapes[site.projection] ?? (shape, adapter.name)
        shapes[site.projection] = first
        let size = shape[site.projection.streamDimension]
        let firstWidth = width ?? (size, adapter.name)
        width = firstWidth
        guard first.shape == shape else {
          throw PitwallError.data(
            update.a.file.path,
            "\(site.module) has the shape \(shape), in \(first.adapter) \(first.shape): "
              + "they are for different models")
        }
        guard firstWidth.size == size else {
          throw PitwallError.data(
            update.a.file.path,
            "\(site.module) is for a model of width \(size), \(firstWidth.adapter) for one of "
              + "\(firstWidth.size)")
        }
      }
    }
  }

  private func check(_ adapters: [LoRAAdapter]) throws {
    guard !adapters.isEmpty else { throw PitwallError(.usage, "there is no adapter to merge") }
    guard weights.count == adapters.count else {
      throw PitwallError(
        .usage, "\(weights.count) weights for \(adapters.count) adapters: one for each is needed")
    }
    guard weights.allSatisfy({ Float($0).isFinite }) else {
      throw PitwallError(.usage, "weights must be finite")
    }
    guard density > 0, density <= 1 else {
      throw PitwallError(.usage, "the density must be above 0 and at most 1")
    }
    if let rank, !AdapterConfiguration.ranks.contains(rank) {
      throw PitwallError(
        .usage, "the rank must be from 1 to \(AdapterConfiguration.ranks.upperBound)")
    }
  }

  private func resultRank(of adapters: [LoRAAdapter], _ kind: Kind) throws -> Int {
    let ranks = adapters.map {
      ([$0.configuration.rank] + $0.configuration.rankPattern.map(\.value)).reduce(0, max)
    }
    let largest = ranks.reduce(0, max)
    if kind == .cat { return ranks.reduce(0, +) }
    if kind.usesSVD { return rank ?? largest }
    guard Set(ranks).count == 1 else {
      throw PitwallError(
        .data,
        "\(kind.rawValue) needs adapters of one rank, these have \(list(ranks)); "
          + "cat and the kinds with svd do not")
    }
    return largest
  }

  /// The updates of one matrix, with the weights of their adapters.
  private func tasks(
    at site: LoRASite, _ adapters: [LoRAAdapter], rank: Int
  ) throws -> [SiteMerge.Task] {
    var tasks: [SiteMerge.Task] = []
    for (index, adapter) in adapters.enumerated() {
      guard let update = adapter.updates[site] else { continue }
      let task = SiteMerge.Task(adapter: index, weight: weights[index], update: update)
      guard task.isWithinBounds(resultRank: rank) else {
        throw PitwallError.data(update.a.file.path, "\(site.module) is too large to be merged")
      }
      guard task.factors.a.isFinite, task.factors.b.isFinite else {
        throw PitwallError.data(
          update.a.file.path, "\(site.module) holds numbers that are not finite")
      }
      tasks.append(task)
    }
    return tasks
  }

  /// Last parts of names where every adapter names modules so, else every module in full.
  private func targets(
    of adapters: [LoRAAdapter], _ sites: [LoRASite]
  ) -> AdapterConfiguration.Modules {
    let areWhole = adapters.map(\.configuration).allSatisfy {
      guard case .names(let names) = $0.targets else { return false }
      return $0.layers == nil && $0.excluded == nil && !names.contains { $0.contains(".") }
    }
    return .names(Set(sites.map { areWhole ? $0.projection.name : $0.module }))
  }

  private func list(_ ranks: [Int]) -> String { ranks.map(String.init).joined(separator: ", ") }
}

import Primitives

/// Merges the updates of one matrix.
struct SiteMerge {
  /// The update by one adapter.
  struct Task {
    /// Which adapter.
    let adapter: Int
    let weight: Double
    let scaling: Double
    let factors: LoRAFactors

    init(adapter: Int, weight: Double, update: LoRAUpdate) {
      self.adapter = adapter
      self.weight = weight
      scaling = update.scaling
      factors = LoRAFactors(a: DenseMatrix(update.a), b: DenseMatrix(update.b))
    }

    /// Whether neither the difference of weights nor the result takes more than a gigabyte, which is
    /// more than the largest matrices of published models need.
    func isWithinBounds(resultRank rank: Int) -> Bool {
      let (rows, columns) = (factors.b.rows, factors.a.columns)
      let sizes = [[rows, columns], [rows, rank], [columns, rank]].map(StoredTensor.product)
      return sizes.allSatisfy { $0.map { $0 <= 1 << 28 } ?? false }
    }

    var delta: DenseMatrix { (factors.b * factors.a).scaled(by: Float(scaling)) }
  }

  let options: AdapterMerge
  let kind: AdapterMerge.Kind
  let site: LoRASite
  /// Rank of the result; smaller updates are filled up with zeros.
  let rank: Int
  /// At least one.
  let tasks: [Task]

  func factors(_ kept: (Drops.Value) -> [Bool]) throws -> LoRAFactors {
    let factors: LoRAFactors
    if kind == .cat {
      factors = concatenated()
    } else if kind == .svd {
      let sum = concatenated()
      guard sum.a.isFinite else { throw overflow }
      factors = try SingularValues(ofProduct: sum.b, sum.a).factors(rank: rank)
    } else if kind.usesSVD {
      // Pruning leaves a difference of weights that has full rank: it is decomposed whole.
      let deltas = tasks.map(\.delta)
      let delta = combined(deltas, weights: tasks.map { Float($0.weight) }, part: nil, kept)
      guard delta.isFinite else { throw overflow }
      factors = try SingularValues(of: delta).factors(rank: rank)
    } else {
      factors = try combined(kept)
    }
    guard factors.a.isFinite, factors.b.isFinite else { throw overflow }
    return LoRAFactors(
      a: factors.a.padded(rows: rank, columns: factors.a.columns),
      b: factors.b.padded(rows: factors.b.rows, columns: rank))
  }

  private var overflow: PitwallError {
    PitwallError(.data, "merging \(site.module) gives numbers that are not finite")
  }

  /// A below A, with weight and scale; B beside B.
  private func concatenated() -> LoRAFactors {
    let (columns, rows) = (tasks[0].factors.a.columns, tasks[0].factors.b.rows)
    let total = tasks.reduce(0) { $0 + $1.factors.rank }
    let weighted = tasks.map {
      $0.factors.a.scaled(by: Float($0.weight)).scaled(by: Float($0.scaling))
    }
    var b: [Float] = []
    b.reserveCapacity(rows * total)
    for row in 0..<rows {
      for task in tasks {
        let width = task.factors.rank
        b += task.factors.b.values[row * width..<(row + 1) * width]
      }
    }
    return LoRAFactors(
      a: DenseMatrix(rows: total, columns: columns, values: weighted.flatMap(\.values)),
      b: DenseMatrix(rows: rows, columns: total, values: b))
  }

  /// A of all A and B of all B. The sign of a weight goes to A alone: on both it would vanish.
  private func combined(_ kept: (Drops.Value) -> [Bool]) throws -> LoRAFactors {
    guard Set(tasks.map(\.factors.rank)).count == 1 else {
      throw PitwallError(
        .data,
        "\(site.module) has different ranks in the adapters, which \(kind.rawValue) "
          + "cannot merge")
    }
    let products = tasks.map { $0.weight * $0.scaling }
    let roots = products.map { Float($0.magnitude.squareRoot()) }
    let signed = zip(products, roots).map { $0 >= 0 ? $1 : -$1 }
    return LoRAFactors(
      a: combined(tasks.map(\.factors.a), weights: signed, part: .a, kept),
      b: combined(tasks.map(\.factors.b), weights: roots, part: .b, kept))
  }

  private func combined(
    _ matrices: [DenseMatrix], weights: [Float], part: LoRAPart?, _ kept: (Drops.Value) -> [Bool]
  ) -> DenseMatrix {
    var vectors = TaskVectors(matrices.map(\.values))
    switch kind.pruning {
    case .none: break
    case .magnitude: vectors.keepLargest(density: options.density)
    case .random:
      // Keeping everything draws nothing.
      guard options.density < 1 else { break }
      vectors.keep(rescaledBy: options.density) { index, count in
        kept(Drops.Value(site: site, part: part, adapter: tasks[index].adapter, count: count))
      }
    }
    let values = vectors.merged(
      weights: weights, electingBy: kind.electsSigns ? options.majoritySign : nil)
    return DenseMatrix(rows: matrices[0].rows, columns: matrices[0].columns, values: values)
  }
}

/// Which values random pruning drops.
enum Drops {
  /// A matrix whose values are drawn for.
  struct Value: Hashable {
    let site: LoRASite
    /// nil for the difference of weights.
    let part: LoRAPart?
    /// Which of the adapters.
    let adapter: Int
    /// How many values it has.
    let count: Int
  }

  /// Keeps each value with probability `density`. What is drawn for a matrix depends on nothing but
  /// the seed and which matrix it is.
  static func keptAtRandom(_ value: Value, density: Double, seed: UInt64) -> [Bool] {
    var random = RandomStream(
      seed: seed, purpose: "dare \(value.part?.name ?? "delta") \(value.site.module)",
      entity: UInt64(clamping: value.adapter))
    return (0..<value.count).map { _ in random.uniform() < density }
  }
}

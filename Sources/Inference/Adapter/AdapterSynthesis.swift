import Foundation
import Primitives

/// Makes adapters of random numbers, for loads that need many of them.
///
/// A is normal with variance 1/in, B with a variance that gives every adapter's difference of weights
/// about the same size, whatever its rank and scale. Numbers depend on seed, number and matrix alone.
public struct AdapterSynthesis: Sendable {
  public var rank: Int
  /// Numerator of the scale.
  public var alpha: Double
  public var usesRSLoRA: Bool
  public var projections: Set<Projection>
  /// Size of the difference of weights, relative to that of a matrix that keeps the size of what it
  /// is multiplied with.
  public var strength: Double
  public var seed: UInt64

  public init(
    rank: Int = 8, alpha: Double = 16, usesRSLoRA: Bool = false,
    projections: Set<Projection> = [.query, .value], strength: Double = 0.35, seed: UInt64 = 1
  ) {
    self.rank = rank
    self.alpha = alpha
    self.usesRSLoRA = usesRSLoRA
    self.projections = projections
    self.strength = strength
    self.seed = seed
  }

  /// One of many adapters for a model.
  /// - Throws: `PitwallError` (usage) where the options make no adapter.
  public func make(number: UInt64, for model: ModelConfiguration) throws -> AdapterContents {
    let ranks = AdapterConfiguration.ranks
    guard ranks.contains(rank) else {
      throw PitwallError(.usage, "the rank must be from 1 to \(ranks.upperBound)")
    }
    guard !projections.isEmpty else { throw PitwallError(.usage, "no module is named") }
    guard alpha.isFinite, alpha != 0, strength.isFinite else {
      throw PitwallError(.usage, "alpha must be finite and not 0, the strength finite")
    }
    let root = Double(rank).squareRoot()
    let scaling = usesRSLoRA ? alpha / root : alpha / Double(rank)
    var factors: [LoRASite: LoRAFactors] = [:]
    for layer in 0..<model.layers {
      for projection in projections {
        let shape = projection.shape(in: model)
        guard let size = StoredTensor.product([shape.out + shape.in, rank]), size <= 1 << 28 else {
          throw PitwallError(.usage, "a rank of \(rank) is too large for this model")
        }
        let site = LoRASite(layer: layer, projection: projection)
        let gain = 1 / Double(shape.in).squareRoot()
        factors[site] = LoRAFactors(
          a: normal(rank, shape.in, deviation: gain, site, .a, number),
          b: normal(shape.out, rank, deviation: strength / root / scaling, site, .b, number))
      }
    }
    let configuration = AdapterConfiguration(
      rank: rank, alpha: alpha, usesRSLoRA: usesRSLoRA,
      targets: .names(Set(projections.map(\.name))))
    return AdapterContents(configuration: configuration, factors: factors)
  }

  private func normal(
    _ rows: Int, _ columns: Int, deviation: Double, _ site: LoRASite, _ part: LoRAPart,
    _ number: UInt64
  ) -> DenseMatrix {
    var random = RandomStream(
      seed: seed, purpose: "synthetic \(part.name) \(site.module)", entity: number)
    var matrix = DenseMatrix(rows: rows, columns: columns)
    // Box and Muller's pairs.
    for first in stride(from: 0, to: matrix.values.count, by: 2) {
      let radius = (-2 * log(random.uniformAboveZero())).squareRoot() * deviation
      let angle = 2 * Double.pi * random.uniform()
      matrix.values[first] = Float(radius * cos(angle))
      if first + 1 < matrix.values.count { matrix.values[first + 1] = Float(radius * sin(angle)) }
    }
    return matrix
  }
}

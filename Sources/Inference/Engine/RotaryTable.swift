import Foundation
import Primitives

/// Cosines and sines of rotary position embedding for every position that an engine may reach.
///
/// J. Su et al., "RoFormer", 2021. Angles are computed as Hugging Face transformers does, frequencies
/// and their products with positions in 32 bits, because at position 1000 another rounding of the
/// frequency is visible in the logits.
@safe struct RotaryTable {
  private let memory: AlignedMemory
  private let half: Int

  /// - Throws: `PitwallError` (unavailable) where there is no memory for it.
  init(_ model: ModelConfiguration, positions: Int) throws {
    half = model.headSize / 2
    memory = try AlignedMemory(byteCount: positions * half * 2 * 4, for: "the rotary table")
    let frequencies = RotaryTable.frequencies(model)
    for position in 0..<positions {
      for (index, frequency) in frequencies.enumerated() {
        let angle = Double(Float(position) * frequency)
        unsafe cosines(at: position)[index] = Float(cos(angle))
        unsafe sines(at: position)[index] = Float(sin(angle))
      }
    }
  }

  func cosines(at position: Int) -> UnsafeMutablePointer<Float> {
    unsafe memory.floats + position * 2 * half
  }

  func sines(at position: Int) -> UnsafeMutablePointer<Float> {
    unsafe memory.floats + position * 2 * half + half
  }

  /// Radians per position of each pair.
  static func frequencies(_ model: ModelConfiguration) -> [Float] {
    (0..<model.headSize / 2).map { pair in
      let exponent = Float(2 * pair) / Float(model.headSize)
      let frequency = 1 / Float(pow(model.ropeTheta, Double(exponent)))
      return scaled(frequency, by: model.ropeScaling)
    }
  }

  private static func scaled(_ frequency: Float, by scaling: ModelConfiguration.RopeScaling)
    -> Float
  {
    switch scaling {
    case .none: return frequency
    case .linear(let factor): return frequency / Float(factor)
    case .llama3(let factor, let low, let high, let original):
      let context = Double(original)
      let wavelength = 2 * Float.pi / frequency
      if wavelength > Float(context / low) { return frequency / Float(factor) }
      if wavelength < Float(context / high) { return frequency }
      let smooth = (Float(context) / wavelength - Float(low)) / Float(high - low)
      return (1 - smooth) * frequency / Float(factor) + smooth * frequency
    }
  }
}

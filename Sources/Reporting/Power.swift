import Foundation

/// Powers, in the one place that needs the C library for it.
enum Power {
  /// `base` to the power of `exponent`.
  static func of(_ base: Double, _ exponent: Double) -> Double { pow(base, exponent) }
}

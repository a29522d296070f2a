import Foundation
import Primitives
import Testing
import Workload

@testable import Validation

/// Published measurements that are not part of this repository.
enum SharedData {
  /// The folder, beside the repository.
  static let folder = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("shared/validation").path

  static let isThere = FileManager.default.fileExists(atPath: folder)
}

extension ClientLengths {
  /// Somewhat like conversations: many short prompts and outputs, few long ones.
  static let conversations: ClientLengths = {
    let prompt = QuantileTable(bins: [
      (4, 40, 0.35), (40, 140, 0.2), (140, 400, 0.2), (400, 700, 0.15), (700, 1000, 0.1),
    ])
    let output = QuantileTable(bins: [
      (4, 70, 0.4), (70, 340, 0.35), (340, 600, 0.18), (600, 1010, 0.065), (1010, 1400, 0),
      (1400, 1500, 0.005),
    ])
    guard let prompt, let output else { preconditionFailure("the bins are in order") }
    return ClientLengths(
      prompt: prompt, output: output, correlation: -0.4, promptMean: 222.5, outputMean: 196.6)
  }()
}

/// Mean, and variance about it.
func moments(_ values: [Double]) -> (mean: Double, variance: Double) {
  let mean = values.reduce(0, +) / Double(values.count)
  return (mean, values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count))
}

/// Pearson's correlation.
func correlation(_ a: [Double], _ b: [Double]) -> Double {
  let (x, y) = (moments(a), moments(b))
  let covariance = zip(a, b).reduce(0) { $0 + ($1.0 - x.mean) * ($1.1 - y.mean) }
  return covariance / Double(a.count) / (x.variance * y.variance).squareRoot()
}

/// What an error says.
func message(_ body: () throws -> Void) -> String? {
  do {
    try body()
    return nil
  } catch let error as PitwallError {
    return "\(error.code.rawValue) \(error)"
  } catch {
    return "\(error)"
  }
}

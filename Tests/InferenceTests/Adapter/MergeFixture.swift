import Foundation
import Testing

@testable import Inference

/// What PEFT made of the adapters of `tiny-tied`, by `add_weighted_adapter` and `merge_and_unload`.
struct MergeFixture {
  /// A case of `add_weighted_adapter`.
  struct Case: Decodable, Sendable, CustomTestStringConvertible {
    var name = ""
    let combination: String
    let adapters: [String]
    let weights: [Double]
    let density: Double?
    let majority: String?
    let svdRank: Int?
    let rank: Int
    let alpha: Double
    let usesRSLoRA: Bool
    let targets: [String]

    var testDescription: String { name }

    enum CodingKeys: String, CodingKey {
      case adapters, weights, density
      case combination = "combination_type"
      case majority = "majority_sign_method"
      case svdRank = "svd_rank"
      case rank = "result_r"
      case alpha = "result_alpha"
      case usesRSLoRA = "result_use_rslora"
      case targets = "result_targets"
    }
  }

  /// The modules whose results are in the file.
  static let sites = [
    LoRASite(layer: 0, projection: .query), LoRASite(layer: 1, projection: .value),
    LoRASite(layer: 1, projection: .down),
  ]

  static let cases: [Case] = {
    let path = Fixtures.path("tiny-merge.json")
    guard let data = FileManager.default.contents(atPath: path),
      let file = try? JSONSerialization.jsonObject(with: data) as? [String: Any],
      let cases = file["cases"] as? [String: Any]
    else { return [] }
    return cases.keys.sorted().filter { $0.hasPrefix("weighted/") }.compactMap { key in
      guard let value = cases[key], let text = try? JSONSerialization.data(withJSONObject: value),
        var decoded = try? JSONDecoder().decode(Case.self, from: text)
      else { return nil }
      decoded.name = key
      return decoded
    }
  }()

  private let file: SafeTensorsFile
  private let masks: [String: [Bool]]

  init() throws {
    let path = Fixtures.path("tiny-merge.safetensors")
    file = try SafeTensorsFile(path: path)
    masks = try MergeFixture.masks(in: Data(contentsOf: URL(fileURLWithPath: path)))
  }

  /// The tensors of bytes, which are none of a model's.
  private static func masks(in data: Data) throws -> [String: [Bool]] {
    let length = data.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
    let header = try JSONSerialization.jsonObject(with: data[8..<8 + length])
    var masks: [String: [Bool]] = [:]
    for (name, value) in try #require(header as? [String: Any]) {
      guard let entry = value as? [String: Any], entry["dtype"] as? String == "U8" else { continue }
      let offsets = try #require(entry["data_offsets"] as? [Int])
      masks[name] = data[8 + length + offsets[0]..<8 + length + offsets[1]].map { $0 != 0 }
    }
    return masks
  }

  func matrix(_ name: String) -> DenseMatrix? { file.tensors[name].map(DenseMatrix.init) }

  /// PEFT draws for A of each adapter, then for B of each, or for the difference of each.
  func mask(_ name: String, _ value: Drops.Value, of adapters: Int) -> [Bool] {
    let number = value.adapter + (value.part == .b ? adapters : 0)
    // Of the other modules there are no results to compare with.
    return masks["\(name)/\(value.site.module)/mask\(number)"]
      ?? Array(repeating: true, count: value.count)
  }
}

/// Largest difference between two matrices; infinite where their shapes differ.
func distance(_ a: DenseMatrix, _ b: DenseMatrix) -> Float {
  guard a.rows == b.rows, a.columns == b.columns else { return .infinity }
  return zip(a.values, b.values).reduce(0) { max($0, abs($1.0 - $1.1)) }
}

extension LoRAUpdate {
  /// What the update adds to the weights, scale B A, `[out][in]`: multiplied out first, then scaled,
  /// as PEFT does it.
  func delta() -> DenseMatrix {
    (DenseMatrix(b) * DenseMatrix(a)).scaled(by: scale)
  }
}

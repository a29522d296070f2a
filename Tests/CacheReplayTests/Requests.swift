import CacheReplay
import Foundation
import Orchestration
import Primitives

/// Random requests, as a trace and as a file of oracleGeneral.
struct Requests {
  var records: [(seconds: UInt32, key: UInt64, bytes: UInt32)] = []

  /// Skewed requests to objects of different sizes; keys are far apart.
  init(_ count: Int, objects: Int, seed: UInt64, unit: Bool = false) {
    var random = RandomStream(seed: seed, purpose: "requests")
    for index in 0..<count {
      let object = Int(Double(objects) * random.uniform() * random.uniform())
      let bytes = unit ? 1 : UInt32(1 + RandomStream.mix(UInt64(object)) % 1000)
      records.append((UInt32(index / 10), UInt64(object) &* 0x9e37_79b9 << 20, bytes))
    }
  }

  var file: [UInt8] {
    records.flatMap { record in
      bytes(record.seconds) + bytes(record.key) + bytes(record.bytes) + bytes(Int64(-1))
    }
  }

  func trace() throws -> ObjectTrace { try ObjectTrace(oracleGeneral: file, name: "random") }

  private func bytes(_ value: some FixedWidthInteger) -> [UInt8] {
    stride(from: 0, to: value.bitWidth, by: 8).map { UInt8(truncatingIfNeeded: value >> $0) }
  }
}

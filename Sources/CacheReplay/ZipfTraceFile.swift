import Foundation
import Orchestration
import Primitives
import Workload

/// A trace of independent requests to objects of one byte, popular by Zipf's law, as a file of
/// libCacheSim's oracleGeneral: what both programs can be timed on.
public struct ZipfTraceFile: Sendable {
  /// Number of requests and of objects.
  public var requests = 5_000_000
  public var objects = 100_000
  /// The exponent s of `1 / rank^s`.
  public var exponent = 1.0
  /// Of the draws.
  public var seed: UInt64 = 1

  /// The trace that libCacheSim's published figures were measured on.
  public init() {}

  /// Writes the file: a request each millisecond, with the position of the next one to its object.
  /// - Throws: `PitwallError`: usage where nothing can be drawn, inputOutput where it cannot be
  ///   written.
  public func write(to path: String) throws {
    guard requests > 0, requests < Int(Int32.max), objects > 0,
      let table = AliasTable(weights: Popularity.zipf(exponent: exponent).weights(objects))
    else { throw PitwallError(.usage, "a Zipf trace of \(requests) requests cannot be made") }
    var random = RandomStream(seed: seed, purpose: "bench.cache")
    let drawn = (0..<requests).map { _ in AdapterID(table.draw(&random)) }
    let future = RequestedFuture(of: drawn, count: objects)
    var file: [UInt8] = []
    file.reserveCapacity(24 * requests)
    func append(_ value: some FixedWidthInteger, _ file: inout [UInt8]) {
      for shift in stride(from: 0, to: value.bitWidth, by: 8) {
        file.append(UInt8(truncatingIfNeeded: value >> shift))
      }
    }
    for (position, object) in drawn.enumerated() {
      let next = future.nextUse[position]
      append(UInt32(position / 1000), &file)
      append(UInt64(object), &file)
      append(UInt32(1), &file)
      append(next == RequestedFuture.never ? -1 : Int64(next), &file)
    }
    do {
      try Data(file).write(to: URL(filePath: path))
    } catch {
      throw PitwallError(.inputOutput, at: path, "cannot be written")
    }
  }
}

import Foundation
import Primitives

/// One replay of a trace through a cache by itself: what was replayed, and what missed.
public struct CacheRun: Sendable, Equatable {
  /// Changes when the same replay gives another result.
  public static let modelVersion = "cache 1"

  /// What the trace is called here: its name, or that of a level of load.
  public var workload: String
  /// Where it was read from.
  public var traceName: String
  /// The transforms that it went through.
  public var transforms: [String]
  /// SHA-256 of what was replayed.
  public var traceDigest: String
  /// The policy with its parameters.
  public var policy: String
  /// Whether the policy knows the future.
  public var isClairvoyant: Bool
  /// Objects that fit, where the cache counts them; nil where it counts bytes.
  public var slots: Int?
  /// Bytes that fit, where it counts bytes.
  public var capacity: Bytes?
  /// For policies that draw lots.
  public var seed: UInt64
  /// Requests at the beginning that were not counted.
  public var warmUp: Int
  /// Requests that were counted, and how many missed.
  public var requests: Int64 = 0
  public var misses: Int64 = 0
  /// Their bytes.
  public var bytes: Bytes = 0
  public var missedBytes: Bytes = 0
  /// The load time of all that was requested, and of what missed.
  public var cost: Nanoseconds = 0
  public var missedCost: Nanoseconds = 0
  /// Objects that left.
  public var evictions: Int64 = 0
  /// The program that replayed it, the machine and the time.
  public var codeRevision = ""
  public var host = ""
  public var startedAt = Date(timeIntervalSince1970: 0)

  /// Describes a replay.
  public init(
    workload: String, traceName: String, transforms: [String] = [], traceDigest: String,
    policy: String, isClairvoyant: Bool = false, slots: Int? = nil, capacity: Bytes? = nil,
    seed: UInt64 = 1, warmUp: Int = 0
  ) {
    self.workload = workload
    self.traceName = traceName
    self.transforms = transforms
    self.traceDigest = traceDigest
    self.policy = policy
    self.isClairvoyant = isClairvoyant
    self.slots = slots
    self.capacity = capacity
    self.seed = seed
    self.warmUp = warmUp
  }

  /// The share of requests that missed; 0 of nothing.
  public var missRatio: Double { requests > 0 ? Double(misses) / Double(requests) : 0 }

  /// Twelve hexadecimal digits of all that decides the result: equal ids, equal results.
  public var id: String {
    var hash = SHA256()
    hash.update(Self.modelVersion + "\n")
    for field in [traceDigest, policy] { hash.update(field + "\n") }
    for number in [
      Int64(slots ?? -1), capacity ?? -1, Int64(bitPattern: seed), Int64(warmUp),
    ] { hash.update(number) }
    return String(hash.hexDigest().prefix(12))
  }
}

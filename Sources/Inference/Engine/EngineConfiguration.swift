import Foundation
import Primitives

/// Sizes of an engine, fixed when it is made.
public struct EngineConfiguration: Sendable {
  /// Positions of a key-value block, which is one page of the pool; a multiple of 16.
  public var kvBlockTokens = 16
  /// Pages of the pool.
  public var poolPages = 512
  /// Tokens of one step, prompts and decodes together.
  public var maxBatchTokens = 512
  /// Sequences at a time.
  public var maxSequences = 64
  /// Positions of a sequence; nil for as many as the model and the pool allow.
  public var maxContext: Int?
  /// The largest rank of an adapter.
  public var maxRank = 128
  /// What ``maxRank`` can be.
  public static let ranks = 1...1 << 10
  public var storage: WeightStorage = .widened
  /// Threads that compute, the caller's included.
  public var workers = ProcessInfo.processInfo.activeProcessorCount
  public var instructionSet: InstructionSet = .widest

  public init() {}

  /// - Throws: `PitwallError` (usage).
  func validate() throws {
    func check(_ holds: Bool, _ message: String) throws {
      guard holds else { throw PitwallError(.usage, message) }
    }
    try check(
      (16...4096).contains(kvBlockTokens) && kvBlockTokens.isMultiple(of: 16),
      "a key-value block has \(kvBlockTokens) tokens; it must be a multiple of 16 up to 4096")
    try check((1...1 << 24).contains(poolPages), "a pool of \(poolPages) pages is out of range")
    try check(
      (1...1 << 16).contains(maxBatchTokens), "a step of \(maxBatchTokens) tokens is out of range")
    try check((1...1 << 12).contains(maxSequences), "\(maxSequences) sequences is out of range")
    try check(
      EngineConfiguration.ranks.contains(maxRank), "a largest rank of \(maxRank) is out of range")
    try check((1...256).contains(workers), "\(workers) workers is out of range")
    try check(
      maxContext.map { (1...1 << 24).contains($0) } ?? true,
      "a context of \(maxContext ?? 0) tokens is out of range")
  }
}

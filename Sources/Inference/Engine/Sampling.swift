import Foundation
import Primitives

/// How the next token of a sequence is chosen.
public struct Sampling: Sendable, Equatable {
  /// 0 takes the most likely token always.
  public var temperature: Float
  /// Of how many most likely tokens one is drawn; 0 for all.
  public var topK: Int
  /// Of the most likely tokens that together have this probability one is drawn; 1 for all.
  public var topP: Float
  /// The same seed draws the same tokens, whatever else is in the batch.
  public var seed: UInt64

  public init(temperature: Float = 0, topK: Int = 0, topP: Float = 1, seed: UInt64 = 0) {
    self.temperature = temperature
    self.topK = topK
    self.topP = topP
    self.seed = seed
  }

  /// The most likely token always.
  public static let greedy = Sampling()

  /// - Throws: `PitwallError` (usage) for numbers out of range.
  func validate() throws {
    guard temperature >= 0, temperature.isFinite, topK >= 0, topP > 0, topP <= 1 else {
      throw PitwallError(
        .usage, "sampling needs a temperature and top-k of at least 0 and a top-p in (0, 1]")
    }
  }
}

/// Draws tokens, in memory of its own that is made once.
@safe final class Sampler {
  private let heap: UnsafeMutableBufferPointer<Candidate>

  private struct Candidate {
    var logit: Float
    var token: Int32

    /// More likely, or as likely and earlier.
    static func < (a: Candidate, b: Candidate) -> Bool {
      a.logit < b.logit || (a.logit == b.logit && a.token > b.token)
    }
  }

  init(vocabularySize: Int) { unsafe heap = .allocate(capacity: vocabularySize) }

  deinit { unsafe heap.deallocate() }

  /// A token by a draw in [0, 1).
  func draw(
    _ logits: UnsafeMutablePointer<Float>, _ sampling: Sampling, uniform: Double
  ) -> Int32 {
    let count = unsafe heap.count
    var greatest = -Float.infinity
    for token in 0..<count { unsafe greatest = max(greatest, logits[token]) }
    func weight(_ logit: Float) -> Double {
      exp(Double((logit - greatest) / sampling.temperature))
    }
    if sampling.topK == 0 && sampling.topP == 1 {
      return pick(count: count, uniform: uniform) { unsafe (Int32($0), weight(logits[$0])) }
    }
    for token in 0..<count {
      unsafe heap[token] = Candidate(logit: logits[token], token: Int32(truncatingIfNeeded: token))
    }
    for root in stride(from: count / 2 - 1, through: 0, by: -1) { sink(root, count) }
    // Popped candidates gather behind the heap, the most likely last. The nucleus is one of the
    // probabilities that top-k leaves.
    var popped = 0
    func pop() -> Double {
      unsafe heap.swapAt(0, count - 1 - popped)
      popped += 1
      sink(0, count - popped)
      return unsafe weight(heap[count - popped].logit)
    }
    var whole = 0.0
    var kept = 0
    var sum = 0.0
    if sampling.topK == 0 {
      for token in 0..<count { unsafe whole += weight(logits[token]) }
      while kept < count, kept == 0 || sum < Double(sampling.topP) * whole {
        sum += pop()
        kept += 1
      }
    } else {
      while popped < min(sampling.topK, count) { whole += pop() }
      while kept < popped, kept == 0 || sum < Double(sampling.topP) * whole {
        unsafe sum += weight(heap[count - 1 - kept].logit)
        kept += 1
      }
    }
    return pick(count: kept, uniform: uniform) {
      let candidate = unsafe heap[count - 1 - $0]
      return (candidate.token, weight(candidate.logit))
    }
  }

  private func pick(count: Int, uniform: Double, _ candidate: (Int) -> (Int32, Double)) -> Int32 {
    var whole = 0.0
    for index in 0..<count { whole += candidate(index).1 }
    var left = uniform * whole
    for index in 0..<count {
      let (token, weight) = candidate(index)
      left -= weight
      if left < 0 { return token }
    }
    return candidate(max(0, count - 1)).0
  }

  private func sink(_ root: Int, _ count: Int) {
    var parent = root
    while true {
      var child = 2 * parent + 1
      guard child < count else { return }
      if child + 1 < count, unsafe heap[child] < heap[child + 1] { child += 1 }
      guard unsafe heap[parent] < heap[child] else { return }
      unsafe heap.swapAt(parent, child)
      parent = child
    }
  }
}

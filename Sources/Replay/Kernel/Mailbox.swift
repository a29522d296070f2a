import Foundation
import Primitives

/// What threads of a kernel world send one another: a queue that its one reader can wait at.
///
/// `@unchecked Sendable`: `messages` is touched only while `condition` is locked.
final class Mailbox<Message: Sendable>: @unchecked Sendable {
  private let condition = NSCondition()
  private var messages: [Message] = []

  func post(_ message: Message) {
    condition.lock()
    messages.append(message)
    condition.signal()
    condition.unlock()
  }

  /// The messages that are there, the oldest first, or none.
  func takeWithoutWaiting() -> [Message] {
    condition.lock()
    defer { condition.unlock() }
    defer { messages.removeAll(keepingCapacity: true) }
    return messages
  }

  /// The messages that are there, the oldest first; waits for one, until a time at the longest.
  func take(until deadline: Date? = nil) -> [Message] {
    condition.lock()
    defer { condition.unlock() }
    while messages.isEmpty {
      guard let deadline else {
        condition.wait()
        continue
      }
      if !condition.wait(until: deadline) { break }
    }
    defer { messages.removeAll(keepingCapacity: true) }
    return messages
  }
}

/// Time since a run's start, in nanoseconds that never run backwards.
struct KernelClock: Sendable {
  private let start = ContinuousClock.now

  var now: Nanoseconds { time(of: .now) }

  func time(of instant: ContinuousClock.Instant) -> Nanoseconds {
    let (seconds, attoseconds) = (instant - start).components
    return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
  }

  /// The date of a time, for a wait of a second at most: whoever waits looks at this clock again, and
  /// a change of the date does no harm.
  func date(of time: Nanoseconds) -> Date {
    Date(timeIntervalSinceNow: min(max(0, time - now), 1_000_000_000).seconds)
  }
}

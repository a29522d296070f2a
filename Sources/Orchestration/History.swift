import Primitives

/// The last things that happened on a replica, for the message of a broken invariant.
struct History {
  enum Kind: String {
    case arrived, transferEnded = "transfer of", stepEnded = "step ended, finished:", preempted
  }

  private static let length = 24
  private var entries: [(time: Nanoseconds, kind: Kind, subject: Int32)] = []
  private var position = 0

  mutating func note(_ kind: Kind, _ subject: Int32, at time: Nanoseconds) {
    if entries.count < History.length {
      entries.append((time, kind, subject))
    } else {
      entries[position] = (time, kind, subject)
    }
    position = (position + 1) % History.length
  }

  var description: String {
    let order =
      entries.count < History.length ? entries[...] : entries[position...] + entries[..<position]
    return order.map { "\($0.time) ns \($0.kind.rawValue) \($0.subject)" }.joined(separator: "; ")
  }
}

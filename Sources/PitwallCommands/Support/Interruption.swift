import Dispatch
import Foundation

/// Turns Ctrl-C and a polite request to end into a call, so that work can be put away first. A
/// second one ends the process at once.
struct Interruption {
  private let sources: [any DispatchSourceSignal]
  private static let signals = [SIGINT, SIGTERM]

  /// Begins to listen; `handler` is called on a thread of its own.
  init(_ handler: @escaping @Sendable () -> Void) { self.init { _ in handler() } }

  /// - Parameter handler: is called with the signal, which ends the process if it comes again.
  init(_ handler: @escaping @Sendable (_ signal: Int32) -> Void) {
    let queue = DispatchQueue(label: "interruption")
    sources = Interruption.signals.map { number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      source.setEventHandler {
        signal(number, SIG_DFL)
        handler(number)
      }
      source.activate()
      return source
    }
  }

  /// Stops listening.
  func end() {
    for source in sources { source.cancel() }
    for number in Interruption.signals { signal(number, SIG_DFL) }
  }
}

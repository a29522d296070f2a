import Foundation
import Inference
import Orchestration
import Primitives

/// The copying of one adapter, as it goes from thread to thread: the world's begins and ends it, a
/// copier's does it, the engine's has its pages.
///
/// `@unchecked Sendable`: `load` and `adapter` are written by the engine's or the copier's thread
/// before the transfer is handed on through a ``Mailbox``, and read after; the flags are touched only
/// while `condition` is locked.
final class KernelTransfer: @unchecked Sendable {
  /// What was decided.
  let transfer: Transfer
  /// The adapter's folder.
  let folder: String
  /// When it may end, on a link that is held to a duration.
  let notBefore: Nanoseconds
  /// What is copied to the device, or has been read into host memory.
  var adapter: LoRAAdapter?
  /// On its way into the pool.
  var load: AdapterLoad?
  private let condition = NSCondition()
  private var isCancelled = false
  private var isCopying = false

  init(
    _ transfer: Transfer, folder: String, notBefore: Nanoseconds, adapter: LoRAAdapter? = nil
  ) {
    self.transfer = transfer
    self.folder = folder
    self.notBefore = notBefore
    self.adapter = adapter
  }

  /// Copies piece by piece, unless it is cancelled before that is done. Returns whether all is there.
  func copy() -> Bool {
    guard let load, begin() else { return false }
    defer { end() }
    while !load.isComplete, mayGoOn { load.copyPiece() }
    return load.isComplete
  }

  /// Sees to it that nothing is written into the load's pages from now on.
  func cancel() {
    condition.lock()
    isCancelled = true
    while isCopying { condition.wait() }
    condition.unlock()
  }

  private func begin() -> Bool {
    condition.lock()
    defer { condition.unlock() }
    isCopying = !isCancelled
    return isCopying
  }

  private var mayGoOn: Bool {
    condition.lock()
    defer { condition.unlock() }
    return !isCancelled
  }

  private func end() {
    condition.lock()
    isCopying = false
    condition.broadcast()
    condition.unlock()
  }
}

/// A thread that makes the transfers of one link, one after the other, and says when each is done.
struct Copier: Sendable {
  private enum Message: Sendable {
    case copy(KernelTransfer)
    case stop
  }

  private let mailbox = Mailbox<Message>()

  /// Starts the thread.
  /// - Parameter ended: called on it with each transfer that has been made.
  init(
    model: ModelConfiguration,
    ended: @escaping @Sendable (Result<KernelTransfer, any Error>) -> Void
  ) {
    let mailbox = mailbox
    Thread {
      LoadingPriority.adopt()
      while true {
        for message in mailbox.take() {
          guard case .copy(let transfer) = message else { return }
          do {
            if try Copier.make(transfer, model) { ended(.success(transfer)) }
          } catch {
            ended(.failure(error))
          }
        }
      }
    }.start()
  }

  func copy(_ transfer: KernelTransfer) { mailbox.post(.copy(transfer)) }
  func stop() { mailbox.post(.stop) }

  private static func make(_ transfer: KernelTransfer, _ model: ModelConfiguration) throws -> Bool {
    guard transfer.transfer.destination == .host else { return transfer.copy() }
    transfer.adapter = try LoRAAdapter.read(transfer.folder, for: model)
    return true
  }
}

extension LoRAAdapter {
  /// Opens an adapter and reads its file, so that the mapping's pages are in memory.
  /// - Throws: as ``open(_:for:)``.
  static func read(_ folder: String, for model: ModelConfiguration) throws -> LoRAAdapter {
    let adapter = try open(folder, for: model)
    for path in Set(adapter.updates.values.flatMap { [$0.a.file.path, $0.b.file.path] }) {
      guard FileManager.default.contents(atPath: path) != nil else {
        throw PitwallError(.noInput, at: path, "it cannot be read")
      }
    }
    return adapter
  }
}

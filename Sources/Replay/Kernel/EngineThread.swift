import Foundation
import Inference
import Orchestration
import Primitives

/// A step as the engine is told it.
struct KernelStep: Sendable {
  /// A sequence that begins with this step.
  struct Start: Sendable {
    let slot: Int32
    let adapters: [AdapterUse]
  }

  /// A piece of a prompt, or of a prompt and what was generated before a preemption.
  struct Chunk: Sendable {
    let slot: Int32
    let tokens: [Int32]
    let completes: Bool
  }

  var starts: [Start] = []
  var chunks: [Chunk] = []
  /// Sequences that decode.
  var decodes: [Int32] = []
}

/// What the world tells the engine. It does one after the other, so that pages are given back before
/// those who were promised them ask.
enum EngineOrder: Sendable {
  /// Sequences have ended, or lost their cache.
  case end([Int32])
  case unload(AdapterID)
  /// Take an adapter's pages, and have it copied.
  case reserve(KernelTransfer)
  /// An adapter has been copied.
  case finish(KernelTransfer)
  /// A transfer that was reserved is off.
  case cancel(KernelTransfer)
  /// Bring an adapter in that is there when the run begins.
  case load(KernelTransfer)
  /// Copy an adapter as part of the next step, and take so long over it at least.
  case copy(KernelTransfer, lasting: Nanoseconds)
  case step(KernelStep)
  case stop

  /// Whether it is carried out within a step that is under way, between two layers: the step's
  /// sequences have nothing to do with it.
  var fitsIntoStep: Bool {
    switch self {
    case .unload, .reserve, .finish, .cancel: true
    case .end, .load, .copy, .step, .stop: false
    }
  }
}

/// What the world hears from the other threads.
enum KernelEvent: Sendable {
  /// The engine waits for orders.
  case ready
  /// An adapter's bytes are where they were to go.
  case copied(KernelTransfer)
  /// Copies that were part of a step are made, and it begins to compute.
  case copiesEnded(at: ContinuousClock.Instant)
  /// A step has ended, with these tokens.
  case stepEnded(at: ContinuousClock.Instant, tokens: [(slot: Int32, token: Int32)])
  case failed(any Error)
}

/// The thread that the engine belongs to.
struct EngineThread: Sendable {
  private let orders = Mailbox<EngineOrder>()
  private let ended = Mailbox<Void>()

  /// Starts it: reads the weights, then says that it is ready.
  init(
    _ deployment: KernelDeployment, _ configuration: EngineConfiguration,
    copier: Copier, events: Mailbox<KernelEvent>
  ) {
    let (orders, ended) = (orders, ended)
    let thread = Thread {
      do {
        var work = try EngineWork(
          Inference.Engine(deployment.checkpoint, configuration), orders, copier, events)
        work.serve()
      } catch {
        events.post(.failed(error))
      }
      ended.post(())
    }
    thread.stackSize = 8 << 20
    thread.start()
  }

  func tell(_ order: EngineOrder) { orders.post(order) }

  /// Has the thread end after what it has been told, and waits for that. Called once.
  func stop() {
    orders.post(.stop)
    _ = ended.take()
  }
}

/// The engine, and who is in it; lives on one thread.
private struct EngineWork {
  private let engine: Inference.Engine
  private let orders: Mailbox<EngineOrder>
  private let copier: Copier
  private let events: Mailbox<KernelEvent>
  /// Orders that have been taken and not carried out.
  private var queue: [EngineOrder] = []
  private var isBroken = false
  /// Sequences by the orchestrator's slot, and back.
  private var sequences: [Int32: SequenceID] = [:]
  private var slots: [SequenceID: Int32] = [:]
  private var input = StepInput()
  /// Whether copies of the step to come have been made.
  private var copied = false

  init(
    _ engine: Inference.Engine, _ orders: Mailbox<EngineOrder>, _ copier: Copier,
    _ events: Mailbox<KernelEvent>
  ) {
    self.engine = engine
    self.orders = orders
    self.copier = copier
    self.events = events
  }

  /// Computes a prompt of a block, so that no first request pays for memory that is touched first.
  private mutating func warmUp() throws {
    let sequence = try engine.begin()
    let count = min(engine.configuration.maxBatchTokens, engine.maxContext, 16)
    input.prefill(sequence, Array(repeating: 0, count: count), samples: true)
    try engine.step(input) { _, _ in }
    input.removeAll()
    try engine.end(sequence)
  }

  /// Carries out orders until the last of them. After an error it does nothing but wait for that one:
  /// a copier may still write into the pool.
  mutating func serve() {
    report {
      try $0.warmUp()
      $0.events.post(.ready)
    }
    while true {
      if queue.isEmpty { queue = orders.take() }
      guard let order = queue.first else { continue }
      queue.removeFirst()
      if case .stop = order { return }
      report { try $0.carryOut(order) }
    }
  }

  /// Does something that may fail, unless something has failed before.
  private mutating func report(_ work: (inout EngineWork) throws -> Void) {
    guard !isBroken else { return }
    do { try work(&self) } catch {
      isBroken = true
      events.post(.failed(error))
    }
  }

  /// Carries out what need not wait for the end of the step that is under way.
  private mutating func carryOutBetweenLayers() {
    queue += orders.takeWithoutWaiting()
    while let order = queue.first, order.fitsIntoStep {
      queue.removeFirst()
      report { try $0.carryOut(order) }
    }
  }

  private mutating func carryOut(_ order: EngineOrder) throws {
    switch order {
    case .end(let slots): for slot in slots { try end(slot) }
    case .unload(let adapter): try engine.unload(Int(adapter))
    case .reserve(let transfer):
      try reserve(transfer)
      copier.copy(transfer)
    case .finish(let transfer): if let load = transfer.load { try engine.finish(load) }
    case .cancel(let transfer):
      transfer.cancel()
      if let load = transfer.load { engine.cancel(load) }
    case .load(let transfer): try load(transfer)
    case .copy(let transfer, let time): try copy(transfer, lasting: time)
    case .step(let step): try run(step)
    case .stop: break
    }
  }

  private mutating func end(_ slot: Int32) throws {
    guard let sequence = sequences.removeValue(forKey: slot) else { return }
    slots[sequence] = nil
    try engine.end(sequence)
  }

  private func reserve(_ transfer: KernelTransfer) throws {
    guard let adapter = transfer.adapter else {
      throw PitwallError.fault("adapter \(transfer.transfer.adapter) is not in host memory")
    }
    transfer.load = try engine.beginLoad(adapter, as: Int(transfer.transfer.adapter))
  }

  private func load(_ transfer: KernelTransfer) throws {
    try reserve(transfer)
    guard transfer.copy(), let load = transfer.load else {
      throw PitwallError.fault("adapter \(transfer.transfer.adapter) was not copied")
    }
    try engine.finish(load)
  }

  private mutating func copy(_ transfer: KernelTransfer, lasting time: Nanoseconds) throws {
    let end = ContinuousClock.now + .nanoseconds(time)
    if transfer.transfer.destination == .device { try load(transfer) }
    copied = true
    Thread.sleep(forTimeInterval: max(0, (end - .now) / .seconds(1)))
  }

  private mutating func run(_ step: KernelStep) throws {
    if copied { events.post(.copiesEnded(at: .now)) }
    copied = false
    for start in step.starts {
      let sequence = try engine.begin(adapters: start.adapters)
      sequences[start.slot] = sequence
      slots[sequence] = start.slot
    }
    input.removeAll()
    for chunk in step.chunks {
      input.prefill(try sequence(chunk.slot), chunk.tokens, samples: chunk.completes)
    }
    for slot in step.decodes { input.decode(try sequence(slot)) }
    var tokens: [(slot: Int32, token: Int32)] = []
    let (engine, input) = (engine, input)
    try engine.step(input, betweenLayers: { carryOutBetweenLayers() }) { sequence, token in
      if let slot = slots[sequence] { tokens.append((slot, token)) }
    }
    events.post(.stepEnded(at: .now, tokens: tokens))
  }

  private func sequence(_ slot: Int32) throws -> SequenceID {
    guard let sequence = sequences[slot] else {
      throw PitwallError.fault("the engine has no sequence for slot \(slot)")
    }
    return sequence
  }
}

import BasicContainers
import Inference
import Orchestration
import Primitives
import Simulation

// What the orchestrator decides, as orders to the other threads.
extension KernelWorld {
  /// Carries out what has been decided, and books who has ended.
  mutating func settle() throws {
    books.note(orchestrator.replicas[0].sample(at: now))
    bookEnded()
    var decisions: [Decision] = []
    orchestrator.replicas[0].takeDecisions { decisions.append($0) }
    releaseSequences(restarting: decisions.contains(.run))
    for decision in decisions {
      switch decision {
      case .begin(let transfer): begin(transfer)
      case .copy(let transfer): try copy(transfer)
      case .cancel(let transfer): cancel(transfer)
      case .drop(let adapter, let tier):
        if tier == .device { engine.tell(.unload(adapter)) }
        if tier == .host { hosted[adapter] = nil }
      case .run: try launch()
      case .wake(let time): wakes.append(max(time, now))
      }
    }
    if options.checks, let broken = orchestrator.replicas[0].brokenInvariant() {
      throw PitwallError.fault("at \(now) ns, \(broken)")
    }
  }

  mutating func bookEnded() {
    var records: [RequestRecord] = []
    orchestrator.replicas[0].takeEnded { records.append($0) }
    for record in records {
      served[record.request] = nil
      books.add(record, tokens: generated.removeValue(forKey: record.request) ?? [], at: now)
    }
  }

  /// Frees the pages of sequences that have ended or were preempted, before anybody who was promised
  /// them asks. A preempted one may be back in its slot already: then its prompt begins anew.
  private mutating func releaseSequences(restarting: Bool) {
    let running = Set(orchestrator.replicas[0].runningSlots)
    var gone = inEngine.keys.filter {
      !running.contains($0) || orchestrator.replicas[0].request(of: $0) != inEngine[$0]
    }
    if restarting {
      for chunk in orchestrator.replicas[0].plan.chunks
      where chunk.offset == 0 && inEngine[chunk.slot] != nil && !gone.contains(chunk.slot) {
        gone.append(chunk.slot)
      }
    }
    guard !gone.isEmpty else { return }
    for slot in gone { inEngine[slot] = nil }
    engine.tell(.end(gone.sorted()))
  }

  // MARK: Transfers

  func kernelTransfer(_ transfer: Transfer, notBefore: Nanoseconds) -> KernelTransfer {
    KernelTransfer(
      transfer, folder: adapters.folders[Int(transfer.adapter)], notBefore: notBefore,
      adapter: transfer.destination == .device ? hosted[transfer.adapter] : nil)
  }

  /// How long the link takes at least.
  private func duration(of transfer: Transfer) -> Nanoseconds {
    guard adapters.throttle == .accelerator else { return 0 }
    return min(
      model.duration(of: transfer, adapters.catalogue.adapters[Int(transfer.adapter)]), .max / 4)
  }

  private mutating func begin(_ transfer: Transfer) {
    let copying = kernelTransfer(transfer, notBefore: now + duration(of: transfer))
    // The cache folder is the remote store, and the disk too: between them nothing is copied.
    underWay[transfer.adapter] = UnderWay(
      transfer: copying, isCopied: transfer.destination == .disk)
    switch transfer.destination {
    case .device: engine.tell(.reserve(copying))
    case .host: hostCopier.copy(copying)
    case .disk, .remote: break
    }
  }

  private mutating func copy(_ transfer: Transfer) throws {
    if transfer.destination == .host {
      hosted[transfer.adapter] = try LoRAAdapter.read(
        adapters.folders[Int(transfer.adapter)], for: adapters.model)
    }
    let copying = kernelTransfer(transfer, notBefore: now)
    engine.tell(.copy(copying, lasting: duration(of: transfer)))
  }

  private mutating func cancel(_ transfer: Transfer) {
    guard let copying = underWay.removeValue(forKey: transfer.adapter)?.transfer else { return }
    copying.cancel()
    if transfer.destination == .device { engine.tell(.cancel(copying)) }
  }

  /// Tells of the transfers that have been made and whose link's time is up.
  mutating func endTransfers(by time: Nanoseconds) throws {
    let due = underWay.filter { $1.isCopied && $1.transfer.notBefore <= time }
    for (adapter, entry) in due.sorted(by: { $0.key < $1.key }) {
      // What was told before may have led to its being cancelled.
      guard underWay[adapter]?.transfer === entry.transfer else { continue }
      underWay[adapter] = nil
      let transfer = entry.transfer.transfer
      if transfer.destination == .device { engine.tell(.finish(entry.transfer)) }
      if transfer.destination == .host { hosted[adapter] = entry.transfer.adapter }
      orchestrator.replicas[0].transferEnded(transfer, at: now)
      try settle()
    }
  }

  // MARK: Steps

  private mutating func launch() throws {
    guard !isRunning else { throw PitwallError.fault("a step begins while another runs") }
    let plan = orchestrator.replicas[0].plan
    var step = KernelStep()
    if plan.decodes > 0 {
      step.decodes = orchestrator.replicas[0].runningSlots.filter {
        orchestrator.replicas[0].joined($0) >= 0
      }
    }
    guard step.decodes.count == plan.decodes else {
      throw PitwallError.fault("\(step.decodes.count) of \(plan.decodes) sequences can decode")
    }
    for chunk in plan.chunks {
      let request = orchestrator.replicas[0].request(of: chunk.slot)
      if chunk.offset == 0 {
        step.starts.append(
          KernelStep.Start(slot: chunk.slot, adapters: adapters.uses(of: served[request] ?? 0)))
        inEngine[chunk.slot] = request
      }
      step.chunks.append(
        KernelStep.Chunk(
          slot: chunk.slot, tokens: tokens(of: request, chunk), completes: chunk.completes))
    }
    isRunning = true
    engine.tell(.step(step))
  }

  /// A piece of a request's prompt, with what it had generated before it was preempted.
  private func tokens(of request: Int32, _ chunk: Orchestration.StepPlan.Chunk) -> [Int32] {
    let prompt = prompts.tokens(
      of: request, count: max(1, source.request(Int(request)).promptTokens))
    let all = prompt + (generated[request] ?? [])
    return Array(all.dropFirst(Int(chunk.offset)).prefix(Int(chunk.tokens)))
  }

  /// A step has ended: those end with it that have all their tokens.
  mutating func endStep(_ tokens: [(slot: Int32, token: Int32)]) throws {
    isRunning = false
    var finished: [Int32] = []
    for (slot, token) in tokens {
      guard let request = inEngine[slot] else { continue }
      generated[request, default: []].append(token)
      let count = generated[request]?.count ?? 0
      if count >= Int(source.outputTokens(Int(request))) { finished.append(slot) }
    }
    orchestrator.replicas[0].stepEnded(at: now, finished: finished)
    try settle()
  }
}

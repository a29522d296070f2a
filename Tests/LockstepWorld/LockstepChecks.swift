import BasicContainers
import Orchestration
import Primitives

/// Decisions, carried out by the world's own books and checked against them.
extension LockstepWorld {
  private mutating func violate(_ replica: Int, _ what: String) {
    log.violations.append("turn \(now), replica \(replica): \(what)")
  }

  mutating func begin(_ transfer: Transfer, _ replica: Int) {
    log.begun.append(Begun(at: now, replica: replica, transfer: transfer))
    let source = Int(transfer.destination.rawValue) - 1
    if source > 0, !states[replica].contents[source].contains(transfer.adapter) {
      violate(replica, "\(transfer) has no source")
    }
    if states[replica].contents[source + 1].contains(transfer.adapter) {
      violate(replica, "\(transfer) is there already")
    }
    let under = states[replica].inFlight.filter { !$0.isCancelled }.map(\.transfer)
    if under.contains(where: { $0.adapter == transfer.adapter }) {
      violate(replica, "\(transfer) is under way already")
    }
    let sameLink = under.filter { $0.destination == transfer.destination }
    if sameLink.count >= server.configuration.lanes[source] {
      violate(replica, "\(transfer) finds no lane")
    }
    let turns = transferTurns.lowerBound + random.index(below: transferTurns.count)
    states[replica].inFlight.append(
      InFlight(due: now + Nanoseconds(turns) * turnLength, transfer: transfer))
    checkRoom(replica)
  }

  /// A copy that is part of a step: done at once.
  mutating func copy(_ transfer: Transfer, _ replica: Int) {
    let tier = Int(transfer.destination.rawValue)
    if tier > 1, !states[replica].contents[tier - 1].contains(transfer.adapter) {
      violate(replica, "\(transfer) has no source")
    }
    if !states[replica].contents[tier].insert(transfer.adapter).inserted {
      violate(replica, "\(transfer) is there already")
    }
    log.bytesLanded[tier] += transfer.bytes
    log.copied.append(transfer)
    checkRoom(replica)
  }

  mutating func cancel(_ transfer: Transfer, _ replica: Int) {
    let index = states[replica].inFlight.firstIndex { $0.transfer == transfer && !$0.isCancelled }
    guard let index else { return violate(replica, "\(transfer) cancelled but not under way") }
    states[replica].inFlight[index].isCancelled = true
  }

  mutating func drop(_ adapter: AdapterID, _ tier: Tier, _ replica: Int) {
    if states[replica].contents[Int(tier.rawValue)].remove(adapter) == nil {
      violate(replica, "\(adapter) dropped from \(tier), where it is not")
    }
    let isSource = states[replica].inFlight.contains {
      !$0.isCancelled && $0.transfer.adapter == adapter
        && $0.transfer.destination.rawValue == tier.rawValue + 1
    }
    if isSource { violate(replica, "\(adapter) dropped from \(tier) while it is copied") }
    // A step that copies adapters may drop one of its own, if it copies it again before it runs.
    let isRunning = states[replica].stepBegan != nil || server.configuration.loading != .inStep
    if isRunning, tier == .device, usedAdapters(of: replica).contains(adapter) {
      violate(replica, "\(adapter) dropped while it is used")
    }
  }

  mutating func launch(_ replica: Int) {
    if states[replica].stepBegan != nil { violate(replica, "a step begins while another runs") }
    states[replica].stepBegan = now
    let pauses = orchestrator.replicas[replica].plan.decodes == 0
    let inStep = orchestrator.replicas[replica].plan.chunks.map(\.slot)
    let needed = usedAdapters(of: replica) { !pauses || inStep.contains($0) }
    let missing = needed.subtracting(states[replica].contents[3])
    if !missing.isEmpty { violate(replica, "a step runs without adapters \(missing.sorted())") }
    if orchestrator.replicas[replica].plan.promptTokens
      + orchestrator.replicas[replica].plan.decodes > server.configuration.tokenBudget,
      server.configuration.chunkedPrefill
    {
      violate(replica, "a step exceeds the token budget")
    }
    for chunk in orchestrator.replicas[replica].plan.chunks where chunk.offset == 0 {
      log.started.append(orchestrator.replicas[replica].request(of: chunk.slot))
    }
  }

  /// Adapters that running sequences use; none where the world cannot know which were selected.
  private func usedAdapters(
    of replica: Int, where isMeant: (Int32) -> Bool = { _ in true }
  ) -> Set<AdapterID> {
    guard server.selection == "explicit" else { return [] }
    var used: Set<AdapterID> = []
    for slot in orchestrator.replicas[replica].runningSlots where isMeant(slot) {
      let request = Int(orchestrator.replicas[replica].request(of: slot))
      used.formUnion(server.sets.members(jobs[request].request.adapterSet))
    }
    return used
  }

  /// Room, with what is arriving counted in.
  mutating func checkRoom(_ replica: Int) {
    let limits = [
      Bytes.max, server.configuration.diskBytes, server.configuration.hostBytes,
      server.configuration.adapterBytes,
    ]
    for tier in [Tier.disk, .host, .device] {
      var here = states[replica].contents[Int(tier.rawValue)]
      for flight in states[replica].inFlight
      where !flight.isCancelled && flight.transfer.destination == tier {
        here.insert(flight.transfer.adapter)
      }
      let bytes = here.reduce(Bytes(0)) { $0 + server.catalogue.bytes($1) }
      if bytes > limits[Int(tier.rawValue)] { violate(replica, "\(tier) overflows") }
      if tier == .device, let slots = server.configuration.slots, here.count > slots {
        violate(replica, "\(here.count) adapters in \(slots) slots")
      }
    }
  }
}

import CKernels

extension Forward {
  /// A group's products, then its adapters' updates round by round.
  func multiply(_ site: GroupSite) {
    let group = weights.layers[layer].groups[site.rawValue]
    planShrink(site, round: 0)
    run(.products(site), units: tasks.count + group.panels * rowParts(group))
    for round in 0..<plan.roundCount {
      if round > 0 {
        planShrink(site, round: round)
        run(.shrink(site, round: round), units: tasks.count)
      }
      planExpand(site, round: round)
      run(.expand(site, round: round), units: tasks.count)
    }
  }

  private func input(_ site: GroupSite) -> Rows {
    switch site {
    case .attentionInput, .feedForwardInput: buffers.normed
    case .attentionOutput: buffers.attentionOutput
    case .feedForwardOutput: buffers.feedForward
    }
  }

  /// Where a group's outputs go; those that end a block are added to the residual stream.
  private func output(_ site: GroupSite) -> (rows: Rows, accumulating: Bool) {
    switch site {
    case .attentionInput: (buffers.attentionInput, false)
    case .feedForwardInput: (buffers.feedForward, false)
    case .attentionOutput, .feedForwardOutput: (buffers.stream, true)
    }
  }

  /// Parts into which rows are cut so that the inputs of one stay in a core's second-level cache.
  private func rowParts(_ group: PanelGroup) -> Int {
    let most = max(12, (1 << 17) / group.columns / 12 * 12)
    return (plan.rows.count + most - 1) / most
  }

  /// One panel of a group for one part of the rows, or, of the first units, a shrink.
  func product(_ site: GroupSite, _ unit: Int) {
    guard unit >= tasks.count else { return shrink(site, 0, tasks[unit]) }
    let group = weights.layers[layer].groups[site.rawValue]
    let parts = rowParts(group)
    let part = (unit - tasks.count) / group.panels
    let first = plan.rows.count * part / parts
    let end = plan.rows.count * (part + 1) / parts
    let target = output(site)
    group.multiply(
      input(site), from: first, count: end - first, panel: (unit - tasks.count) % group.panels,
      into: target.rows, accumulating: target.accumulating, by: set)
  }

  /// Rows of a task, so that one adapter with many rows is shared by all workers.
  private static let taskRows = 48

  private func planShrink(_ site: GroupSite, round: Int) {
    tasks.removeAll(keepingCapacity: true)
    for segment in plan.rounds[round] {
      guard let adapter = adapters[segment.adapter] else { continue }
      for (part, projection) in site.projections.enumerated() {
        let groups = adapter.extent(layer: layer, projection).groups
        for group in 0..<groups {
          append(segment, part: part, extent: group..<group + 1)
        }
      }
    }
  }

  /// Multiplications that are worth handing to another worker.
  private static let taskWork = 1 << 13

  private func planExpand(_ site: GroupSite, round: Int) {
    tasks.removeAll(keepingCapacity: true)
    for segment in plan.rounds[round] {
      guard let adapter = adapters[segment.adapter] else { continue }
      for (part, projection) in site.projections.enumerated() {
        let extent = adapter.extent(layer: layer, projection)
        let work = max(1, extent.rank * min(segment.rows.count, Forward.taskRows))
        let step = max(1, Forward.taskWork / work)
        for first in stride(from: 0, to: extent.panels, by: step) {
          append(segment, part: part, extent: first..<min(first + step, extent.panels))
        }
      }
    }
  }

  private func append(_ segment: StepPlan.Segment, part: Int, extent: Range<Int>) {
    for first in stride(
      from: segment.rows.lowerBound, to: segment.rows.upperBound, by: Forward.taskRows)
    {
      let rows = first..<min(first + Forward.taskRows, segment.rows.upperBound)
      tasks.append(
        AdapterTask(adapter: segment.adapter, part: part, rows: rows, extent: extent))
    }
  }

  func shrink(_ site: GroupSite, _ round: Int, _ task: AdapterTask) {
    let ranks = buffers.ranks.from(column: task.part * buffers.rankStride)
    unsafe adapters[task.adapter]?.shrink(
      layer: layer, site.projections[task.part], group: task.extent.lowerBound, input(site),
      rows: task.rows, weights: buffers.weights[round], into: ranks, by: set)
  }

  func expand(_ site: GroupSite, _ task: AdapterTask) {
    let part = weights.layers[layer].groups[site.rawValue].parts[task.part]
    let ranks = buffers.ranks.from(column: task.part * buffers.rankStride)
    adapters[task.adapter]?.expand(
      layer: layer, site.projections[task.part], panels: task.extent, ranks, rows: task.rows,
      into: output(site).rows.from(column: part.column), by: set)
  }
}

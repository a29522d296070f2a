import CKernels
import Primitives

/// The forward pass of one step, phase by phase: each phase is a number of units that the workers
/// share, and the next begins when all are done.
///
/// A row's numbers depend on its own sequence alone: every kernel adds in the same order whatever
/// rows are beside it, so tokens are the same bits alone and in any batch.
///
/// `@unchecked Sendable`: workers read its fields, which only the engine's thread changes, between
/// phases; units of one phase write to different rows and columns.
@safe final class Forward: @unchecked Sendable {
  enum Phase {
    case embed, attentionNorm, rotate, attend, feedForwardNorm, activate, gather, head, sample
    /// Products of a group, with the first round of its adapters' shrinks.
    case products(GroupSite)
    case shrink(GroupSite, round: Int)
    case expand(GroupSite, round: Int)
  }

  /// A small product of an adapter: of a group of ranks, or onto some panels of outputs.
  struct AdapterTask {
    var adapter: Int
    var part: Int
    var rows: Range<Int>
    var extent: Range<Int>
  }

  /// Rows of a sequence that attend together, for each key-value head.
  struct AttentionTask {
    var firstRow: Int
    var count: Int
    var sequence: Int
    var position: Int
  }

  let weights: ModelWeights
  let buffers: ForwardBuffers
  let pool: DevicePool
  let tables: PageTables
  let rotary: RotaryTable
  let workers: Workers
  let set: InstructionSet
  var plan: StepPlan
  /// By place.
  var adapters: [ResidentAdapter?] = []
  var phase = Phase.embed
  var layer = 0
  var tasks: [AdapterTask] = []
  var attentionTasks: [AttentionTask] = []
  /// Tokens drawn, by output.
  var drawn: [Int32]
  var samplings: [(sampling: Sampling, uniform: Double)]
  let samplers: [Sampler]
  private var perform: Workers.Body = { _, _ in }

  static let normRows = 8

  init(
    _ weights: ModelWeights, _ configuration: EngineConfiguration, pool: DevicePool,
    tables: PageTables, context: Int, workers: Workers
  ) throws {
    self.weights = weights
    self.pool = pool
    self.tables = tables
    self.workers = workers
    set = configuration.instructionSet
    buffers = try ForwardBuffers(weights, configuration, context: context)
    rotary = try RotaryTable(weights.model, positions: context)
    plan = StepPlan(
      maxRows: configuration.maxBatchTokens, maxSequences: configuration.maxSequences)
    drawn = Array(repeating: 0, count: configuration.maxSequences)
    samplings = Array(repeating: (.greedy, 0), count: configuration.maxSequences)
    let size = weights.model.vocabularySize
    samplers = (0..<configuration.workers).map { _ in Sampler(vocabularySize: size) }
    attentionTasks.reserveCapacity(configuration.maxBatchTokens)
    tasks.reserveCapacity(1 << 14)
    // Made once: a closure for each phase would be an allocation for each.
    perform = { [unowned(unsafe) self] unit, worker in unsafe self.run(unit, worker) }
  }

  /// Computes the planned rows, and draws a token for each output.
  /// - Parameter betweenLayers: called before each layer, while nobody computes.
  func run(betweenLayers: () -> Void) {
    run(.embed, units: blocks(Forward.normRows))
    planAttention()
    for layer in 0..<weights.layers.count {
      self.layer = layer
      betweenLayers()
      run(.attentionNorm, units: blocks(Forward.normRows))
      multiply(.attentionInput)
      run(.rotate, units: blocks(Forward.normRows))
      run(.attend, units: attentionTasks.count * weights.model.keyValueHeads)
      multiply(.attentionOutput)
      run(.feedForwardNorm, units: blocks(Forward.normRows))
      multiply(.feedForwardInput)
      run(.activate, units: blocks(Forward.normRows))
      multiply(.feedForwardOutput)
    }
    guard !plan.outputs.isEmpty else { return }
    run(.gather, units: plan.outputs.count)
    run(.head, units: weights.head.panels)
    run(.sample, units: plan.outputs.count)
  }

  func run(_ phase: Phase, units: Int) {
    self.phase = phase
    workers.run(units: units, perform)
  }

  /// Blocks of up to `size` rows.
  private func blocks(_ size: Int) -> Int { (plan.rows.count + size - 1) / size }

  private func rows(ofBlock block: Int) -> Range<Int> {
    let first = block * Forward.normRows
    return first..<min(first + Forward.normRows, plan.rows.count)
  }

  private func run(_ unit: Int, _ worker: Int) {
    switch phase {
    case .embed: embed(rows(ofBlock: unit))
    case .attentionNorm:
      unsafe normalise(rows(ofBlock: unit), weights.layers[layer].attentionNorm)
    case .feedForwardNorm:
      unsafe normalise(rows(ofBlock: unit), weights.layers[layer].feedForwardNorm)
    case .rotate: rotate(rows(ofBlock: unit))
    case .attend: attend(unit, worker)
    case .activate: activate(rows(ofBlock: unit))
    case .gather: gather(unit)
    case .head: project(panel: unit)
    case .sample: sample(unit, worker)
    case .products(let site): product(site, unit)
    case .shrink(let site, let round): shrink(site, round, tasks[unit])
    case .expand(let site, _): expand(site, tasks[unit])
    }
  }

  private func embed(_ rows: Range<Int>) {
    for row in rows {
      unsafe weights.embedding.copyRow(Int(plan.rows[row].token), to: buffers.stream[row])
    }
  }

  private func normalise(_ rows: Range<Int>, _ weight: UnsafeMutablePointer<Float>) {
    for row in rows { unsafe normalise(buffers.stream[row], weight, into: buffers.normed[row]) }
  }

  private func normalise(
    _ x: UnsafeMutablePointer<Float>, _ weight: UnsafeMutablePointer<Float>,
    into y: UnsafeMutablePointer<Float>
  ) {
    unsafe pw_rms_norm(
      set.code, x, weight, Float(weights.model.normEpsilon),
      Int32(truncatingIfNeeded: weights.model.hiddenSize), y)
  }

  private func activate(_ rows: Range<Int>) {
    let group = weights.layers[layer].groups[GroupSite.feedForwardInput.rawValue]
    for row in rows {
      let gate = unsafe buffers.feedForward[row]
      unsafe pw_silu_multiply(
        set.code, gate, gate + group.parts[1].column,
        Int32(truncatingIfNeeded: weights.model.feedForwardSize))
    }
  }

  private func gather(_ output: Int) {
    let chunk = plan.chunks[plan.outputs[output]]
    unsafe normalise(
      buffers.stream[chunk.firstRow + chunk.count - 1], weights.norm, into: buffers.final[output])
  }

  private func project(panel: Int) {
    weights.head.multiply(
      buffers.final, from: 0, count: plan.outputs.count, panel: panel, into: buffers.logits,
      accumulating: false, by: set)
  }

  private func sample(_ output: Int, _ worker: Int) {
    let logits = unsafe buffers.logits[output]
    let (sampling, uniform) = samplings[output]
    drawn[output] =
      sampling.temperature == 0
      ? unsafe pw_largest(
        set.code, logits, Int32(truncatingIfNeeded: weights.model.vocabularySize))
      : unsafe samplers[worker].draw(logits, sampling, uniform: uniform)
  }
}

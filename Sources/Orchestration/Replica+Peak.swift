import BasicContainers
import Primitives

// Admission by the memory that requests may come to need: ``ReplicaConfiguration/Admission/peak`` and
// ``ReplicaConfiguration/Admission/whole``.
extension Replica {
  /// How far a sequence is: tokens that it holds in the KV cache, and tokens that are left to it.
  struct Progress {
    var held: Int
    var left: Int
  }

  /// The most tokens that sequences will hold together, if each goes on for as long as it may and then
  /// lets go of all.
  static func peakTokens(_ sequences: [Progress]) -> Int {
    var held = 0
    var peak = 0
    for (index, next) in sequences.sorted(by: { $0.left > $1.left }).enumerated() {
      held += next.held
      peak = max(peak, (index + 1) * next.left + held)
    }
    return peak
  }

  /// Whether a request, beside those that run or alone, can never make it necessary to preempt anybody.
  /// One whose client does not say how much it wants counts as one that wants a single token.
  func fitsLater(_ request: Request, alone: Bool = false) -> Bool {
    switch configuration.admission {
    case .blocks: true
    case .peak: fitsAtPeak(request, alone: alone)
    case .whole: fitsWhole(request, alone: alone)
    }
  }

  private func fitsAtPeak(_ request: Request, alone: Bool) -> Bool {
    var sequences = [
      Progress(held: Int(request.promptTokens) + 1, left: Int(request.outputLimit ?? 1) - 1)
    ]
    if !alone { sequences += runningSlots.map { progress(of: $0) } }
    let peak =
      Bytes(Self.peakTokens(sequences)) * kv.blockBytes / Bytes(configuration.kvBlockTokens)
    let own = alone ? allBytes(of: request.adapterSet) : newBytes(of: request.adapterSet)
    let used = alone ? 0 : usedAdapterBytes
    return configuration.slots == nil
      ? peak < configuration.adapterBytes - used - own
      : peak < Bytes(kv.totalBlocks) * kv.blockBytes
  }

  private func fitsWhole(_ request: Request, alone: Bool) -> Bool {
    var blocks = wholeBlocks(prompt: request.promptTokens, limit: request.outputLimit)
    if !alone {
      for slot in runningSlots {
        let sequence = sequences[Int(slot)]
        blocks += wholeBlocks(prompt: sequence.record.promptTokens, limit: sequence.outputLimit)
      }
    }
    let own = alone ? allBytes(of: request.adapterSet) : newBytes(of: request.adapterSet)
    let used = alone ? 0 : usedAdapterBytes
    return configuration.slots == nil
      ? Bytes(blocks) * kv.blockBytes <= configuration.adapterBytes - used - own
      : blocks <= kv.totalBlocks
  }

  /// Blocks of a sequence that has produced all that it may: its last token is never read.
  private func wholeBlocks(prompt: Int32, limit: Int32?) -> Int {
    kv.blocks(for: Int(prompt) + Int(limit ?? 1) - 1)
  }

  private func progress(of slot: Int32) -> Progress {
    let sequence = sequences[Int(slot)]
    let prompt = Int(sequence.record.promptTokens)
    let limit = Int(sequence.outputLimit ?? 1)
    // One that has just been let in counts as it did when it was looked at.
    guard sequence.isDecoding else { return Progress(held: prompt + 1, left: limit - 1) }
    let produced = Int(sequence.produced(at: kv.step))
    return Progress(held: prompt + produced, left: max(0, limit - produced - 1))
  }

  /// Bytes of a set's adapters.
  func allBytes(of set: AdapterSetID) -> Bytes {
    sets.members(set).reduce(0) { $0 + catalogue.bytes($1) }
  }

  /// Bytes of a set's adapters that no running sequence uses.
  func newBytes(of set: AdapterSetID) -> Bytes {
    sets.members(set).reduce(0) { $0 + (adapterUsers[Int($1)] > 0 ? 0 : catalogue.bytes($1)) }
  }
}

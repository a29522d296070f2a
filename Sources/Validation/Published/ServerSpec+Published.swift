import Primitives
import Replay
import Simulation

extension ServerSpec {
  /// Gives everything that weights and slots leave on the device to the KV cache, or the pool, up to so
  /// many tokens: for servers that were told, or said, how many they hold.
  mutating func holdTokens(_ tokens: Int, slotRank: Int = 0) {
    var slotBytes: Bytes = 0
    if case .slots(let slots) = adapterMemory {
      slotBytes = Bytes(slots) * model.adapterBytes(rank: slotRank, targets: targets)
    }
    memoryUtilization = 1
    workspace =
      accelerator.memory - model.weightBytes - slotBytes - Bytes(tokens) * model.kvBytesPerToken
  }
}

/// A mistake that an engine could have, to be planted in one: a check that has never failed proves
/// little.
public enum EngineFault: String, Sendable, CaseIterable {
  /// An adapter that is loaded again keeps what its pages held before.
  case staleSlot = "stale-slot"
  /// An adapter's matrices are read from a place a little behind their own.
  case wrongOffset = "wrong-offset"
  /// Neighbouring sequences read each other's keys and values.
  case sharedKV = "shared-kv"
  /// A merge is undone by subtraction instead of by what was kept.
  case driftedUnmerge = "drifted-unmerge"
}

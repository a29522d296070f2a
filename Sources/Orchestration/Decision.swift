import Primitives

/// What a replica asks its world to do. The world answers with calls: ``Replica/transferEnded(_:at:)``,
/// ``Replica/stepEnded(at:finished:)``, ``Replica/woken(at:)``.
public enum Decision: Sendable, Equatable {
  /// Copy an adapter into a tier from the one below it.
  case begin(Transfer)
  /// Copy an adapter into a tier from the one below it as part of the step that the next ``run`` is
  /// about: its computing begins when this and all such copies before it are done.
  case copy(Transfer)
  /// Stop copying; what has been copied is not kept.
  case cancel(Transfer)
  /// Free an adapter's memory in a tier.
  case drop(adapter: AdapterID, from: Tier)
  /// Run the step that ``Replica/plan`` describes.
  case run
  /// Call ``Replica/woken(at:)`` at a time, whatever else happens.
  case wake(at: Nanoseconds)
}

/// The copying of one adapter over one link.
public struct Transfer: Sendable, Equatable, BitwiseCopyable {
  /// Which adapter.
  public var adapter: AdapterID
  /// Where to; it comes from the tier below.
  public var destination: Tier
  /// How many bytes.
  public var bytes: Bytes
  /// Distinguishes this transfer from earlier ones of the same adapter that were cancelled.
  public var epoch: Int32

  /// Makes a transfer.
  public init(adapter: AdapterID, destination: Tier, bytes: Bytes, epoch: Int32) {
    self.adapter = adapter
    self.destination = destination
    self.bytes = bytes
    self.epoch = epoch
  }
}

/// The step that a replica wants its world to run.
///
/// A step gives each decoding sequence one token and computes some prompt tokens of others.
public struct StepPlan: Sendable, Equatable {
  /// A piece of a sequence's prompt (or, after preemption, of its prompt and earlier output).
  public struct Chunk: Sendable, Equatable {
    /// The sequence; see ``Replica/request(of:)``.
    public var slot: Int32
    /// Tokens of it that have been computed before.
    public var offset: Int32
    /// Tokens to compute now.
    public var tokens: Int32
    /// Whether the step gives the sequence its next token.
    public var completes: Bool
  }

  /// Sequences that decode: one token each. None where they pause while prompts are computed.
  public internal(set) var decodes = 0
  /// Decoding sequences that pause.
  public internal(set) var paused = 0
  /// Tokens in the KV cache of the decoding sequences, summed, before the step.
  public internal(set) var contextTokens: Int64 = 0
  /// Prompt pieces.
  public internal(set) var chunks: [Chunk] = []
  /// Sum over the decoding sequences of the ranks of their adapters.
  public internal(set) var decodeRanks: Int64 = 0
  /// Sum over prompt tokens of the ranks of their sequences' adapters.
  public internal(set) var chunkRanks: Int64 = 0
  /// Distinct adapters of the step's sequences.
  public internal(set) var adapters = 0
  /// Bytes of these.
  public internal(set) var adapterBytes: Bytes = 0
  /// Requests that waited when the step was put together.
  public internal(set) var waiting = 0
  /// Of these, the ones that a scheduler looks at that goes through its queue from the head: those
  /// that start, those passed over, and the one that holds up all behind it. None where sequences
  /// were preempted, since then nobody is admitted.
  public internal(set) var scanned = 0
  /// A fingerprint of which adapters run in the step and which were waited for when it was put
  /// together: in two steps of a run it is the same only if both are.
  public internal(set) var adapterSignature: UInt64 = 0
  /// For how many steps the decision stands if nothing else happens: no sequence ends, no transfer
  /// ends, no request comes. More than 1 only where there are no chunks.
  public internal(set) var repeats = 1

  /// Prompt tokens in the step.
  public var promptTokens: Int { chunks.reduce(0) { $0 + Int($1.tokens) } }
}

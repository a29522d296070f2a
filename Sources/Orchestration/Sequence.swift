import Primitives

/// A request on a replica, waiting or running.
struct Sequence: BitwiseCopyable {
  var record: RequestRecord
  /// What the record does not keep of the request.
  let session: Int32
  let priority: Int32
  let metadata: Int32
  let outputLimit: Int32?
  /// The scheduling policy's key.
  var key: Int64 = 0
  /// Tokens to compute before the next one can be produced: the prompt, and after a preemption also
  /// the output so far.
  var target: Int32
  /// Of these, computed. Meaningless while decoding.
  var computed: Int32 = 0
  /// Output tokens produced before it joined the decoding sequences.
  var generated: Int32 = 0
  /// Step count at which it joined, or -1 where it does not decode.
  var joined: Int64 = -1
  /// When its last token was out before it was preempted.
  var lastToken: Nanoseconds = RequestRecord.never
  /// When it could first have run but for its adapters.
  var blocked: Nanoseconds = RequestRecord.never
  /// Whether its references to adapters have been counted.
  var referenced = false
  /// Sum of the ranks of its adapters.
  var ranks: Int32

  init(_ request: Request, record: RequestRecord, ranks: Int32) {
    self.record = record
    session = request.session
    priority = request.priority
    metadata = request.metadata
    outputLimit = request.outputLimit
    self.ranks = ranks
    target = record.promptTokens
  }

  /// The request as it came, with the adapters that serve it.
  var request: Request {
    Request(
      id: record.request, arrival: record.arrival, adapterSet: record.adapterSet,
      promptTokens: record.promptTokens, tenant: record.tenant, session: session,
      priority: priority, metadata: metadata, outputLimit: outputLimit)
  }

  var isDecoding: Bool { joined >= 0 }

  /// Tokens in the KV cache at a step count.
  func context(at step: Int64) -> Int {
    isDecoding ? Int(target) + Int(step - joined) : Int(computed)
  }

  /// Output tokens produced at a step count.
  func produced(at step: Int64) -> Int32 {
    isDecoding ? generated + Int32(step - joined) : generated
  }
}

import Orchestration
import Primitives
import Simulation
import Workload

/// A trace as a simulation reads it.
struct TraceSource: ArrivalSource {
  private let trace: Trace
  /// Whether clients say how much output they want, and want what they get.
  private let declaresOutput: Bool

  init(_ trace: Trace, declaresOutput: Bool = false) {
    self.trace = trace
    self.declaresOutput = declaresOutput
  }

  var count: Int { trace.count }

  func arrival(_ index: Int) -> Nanoseconds { trace.arrival[index] }

  func request(_ index: Int) -> Request {
    Request(
      id: Int32(index), arrival: trace.arrival[index], adapterSet: trace.adapterSet[index],
      promptTokens: trace.promptTokens[index], tenant: trace.tenant[index],
      session: trace.session[index], priority: trace.priority[index],
      metadata: trace.metadata[index],
      outputLimit: declaresOutput ? outputTokens(index) : nil)
  }

  // A server cannot answer without producing a token.
  func outputTokens(_ index: Int) -> Int32 { max(1, trace.outputTokens[index]) }
}

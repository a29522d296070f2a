import Orchestration
import Primitives

/// The thread of a ``FrontendModel`` in a run: does what comes in the order in which it comes.
struct Frontend {
  private let model: FrontendModel
  private let scrapeInterval: Nanoseconds?
  /// When it has done all that has come so far.
  private var idleFrom: Nanoseconds = 0
  private var nextScrape: Nanoseconds
  private var combinations: Set<UInt64> = []
  private var names: Int64 = 0
  private var latest: UInt64?

  /// - Parameter scrapeInterval: from the end of an answer to the next question for metrics; nil if
  ///   nobody asks.
  init(_ model: FrontendModel, scrapeInterval: Nanoseconds? = nil) {
    self.model = model
    self.scrapeInterval = scrapeInterval
    nextScrape = scrapeInterval ?? .max
  }

  /// A request comes: when the engine gets it.
  mutating func entry(at time: Nanoseconds) -> Nanoseconds {
    scrape(until: time)
    return max(time, idleFrom) + model.ingress
  }

  /// A step has ended: when its clients have the tokens. Those of new sequences go last.
  mutating func delivery(of plan: StepPlan, at time: Nanoseconds) -> Nanoseconds {
    scrape(until: time)
    note(plan)
    let tokens = plan.decodes + plan.chunks.count { $0.completes }
    idleFrom = max(time, idleFrom) + Nanoseconds(tokens) * model.perToken
    return idleFrom + model.egress
  }

  private mutating func note(_ plan: StepPlan) {
    guard scrapeInterval != nil, latest != plan.adapterSignature else { return }
    latest = plan.adapterSignature
    if combinations.insert(plan.adapterSignature).inserted { names += Int64(plan.adapters) }
  }

  /// Answers all questions for metrics that have come by a time.
  private mutating func scrape(until time: Nanoseconds) {
    guard let interval = scrapeInterval else { return }
    while nextScrape <= time {
      let work =
        Nanoseconds(combinations.count) * model.perCombination
        + Nanoseconds(names) * model.perName
      idleFrom = max(idleFrom, nextScrape) + work
      nextScrape = idleFrom + max(1, interval)
    }
  }
}

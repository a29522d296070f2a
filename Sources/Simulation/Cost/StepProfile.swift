/// What the steps of a run were made of, as clients saw it: the mean of each term over all gaps
/// between two tokens of a sequence.
///
/// A step that decodes many sequences counts that often. With coefficients `c`, `sum of c x mean`
/// over the terms is then the mean gap between tokens but for copies of adapters.
public struct StepProfile: Sendable, Equatable {
  private let slots: SlotLayout
  /// In the order of ``StepTerm/allCases``. All terms are multiples of 1/64, so that the sums are
  /// exact, and the same however steps are grouped.
  private var sums = Array(repeating: 0.0, count: StepTerm.allCases.count)
  /// Gaps between two tokens.
  public private(set) var gaps = 0.0

  /// A profile of no steps, on a server with these slots.
  public init(slots: SlotLayout) { self.slots = slots }

  /// Adds steps that differ in context length only, which grows by a token a sequence and step.
  /// - Parameters:
  ///   - first: the first of them.
  ///   - count: how many there are, at least 1.
  public mutating func add(_ first: StepWork, count: Int) {
    // Whoever waits for a step to end has a gap that is longer by it.
    let held = Double(first.decodes + first.paused)
    guard held > 0 else { return }
    let (decodes, count) = (Double(first.decodes), Double(count))
    gaps += decodes * count
    for (index, term) in StepTerm.allCases.enumerated() {
      sums[index] += held * count * term.value(of: first, on: slots)
      if term == .contextToken { sums[index] += decodes * decodes * count * (count - 1) / 2 }
    }
  }

  /// The means of the terms, in the order of ``StepTerm/allCases``; 0 where nothing was decoded.
  public var means: [Double] { sums.map { gaps > 0 ? $0 / gaps : 0 } }
}

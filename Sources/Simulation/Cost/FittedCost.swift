import Primitives

/// Step times as a sum of physical terms, whose coefficients were estimated from measurements.
public struct FittedCost: CostModel, Equatable {
  /// A term and what a unit of it takes.
  public struct Coefficient: Sendable, Equatable {
    /// The term.
    public var term: StepTerm
    /// Nanoseconds per unit of the term.
    public var nanoseconds: Double

    /// Makes a coefficient.
    public init(_ term: StepTerm, nanoseconds: Double) {
      self.term = term
      self.nanoseconds = nanoseconds
    }
  }

  /// The terms that count.
  public let coefficients: [Coefficient]
  /// The server's slots.
  public let slots: SlotLayout
  /// The coefficients but for that of the context, which is added last: alone it changes in repeated
  /// steps, and the sum must be the same to the bit however it comes about.
  private let fixed: [Coefficient]
  private let perContextToken: Double

  /// Makes a cost; terms without a coefficient cost nothing.
  /// - Precondition: no term has two.
  public init(_ coefficients: [Coefficient], slots: SlotLayout) {
    precondition(Set(coefficients.map(\.term)).count == coefficients.count)
    self.coefficients = coefficients.filter { $0.nanoseconds != 0 }
    self.slots = slots
    fixed = self.coefficients.filter { $0.term != .contextToken }
    perContextToken = self.coefficients.first { $0.term == .contextToken }?.nanoseconds ?? 0
  }

  public func duration(of step: StepWork) -> Nanoseconds {
    duration(fixed: fixedTime(of: step), contextTokens: step.contextTokens)
  }

  public func durations(repeating step: StepWork) -> (_ contextTokens: Int64) -> Nanoseconds {
    let time = fixedTime(of: step)
    return { duration(fixed: time, contextTokens: $0) }
  }

  private func fixedTime(of step: StepWork) -> Double {
    fixed.reduce(0) { $0 + $1.nanoseconds * $1.term.value(of: step, on: slots) }
  }

  private func duration(fixed: Double, contextTokens: Int64) -> Nanoseconds {
    let time = fixed + perContextToken * Double(contextTokens)
    return Nanoseconds(min(max(1, time.rounded()), 4e18))
  }
}

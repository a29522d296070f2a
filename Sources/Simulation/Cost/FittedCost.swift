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

  /// Makes a cost; terms without a coefficient cost nothing.
  public init(_ coefficients: [Coefficient], slots: SlotLayout) {
    self.coefficients = coefficients.filter { $0.nanoseconds != 0 }
    self.slots = slots
  }

  public func duration(of step: StepWork) -> Nanoseconds {
    var time = 0.0
    for coefficient in coefficients {
      time += coefficient.nanoseconds * coefficient.term.value(of: step, on: slots)
    }
    return Nanoseconds(min(max(1, time.rounded()), 4e18))
  }
}

/// How the values of a trace column came to be. A result says this of every column it used.
public enum Provenance: String, Sendable, CaseIterable {
  /// Measured on a real system and carried over unchanged (or only scaled in time).
  case recorded
  /// Drawn from a distribution whose parameters were fitted to a real system.
  case fitted
  /// Chosen by an experimenter: a constant, an arbitrary distribution, another trace's column.
  case assigned
}

/// The columns of a trace, by their names in Pitwall's own format.
public enum ColumnName: String, Sendable, CaseIterable {
  case arrival
  case adapters
  case promptTokens = "prompt_tokens"
  case outputTokens = "output_tokens"
  case tenant
  case session
  case priority
  case metadata
}

/// What is known about the origin of one column.
public struct Origin: Sendable, Equatable {
  /// Which of the three it is.
  public var provenance: Provenance
  /// In words: the source, and what was done to it (`Azure LLM 2023 conv, seed 3`).
  public var note: String

  /// Makes an origin.
  public init(_ provenance: Provenance, _ note: String = "") {
    self.provenance = provenance
    self.note = note
  }
}

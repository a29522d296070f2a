import Primitives

/// Which runs of a file are to be predicted.
public struct MeasuredRunChoice: Sendable, Equatable {
  /// The families that they belong to; all where empty.
  public var families: [String]
  /// Their numbers; all where empty.
  public var numbers: [Int]
  /// One of so many of those that are left, evenly over the file: the first, the one that comes so
  /// many later, and so on.
  public var stride: Int

  /// Makes a choice, by default of all.
  public init(families: [String] = [], numbers: [Int] = [], stride: Int = 1) {
    self.families = families
    self.numbers = numbers
    self.stride = max(1, stride)
  }

  /// The chosen runs, in the file's order. Runs whose measurements mean nothing are never among
  /// them.
  /// - Throws: `PitwallError` (usage) where no run has a family or number that was asked for, or
  ///   none is left.
  public func of(_ runs: [MeasuredRun]) throws -> [MeasuredRun] {
    let known = Set(runs.map(\.family)).sorted()
    if let family = families.first(where: { !known.contains($0) }) {
      throw PitwallError(
        .usage, "no run is of family \"\(family)\"" + Suggestion.hint(for: family, in: known))
    }
    let present = Set(runs.map(\.number))
    if let number = numbers.first(where: { !present.contains($0) }) {
      throw PitwallError(.usage, "there is no run \(number)")
    }
    let chosen = runs.filter { run in
      run.status != .invalid && (families.isEmpty || families.contains(run.family))
        && (numbers.isEmpty || numbers.contains(run.number))
    }
    if chosen.isEmpty { throw PitwallError(.usage, "no run is left to predict") }
    return chosen.enumerated().filter { $0.offset.isMultiple(of: stride) }.map(\.element)
  }
}

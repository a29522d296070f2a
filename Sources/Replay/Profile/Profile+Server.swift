import Primitives
import Simulation

// What a profile says about a server with given slots.
extension Profile.Model {
  /// Step times on a server with these slots.
  public func cost(slots: SlotLayout) -> FittedCost {
    FittedCost(
      step.map { .init($0.term, nanoseconds: $0.microseconds.value * 1000) }, slots: slots)
  }

  /// Load times into slots of a rank: as measured in slots of the nearest rank, of two equally near
  /// the larger. Nil where none were measured.
  public func loadTimes(slotRank: Int) -> LoadTimes? {
    let distance = loads.map { (abs($0.slotRank - slotRank), -$0.slotRank) }.min { $0 < $1 }
    guard let distance else { return nil }
    return LoadTimes(
      loads.filter { $0.slotRank == -distance.1 }.map {
        (rank: $0.rank, time: Nanoseconds(seconds: $0.milliseconds / 1000))
      })
  }

  /// Why a server with these slots does not start; nil if it does.
  public func refusal(slots: Int, rank: Int, blockTokens: Int = 16) -> StartRefusal? {
    let tokens = kv.tokens(slots: slots, rank: rank, blockTokens: blockTokens)
    guard tokens == 0 || tokens < maxModelLength else { return nil }
    return StartRefusal(slots: slots, rank: rank, tokens: tokens, needed: maxModelLength)
  }
}

extension Profile.Model: CustomReflectable {
  /// The digest of the content stands for it where a server is described: coefficients would fill
  /// pages. What is known of its errors is said beside it.
  public var customMirror: Mirror {
    Mirror(
      self, children: ["name": name, "sha256": SHA256.hex(yaml), "errors": errorsInWords],
      displayStyle: .struct)
  }

  /// How far off the model is: `total_throughput 0.83 % (101 runs), itl_mean 1.5 % (101 runs)`.
  private var errorsInWords: String {
    guard !errors.isEmpty else { return "unknown" }
    return errors.map { "\($0.metric) \($0.smape) % (\($0.runs) runs)" }.joined(separator: ", ")
  }

  /// Reads what is known of a profile's errors back from a stored run's configuration; nil where the
  /// run had no profile, or nothing is known of it.
  public static func errors(configuration: String) -> String? {
    let key = "server.cost.profile.errors: "
    let line = configuration.split(separator: "\n").first { $0.hasPrefix(key) }
    return line.map { String($0.dropFirst(key.count)) }.flatMap { $0 == "unknown" ? nil : $0 }
  }
}

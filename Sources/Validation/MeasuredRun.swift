/// A measured run of a server: its configuration, and what was measured.
public struct MeasuredRun: Sendable, Equatable {
  public var number: Int
  public var model: String
  public var family: String
  public var group: String
  public var regime: String
  public var slots: Int
  public var slotRank: Int
  public var adapters: Int
  public var offered: Double
}

import Foundation
import Primitives

/// An axis: what it measures, in which unit, from where to where.
public struct Axis: Sendable, Equatable {
  /// What the numbers of an axis are, which decides where ticks fall and how they read.
  public enum Unit: Sendable, Equatable {
    /// Plain numbers.
    case number
    /// Shares of one, shown as percentages.
    case percent
    /// Seconds that something took.
    case duration
    /// Seconds since the start.
    case elapsed
    /// Bytes, shown in binary units.
    case bytes
    /// Names at the positions 0, 1, 2 and so on.
    case names([String])
  }

  /// How values map to positions.
  public enum Scale: Sendable, Equatable {
    case linear
    case logarithmic
  }

  /// What is measured; it stands beside the axis.
  public var label: String
  /// What its numbers are.
  public var unit: Unit
  /// How they map to positions.
  public var scale: Scale
  /// From where to where; the extent of the data, rounded outwards to ticks, where nil.
  public var limits: ClosedRange<Double>?
  /// Ticks at exactly these values, in place of round ones.
  public var tickValues: [Double]?

  /// Makes an axis.
  public init(
    _ label: String, _ unit: Unit = .number, scale: Scale = .linear,
    limits: ClosedRange<Double>? = nil, tickValues: [Double]? = nil
  ) {
    self.label = label
    self.unit = unit
    self.scale = scale
    self.limits = limits
    self.tickValues = tickValues
  }

  /// Time since a run's start, until `end`.
  static func elapsed(_ label: String, until end: Nanoseconds) -> Axis {
    Axis(label, .elapsed, limits: 0...(end > 0 ? end.seconds : 1))
  }

  /// Whether a value has a place on this axis.
  func accepts(_ value: Double) -> Bool {
    value.isFinite && value.magnitude < 1e30 && (scale == .linear || value > 1e-30)
  }
}

/// Where the ticks of an axis fall, and between which limits.
struct Ticks: Equatable {
  struct Tick: Equatable {
    var value: Double
    var label: String
  }

  var limits: ClosedRange<Double>
  var ticks: [Tick]

  /// Lays out an axis over data of this extent (nil: there is none).
  /// - Parameter length: pixels from end to end, where labels stand side by side along the axis and
  ///   must not touch: ticks are then as many as there is room for.
  init(_ axis: Axis, extent: ClosedRange<Double>?, length: Double = .infinity) {
    if case .names(let names) = axis.unit {
      limits = -0.6...(Double(max(names.count, 1)) - 0.4)
      ticks = names.enumerated().map { Tick(value: Double($0.offset), label: $0.element) }
      return
    }
    let logarithmic = axis.scale == .logarithmic
    let range = Ticks.widened(
      axis.limits ?? extent ?? (logarithmic ? 1...10 : 0...1), logarithmic: logarithmic)
    let isFixed = axis.limits != nil
    let round = (0..<Ticks.densities).lazy.map { coarseness in
      logarithmic
        ? Ticks.logarithmic(range, isFixed: isFixed, coarseness)
        : Ticks.linear(range, unit: axis.unit, isFixed: isFixed, coarseness)
    }
    let asked = axis.tickValues.map { values in (range, values.filter(range.contains)) }
    let layouts = (asked.map { [$0] } ?? []) + Array(round)
    (limits, ticks) = (range, [])
    for (limits, values) in layouts {
      self.limits = limits
      ticks = values.map { Tick(value: $0, label: Ticks.label($0, axis.unit)) }
      if fits(in: length, axis.scale) { break }
    }
  }

  /// Whether neighbouring labels have room between them along an axis of so many pixels.
  private func fits(in length: Double, _ scale: Axis.Scale) -> Bool {
    func place(_ value: Double) -> Double { scale == .logarithmic ? log(value) : value }
    let pixel = length / (place(limits.upperBound) - place(limits.lowerBound))
    return zip(ticks, ticks.dropFirst()).allSatisfy { left, right in
      let widths = TextWidth.of(left.label, size: 12) + TextWidth.of(right.label, size: 12)
      return (place(right.value) - place(left.value)) * pixel >= widths / 2 + 6
    }
  }

  /// How many times ticks can be made fewer.
  private static let densities = 6

  /// A range that is not a single point, as gnuplot refuses one.
  private static func widened(_ range: ClosedRange<Double>, logarithmic: Bool)
    -> ClosedRange<Double>
  {
    if logarithmic {
      let low = max(range.lowerBound, 1e-30)
      let high = max(range.upperBound, low)
      return high / low < 1.01 ? (low / 2)...(high * 2) : low...high
    }
    let (low, high) = (range.lowerBound, range.upperBound)
    if high - low > max(low.magnitude, high.magnitude) * 1e-9 { return range }
    return high == 0 ? 0...1 : min(low, 0)...max(high, 0)
  }

  private static func logarithmic(
    _ range: ClosedRange<Double>, isFixed: Bool, _ coarseness: Int
  ) -> (ClosedRange<Double>, [Double]) {
    let patterns: [[Double]] = [
      [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8], [1, 1.5, 2, 3, 5, 7], [1, 2, 5], [1, 3], [1],
    ]
    let densest =
      switch range.upperBound / range.lowerBound {
      case ..<4: 0
      case ..<15: 1
      case ..<2e4: 2
      default: 4
      }
    let steps = patterns[min(densest + coarseness, patterns.count - 1)]
    // Where even powers of ten are too many, every second one, then every fourth.
    let skipped = max(0, densest + coarseness - (patterns.count - 1))
    var places: [Double] = []
    for exponent in stride(from: -32, through: 32, by: 1 << skipped) {
      // Powers of ten read exactly, so that a tick at a thousandth is the double nearest 0.001.
      guard let decade = Double("1e\(exponent)") else { continue }
      places += steps.map { $0 * decade }
    }
    if isFixed { return (range, places.filter(range.contains)) }
    let low = places.last { $0 <= range.lowerBound * 1.0001 } ?? range.lowerBound
    let high = places.first { $0 >= range.upperBound * 0.9999 } ?? range.upperBound
    return (low...high, places.filter { $0 >= low && $0 <= high })
  }

  private static func linear(
    _ range: ClosedRange<Double>, unit: Axis.Unit, isFixed: Bool, _ coarseness: Int
  ) -> (ClosedRange<Double>, [Double]) {
    let most = 6.5 / Double(1 << coarseness)
    let step = Ticks.step((range.upperBound - range.lowerBound) / most, unit)
    let first = (range.lowerBound / step + (isFixed ? -1e-9 : 1e-9)).rounded(isFixed ? .up : .down)
    let last = (range.upperBound / step + (isFixed ? 1e-9 : -1e-9)).rounded(isFixed ? .down : .up)
    guard last >= first, last - first < 100 else { return (range, []) }
    let places = stride(from: first, through: last, by: 1).map { $0 * step }
    if isFixed { return (range, places) }
    return (first * step...max(last * step, first * step + step), places)
  }

  /// The least pleasant step that is not below `least`.
  private static func step(_ least: Double, _ unit: Axis.Unit) -> Double {
    let units: [Double] =
      switch unit {
      case .elapsed, .duration: least > 30 ? minutesHoursDays : []
      case .bytes: (0..<50).map { Double(UInt64(1) << UInt64($0)) }
      default: []
      }
    if let step = units.first(where: { $0 >= least }) { return step }
    var decade = 1.0
    while decade < least, decade < 1e30 { decade *= 10 }
    while decade / 10 >= least, decade > 1e-30 { decade /= 10 }
    return [decade / 5, decade / 2].first { $0 >= least } ?? decade
  }

  /// Steps of time, in seconds, that people count in.
  private static let minutesHoursDays: [Double] = [
    60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 432_000,
    864_000, 1_728_000,
  ]

  private static func label(_ value: Double, _ unit: Axis.Unit) -> String {
    switch unit {
    case .number, .names:
      value.magnitude >= 1e6 ? millions(value) : Typeset.trimmed(rounded(value))
    case .percent: Typeset.trimmed(rounded(value * 100)) + Typeset.space + "%"
    // A logarithmic axis has ticks at 200 and 500 seconds, which are no round minutes.
    case .duration where value >= 60 && value.truncatingRemainder(dividingBy: 60) != 0:
      Typeset.count(value) + Typeset.space + "s"
    case .duration, .elapsed:
      value == 0 ? "0" : Typeset.duration(value)
    case .bytes: value == 0 ? "0" : Typeset.bytes(value)
    }
  }

  private static func rounded(_ value: Double) -> String {
    value.magnitude >= 100
      ? Typeset.fixed(value, 0) : Typeset.significant(value, digits: 4)
  }

  private static func millions(_ value: Double) -> String {
    Typeset.trimmed(Typeset.significant(value / 1e6)) + Typeset.space + "M"
  }
}

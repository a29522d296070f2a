/// A colour, and the few that charts are drawn with.
///
/// The series' colours are those of Okabe and Ito, "Color Universal Design" (2008), which people
/// with any of the common kinds of colour vision tell apart. Their yellow is left out: it does not
/// show on white.
public struct Color: Sendable, Equatable {
  /// `#rrggbb`.
  public let hex: String

  private init(_ hex: String) { self.hex = hex }

  public static let blue = Color("#0072b2")
  public static let orange = Color("#e69f00")
  public static let green = Color("#009e73")
  public static let purple = Color("#cc79a7")
  public static let vermillion = Color("#d55e00")
  public static let sky = Color("#56b4e9")
  public static let black = Color("#000000")

  /// A grey for what is bounded, free or undecided.
  public static let bound = Color("#4d4d4d")
  /// A lighter one, for a second bound.
  public static let faint = Color("#8c8c8c")
  /// The lightest, for areas that stand for nothing being there.
  public static let empty = Color("#ececec")
  /// An objective that must be met.
  public static let objective = Color("#b2182b")
  /// What is written.
  public static let text = Color("#333333")

  /// The colour of the series with this index; they repeat after seven.
  public static func series(_ index: Int) -> Color {
    let all = [blue, orange, green, purple, vermillion, sky, black]
    return all[((index % all.count) + all.count) % all.count]
  }
}

extension Series {
  /// The line of the strategy with this index among `count`: colours by index, and earlier lines
  /// wider, so that they show beneath later ones that run the same way.
  static func strategy(_ name: String, _ marks: Marks, index: Int, of count: Int) -> Series {
    Series(
      name, marks, color: .series(index),
      lineWidth: 1.8 + 1.6 * Double(count - 1 - index) / Double(max(count - 1, 1)))
  }
}

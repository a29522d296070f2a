/// A drawing as plain values: what is drawn, not how. ``GnuplotScript`` turns one into gnuplot's
/// language; nothing in it is gnuplot's own.
public struct Chart: Sendable, Equatable {
  /// Stem of its file's name, and prefix of the identifiers within its SVG. See ``Slug``.
  public var name: String
  /// The heading, bold.
  public var title: String
  /// One grey line below it: what was held fixed, and what the marks are.
  public var subtitle: String
  /// What a reader who cannot see the drawing should know.
  public var summary: String
  /// The horizontal axis.
  public var x: Axis
  /// The vertical axis.
  public var y: Axis
  /// What is drawn, from back to front.
  public var series: [Series]
  /// Labelled lines across the whole plot: an objective, a zero.
  public var rules: [Rule]
  /// Text at points of the plot.
  public var notes: [Note]
  /// Where the names of the series stand.
  public var key: Key
  /// Width and height in pixels.
  public var size: Size

  /// Makes a chart.
  public init(
    name: String, title: String, subtitle: String = "", summary: String = "", x: Axis, y: Axis,
    series: [Series], rules: [Rule] = [], notes: [Note] = [], key: Key = .row, size: Size = .half
  ) {
    self.name = name
    self.title = title
    self.subtitle = subtitle
    self.summary = summary
    self.x = x
    self.y = y
    self.series = series
    self.rules = rules
    self.notes = notes
    self.key = key
    self.size = size
  }

  /// Where the names of the series stand.
  public enum Key: Sendable, Equatable {
    /// In a row between the subtitle and the plot.
    case row
    /// In an opaque box at the plot's lower right.
    case bottomRight
    /// In an opaque box at the plot's upper right.
    case topRight
    /// Nowhere.
    case none
  }

  /// Pixels.
  public struct Size: Sendable, Equatable {
    /// Pixels across.
    public var width: Int
    /// Pixels down.
    public var height: Int

    /// Makes a size.
    public init(width: Int, height: Int) {
      self.width = width
      self.height = height
    }

    /// Two of these stand side by side on a wide page.
    public static let half = Size(width: 640, height: 400)
    /// Pixels across of a chart that stands alone; the page scales it as it does the others.
    public static let wide = 960
  }

  /// Text at a point.
  public struct Note: Sendable, Equatable {
    /// Where.
    public var at: Point
    /// What.
    public var text: String
    /// Its colour.
    public var color: Color
    /// Whether it stands in the margin to the right of the plot, at the height of `at`.
    public var inRightMargin: Bool

    /// Makes a note.
    public init(at: Point, text: String, color: Color = .text, inRightMargin: Bool = false) {
      self.at = at
      self.text = text
      self.color = color
      self.inRightMargin = inRightMargin
    }
  }

  /// A straight line across the whole plot.
  public struct Rule: Sendable, Equatable {
    /// Which axis it cuts, and so its direction.
    public enum Direction: Sendable, Equatable {
      /// A vertical line at this x.
      case vertical
      /// A horizontal line at this y.
      case horizontal
    }

    /// Its direction.
    public var direction: Direction
    /// Where it cuts its axis.
    public var value: Double
    /// Its name; none where empty.
    public var label: String
    /// Its colour.
    public var color: Color
    /// Whether it is dotted.
    public var dotted: Bool

    /// Makes a line.
    public init(
      _ direction: Direction, at value: Double, label: String = "", color: Color = .objective,
      dotted: Bool = true
    ) {
      self.direction = direction
      self.value = value
      self.label = label
      self.color = color
      self.dotted = dotted
    }
  }
}

/// A point of a plot, in the units of its axes. A coordinate that is not finite is never drawn: it
/// interrupts a line.
public struct Point: Sendable, Equatable {
  /// Across.
  public var x: Double
  /// Up.
  public var y: Double

  /// Makes a point.
  public init(_ x: Double, _ y: Double) {
    self.x = x
    self.y = y
  }
}

/// Marks of one kind, colour and name.
public struct Series: Sendable, Equatable {
  /// The marks, and where they are.
  public enum Marks: Sendable, Equatable {
    /// Straight lines from point to point.
    case line([Point])
    /// A line with a marker at each point.
    case markedLine([Point])
    /// Horizontal, then vertical.
    case steps([Point])
    /// Markers alone.
    case points([Point])
    /// The area between two curves.
    case band([Range])
    /// A marker with a horizontal bar that says how far it may be off.
    case intervals([Interval])
    /// Horizontal bars.
    case spans([Span], thickness: Double)
  }

  /// An interval of y at an x.
  public struct Range: Sendable, Equatable {
    /// Where.
    public var x: Double
    /// From.
    public var low: Double
    /// To.
    public var high: Double

    /// Makes a range.
    public init(x: Double, low: Double, high: Double) {
      self.x = x
      self.low = low
      self.high = high
    }
  }

  /// An estimate and its interval of x, at a y.
  public struct Interval: Sendable, Equatable {
    /// At which height.
    public var y: Double
    /// The estimate.
    public var value: Double
    /// The interval's lower end.
    public var low: Double
    /// The interval's upper end.
    public var high: Double

    /// Makes an interval.
    public init(y: Double, value: Double, low: Double, high: Double) {
      self.y = y
      self.value = value
      self.low = low
      self.high = high
    }
  }

  /// A stretch of x at a y.
  public struct Span: Sendable, Equatable {
    /// At which height.
    public var y: Double
    /// From.
    public var from: Double
    /// To.
    public var to: Double

    /// Makes a stretch.
    public init(y: Double, from: Double, to: Double) {
      self.y = y
      self.from = from
      self.to = to
    }
  }

  /// Its name in the key; it has no entry where this is empty.
  public var name: String
  /// Its marks.
  public var marks: Marks
  /// Its colour.
  public var color: Color
  /// Whether its lines are dashed, as those of bounds are.
  public var dashed: Bool
  /// Opacity of its areas, from 0 to 1.
  public var opacity: Double
  /// Width of its lines in pixels.
  public var lineWidth: Double

  /// Makes a series.
  public init(
    _ name: String, _ marks: Marks, color: Color, dashed: Bool = false, opacity: Double = 1,
    lineWidth: Double = 2
  ) {
    self.name = name
    self.marks = marks
    self.color = color
    self.dashed = dashed
    self.opacity = opacity
    self.lineWidth = lineWidth
  }
}

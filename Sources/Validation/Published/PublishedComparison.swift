import Results

/// A figure that somebody published, and what models say it should be.
public struct PublishedFigure: Sendable, Equatable {
  /// What it belongs with: a device, a setting, a benchmark.
  public var group: String
  /// What tells it apart within the group, for people.
  public var setting: String
  /// What it is of, with its unit.
  public var quantity: String
  /// As published.
  public var published: Double
  /// As predicted by each model of the comparison, in their order; nil where one has nothing to say.
  public var predicted: [Double?]
  /// Whether a model was fitted to it: then it says nothing about how good predictions are.
  public var isFitted = false

  /// Makes a figure.
  public init(
    group: String, setting: String, quantity: String, published: Double, predicted: [Double?],
    isFitted: Bool = false
  ) {
    self.group = group
    self.setting = setting
    self.quantity = quantity
    self.published = published
    self.predicted = predicted
    self.isFitted = isFitted
  }
}

/// Published figures side by side with predictions, and how far apart they are.
public struct PublishedComparison: Sendable, Equatable {
  /// Rows that nobody predicts, and why.
  public struct LeftOut: Sendable, Equatable {
    /// Why.
    public var reason: String
    /// How many.
    public var rows: Int
  }

  /// The errors of one model in one quantity over the figures of one group.
  public struct Entry: Sendable, Equatable {
    /// The model.
    public var model: String
    /// The quantity.
    public var quantity: String
    /// The group; ``all`` or ``fitted`` for those that combine several.
    public var group: String
    /// How far off it is.
    public var errors: ErrorSummary
  }

  /// All figures that no model was fitted to.
  public static let all = "all predicted"
  /// Those that one was fitted to.
  public static let fitted = "fitted"

  /// Names of the models.
  public var models: [String]
  /// The figures, in the order of their source.
  public var figures: [PublishedFigure]
  /// What is not predicted; by reason, in order of first appearance.
  public private(set) var leftOut: [LeftOut] = []
  /// What else a reader should know.
  public var notes: [String] = []

  /// Makes a comparison.
  public init(models: [String], figures: [PublishedFigure] = [], notes: [String] = []) {
    self.models = models
    self.figures = figures
    self.notes = notes
  }

  /// Counts a row that is not predicted.
  public mutating func leaveOut(because reason: String) {
    if let known = leftOut.firstIndex(where: { $0.reason == reason }) {
      leftOut[known].rows += 1
    } else {
      leftOut.append(LeftOut(reason: reason, rows: 1))
    }
  }

  /// The errors by quantity, then group, then model; without those that no figure belongs to.
  public var errors: [Entry] {
    let quantities = unique(figures.map(\.quantity))
    let groups = [Self.all] + unique(figures.filter { !$0.isFitted }.map(\.group)) + [Self.fitted]
    return quantities.flatMap { quantity in
      groups.flatMap { group in
        models.indices.compactMap { model in
          ErrorSummary(pairs(model, quantity, group)).map {
            Entry(model: models[model], quantity: quantity, group: group, errors: $0)
          }
        }
      }
    }
  }

  private func pairs(
    _ model: Int, _ quantity: String, _ group: String
  ) -> [(measured: Double, predicted: Double)] {
    figures.compactMap { figure in
      let isIncluded =
        figure.isFitted ? group == Self.fitted : group == Self.all || group == figure.group
      guard isIncluded, figure.quantity == quantity, let predicted = figure.predicted[model]
      else { return nil }
      return (figure.published, predicted)
    }
  }
}

/// The different values, each at its first place.
private func unique(_ values: [String]) -> [String] {
  var seen: Set<String> = []
  return values.filter { seen.insert($0).inserted }
}

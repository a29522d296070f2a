/// What a PEFT `adapter_config.json` says of a LoRA: which modules it changes, with what rank and
/// scale.
///
/// Rules are those of PEFT 0.21 (`LoraConfig`, `check_target_module_exists`, `get_pattern_key`).
public struct AdapterConfiguration: Sendable {
  /// How a configuration names modules.
  public enum Modules: Sendable {
    /// Whole names of modules or their last parts: `q_proj`.
    case names(Set<String>)
    /// A regular expression for the whole name.
    case pattern(String)
    /// Every projection of every layer.
    case allLinear
  }

  /// A value for the modules that a regular expression matches in full or after a dot.
  public struct Override<Value: Sendable>: Sendable {
    public let pattern: String
    public let value: Value

    public init(pattern: String, value: Value) {
      self.pattern = pattern
      self.value = value
    }
  }

  /// Rank where ``rankPattern`` has no other.
  public var rank: Int
  /// Numerator of the scale where ``alphaPattern`` has no other.
  public var alpha: Double
  /// Whether the scale is alpha over the square root of the rank (Kalajdzievski, arXiv 2312.03732)
  /// and not over the rank itself.
  public var usesRSLoRA: Bool
  public var targets: Modules
  /// Modules that are left out although ``targets`` names them.
  public var excluded: Modules?
  /// The layers that are changed; nil for all. Of no effect on modules named in full.
  public var layers: Set<Int>?
  /// Regular expressions for what stands before the number of a layer, such as `layers`.
  public var layersPatterns: [String] = []
  /// The first that matches counts.
  public var rankPattern: [Override<Int>] = []
  /// The first that matches counts.
  public var alphaPattern: [Override<Double>] = []
  /// Name or path of the model that it was made for, where that is said.
  public var baseModel: String?

  public init(
    rank: Int, alpha: Double, usesRSLoRA: Bool = false, targets: Modules, excluded: Modules? = nil,
    layers: Set<Int>? = nil
  ) {
    self.rank = rank
    self.alpha = alpha
    self.usesRSLoRA = usesRSLoRA
    self.targets = targets
    self.excluded = excluded
    self.layers = layers
  }
}

/// An ``AdapterConfiguration`` with its regular expressions read, to be asked about many modules.
struct AdapterRules {
  private let configuration: AdapterConfiguration
  private let targets: ModuleSet
  private let excluded: ModuleSet?
  private let layersPatterns: [ModulePattern]
  private let ranks: [(pattern: ModulePattern, value: Int)]
  private let alphas: [(pattern: ModulePattern, value: Double)]
  /// What all patterns together may still take.
  private var steps: Int

  /// - Parameter steps: what all patterns together may take.
  init(
    _ configuration: AdapterConfiguration, steps: Int = ModulePattern.mostSteps
  ) throws(ModulePattern.Malformed) {
    self.configuration = configuration
    self.steps = steps
    targets = try ModuleSet(configuration.targets, under: "target_modules")
    excluded =
      if let modules = configuration.excluded {
        try ModuleSet(modules, under: "exclude_modules")
      } else { nil }
    layersPatterns = try AdapterRules.each(configuration.layersPatterns) {
      (text) throws(ModulePattern.Malformed) in
      try ModulePattern("(?:^|.*?\\.)\(text)\\.\\d+\\.", under: "layers_pattern")
    }
    ranks = try AdapterRules.overrides(configuration.rankPattern, under: "rank_pattern")
    alphas = try AdapterRules.overrides(configuration.alphaPattern, under: "alpha_pattern")
  }

  private static func overrides<Value>(
    _ overrides: [AdapterConfiguration.Override<Value>], under key: String
  ) throws(ModulePattern.Malformed) -> [(pattern: ModulePattern, value: Value)] {
    try each(overrides) { (override) throws(ModulePattern.Malformed) in
      (try ModulePattern("(.*\\.)?(\(override.pattern))$", under: key), override.value)
    }
  }

  /// `map`, which does not keep the type of an error in every compiler.
  private static func each<From, To>(
    _ values: [From], _ make: (From) throws(ModulePattern.Malformed) -> To
  ) throws(ModulePattern.Malformed) -> [To] {
    var made: [To] = []
    for value in values { made.append(try make(value)) }
    return made
  }

  /// Whether the adapter changes this matrix.
  mutating func targets(_ site: LoRASite) throws(ModulePattern.Malformed) -> Bool {
    let name = site.module
    if let excluded, try excluded.contains(name, steps: &steps) { return false }
    guard try targets.contains(name, steps: &steps) else { return false }
    guard let layers = configuration.layers, !targets.namesInFull(name) else { return true }
    guard layers.contains(site.layer) else { return false }
    if layersPatterns.isEmpty { return true }
    for pattern in layersPatterns where try pattern.matchesBeginning(of: name, steps: &steps) {
      return true
    }
    return false
  }

  /// Rank of the update of this matrix, and what the product B A is multiplied by.
  mutating func update(
    of site: LoRASite
  ) throws(ModulePattern.Malformed) -> (rank: Int, scaling: Double) {
    let rank = try first(in: ranks, for: site) ?? configuration.rank
    let alpha = try first(in: alphas, for: site) ?? configuration.alpha
    let divisor = configuration.usesRSLoRA ? Double(rank).squareRoot() : Double(rank)
    return (rank, alpha / divisor)
  }

  private mutating func first<Value>(
    in overrides: [(pattern: ModulePattern, value: Value)], for site: LoRASite
  ) throws(ModulePattern.Malformed) -> Value? {
    let name = site.module
    for override in overrides
    where try override.pattern.matchesBeginning(of: name, steps: &steps) {
      return override.value
    }
    return nil
  }
}

/// ``AdapterConfiguration/Modules`` with its regular expression read.
private enum ModuleSet {
  case names(Set<String>)
  case pattern(ModulePattern)
  case all

  init(
    _ modules: AdapterConfiguration.Modules, under key: String
  ) throws(ModulePattern.Malformed) {
    switch modules {
    case .names(let names): self = .names(names)
    case .pattern(let text): self = .pattern(try ModulePattern(text, under: key))
    case .allLinear: self = .all
    }
  }

  func namesInFull(_ module: String) -> Bool {
    switch self {
    case .names(let names): names.contains(module)
    // Layers cannot be chosen beside a regular expression.
    case .pattern: true
    case .all: false
    }
  }

  /// A name stands for itself and for what ends in a dot and it.
  func contains(_ module: String, steps: inout Int) throws(ModulePattern.Malformed) -> Bool {
    switch self {
    case .names(let names):
      var tail = module[...]
      while true {
        if names.contains(String(tail)) { return true }
        guard let dot = tail.firstIndex(of: ".") else { return false }
        tail = tail[tail.index(after: dot)...]
      }
    case .pattern(let pattern): return try pattern.matchesWhole(module, steps: &steps)
    case .all: return true
    }
  }
}

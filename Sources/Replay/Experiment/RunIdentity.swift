import Orchestration
import Primitives
import Workload

/// The version of each world's model. It goes up whenever a change of code makes the same run give
/// another result, so that results of different code are never taken for one another.
public enum ModelVersion {
  /// Of the discrete-event model, with the policies that ship.
  public static let simulation = "simulation 4"
  /// Of the world that runs a model. Its runs are never equal, but comparable under one version.
  public static let kernel = "kernel 1"
}

extension Experiment.Backend {
  /// The version of the world's model.
  public var modelVersion: String {
    switch self {
    case .simulation: ModelVersion.simulation
    case .kernel: ModelVersion.kernel
    }
  }
}

extension Experiment {
  /// Everything that determines a run's stored result, as lines of `key: value`.
  ///
  /// Equal texts mean equal results to the bit, or in a world of wall-clock time equal conditions; a
  /// run's id is this text's digest. Values of the
  /// server are found by reflection, so that a field added later cannot be forgotten here.
  func configuration(
    of workload: TraceRecipe, traceDigest: String, strategy: Strategy, server: ServerSpec,
    backend: Backend, seed: UInt64, sweepValue: Double?, seriesInterval: Nanoseconds
  ) -> String {
    var lines = [
      ("model version", backend.modelVersion), ("workload", workload.name),
      ("trace", workload.description), ("trace digest", traceDigest),
      ("backend", backend.rawValue), ("seed", "\(seed)"), ("strategy", strategy.name),
      ("strategy.eviction", strategy.eviction.canonicalText),
      ("strategy.host-eviction", strategy.hostEviction.canonicalText),
      ("strategy.prefetch", strategy.prefetch.canonicalText),
      ("strategy.scheduling", strategy.scheduling.canonicalText),
      ("strategy.routing", strategy.routing.canonicalText),
      ("strategy.selection", strategy.selection.canonicalText),
    ]
    if let sweep, let sweepValue {
      lines.append(("sweep", "\(sweep.parameter.rawValue)=\(sweepValue)"))
    }
    lines.append(("record.series", "\(seriesInterval)"))
    lines +=
      fields(of: client, "client") + [("client.duration", duration.map { "\($0)" } ?? "none")]
    if backend == .kernel, var kernel {
      // Where adapters are kept makes no difference.
      kernel.cache = ""
      lines += fields(of: kernel, "kernel")
    }
    lines += fields(of: recording, "record") + fields(of: slo, "slo") + fields(of: server, "server")
    return lines.map { "\($0): \($1)\n" }.joined()
  }
}

extension SLO {
  /// Reads the objective back from a stored run's configuration; what is not there is not promised.
  public init(configuration: String) {
    func bound(_ name: String) -> Nanoseconds? {
      let key = "slo.\(name): "
      return configuration.split(separator: "\n").first { $0.hasPrefix(key) }
        .flatMap { Nanoseconds($0.dropFirst(key.count)) }
    }
    self.init(ttft: bound("ttft"), tpot: bound("tpot"), e2e: bound("e2e"))
  }
}

/// The leaves of a value, each with the way to it.
private func fields(of value: Any, _ path: String) -> [(String, String)] {
  let mirror = Mirror(reflecting: value)
  switch mirror.displayStyle {
  case .struct, .tuple:
    return mirror.children.flatMap { fields(of: $0.value, "\(path).\($0.label ?? "")") }
  case .optional:
    return mirror.children.first.map { fields(of: $0.value, path) } ?? [(path, "none")]
  case .enum where !mirror.children.isEmpty:
    return mirror.children.flatMap { fields(of: $0.value, "\(path).\($0.label ?? "")") }
  default:
    return [(path, "\(value)")]
  }
}

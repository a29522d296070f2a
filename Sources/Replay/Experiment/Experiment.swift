import Orchestration
import Primitives
import Simulation
import Workload

/// What a person wants to know, as a file says it: which traces, on what server, under which
/// strategies, how often. `Experiments/README.md` describes the file.
public struct Experiment: Sendable {
  /// The world that a run happens in.
  public enum Backend: String, Sendable, CaseIterable {
    /// The discrete-event model.
    case simulation
    /// An engine that runs a model on this machine, by wall-clock time.
    case kernel
  }

  /// Extra runs in which one number of the server takes several values.
  public struct Sweep: Sendable {
    /// What varies.
    public var parameter: SweepParameter
    /// Its values, rising.
    public var values: [Double]
    /// The seeds of these runs.
    public var seeds: [UInt64]
    /// The workloads of these runs.
    public var workloads: [String]
  }

  /// What is kept of a run beside its metrics and counters. Runs of a sweep keep nothing else.
  public struct Recording: Sendable, Equatable {
    /// The record of each request: what paired comparisons and latency charts are made from.
    public var requests = true
    /// When which adapter was on the device.
    public var residency = true
    /// Time between points of the time series; nil for about 600 points over the trace.
    public var seriesInterval: Nanoseconds?
  }

  /// A name in the file that only a reader above this module can check.
  public struct Mention: Sendable {
    /// The name.
    public var name: String
    /// `file:line:column`.
    public var place: String
  }

  /// The file, as the person named it.
  public var file: String
  /// The file's text.
  public var text: String
  /// The experiment's name.
  public var name: String
  /// What it is for, in a sentence.
  public var summary: String
  /// Named traces, each of which may refer to those before it.
  public var traces: [TraceRecipe]
  /// The traces that are replayed.
  public var workloads: [TraceRecipe]
  /// What serves them.
  public var server: ServerSpec
  /// Where the server stands in the file.
  public var serverPlace: String
  /// What keeps clients from sending requests.
  public var client: ClientModel
  /// When clients stop sending, and cancel what has not ended; nil to serve everything.
  public var duration: Nanoseconds?
  /// What is compared; the first is the baseline unless `report` says otherwise.
  public var strategies: [Strategy]
  /// One run of everything for each.
  public var seeds: [UInt64]
  /// The worlds to run in.
  public var backends: [Backend]
  /// The engine of the kernel world, whose model and room the other worlds then have too.
  public var kernel: KernelSpec?
  /// What the service promises.
  public var slo: SLO
  /// Extra runs.
  public var sweep: Sweep?
  /// What is kept.
  public var recording: Recording
  /// The report's heading.
  public var title: String
  /// The strategies to compare, the baseline first.
  public var compared: [String]
  /// The metrics to show; empty for the usual ones.
  public var metrics: [Mention]
  /// The policies that there are.
  public var registry: PolicyRegistry
}

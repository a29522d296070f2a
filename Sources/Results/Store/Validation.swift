import Foundation
import Primitives

/// A quantity of a run that a measurement and a prediction both speak of.
public enum ValidationQuantity: String, Sendable, CaseIterable {
  /// Whether the server starts: 1 or 0.
  case starts
  /// Prompt and output tokens of completed requests, in tokens/s.
  case totalThroughput = "total_throughput"
  /// Mean gap between tokens, pooled over completed requests, in ms.
  case itlMean = "itl_mean"
  /// Mean time to first token of completed requests, in ms.
  case ttftCompleted = "ttft_completed"
  /// Requests completed.
  case completed
  /// Requests that reached the server.
  case sent
  /// Mean number of running requests.
  case running = "running_mean"
  /// Mean number of waiting requests.
  case waiting = "waiting_mean"
  /// Mean share of the KV cache in use.
  case kvUsage = "kv_usage_mean"
  /// Requests preempted, as often as they were.
  case preemptions
  /// Copies of adapters into the device.
  case adapterLoads = "adapter_loads"
  /// Mean number of different adapters in a step.
  case adaptersInStep = "adapters_in_step"
}

/// What is known of one run, measured or predicted: a value or nothing for each quantity.
public struct Observations: Sendable, Equatable {
  private var values: [ValidationQuantity: Double]

  /// Takes what is known; the rest has no value.
  public init(_ values: [ValidationQuantity: Double] = [:]) { self.values = values }

  /// The value of a quantity, in its unit; nil where it is not known.
  public subscript(quantity: ValidationQuantity) -> Double? {
    get { values[quantity] }
    set { values[quantity] = newValue }
  }
}

/// A measured run with what was predicted for it.
public struct ValidatedRun: Sendable, Equatable {
  /// The run's number in the file of measurements.
  public var number: Int
  /// The base model.
  public var model: String
  /// Which campaign of measurements it belongs to.
  public var family: String
  /// Runs that share everything but slots and adapters.
  public var group: String
  /// How loaded the server was: `unloaded`, `overloaded` and so on, as the file says.
  public var regime: String
  /// Adapter slots on the device.
  public var slots: Int
  /// The rank that slots are made for.
  public var slotRank: Int
  /// Adapters served.
  public var adapters: Int
  /// Requests offered, in 1/s.
  public var offered: Double
  /// What was measured.
  public var measured = Observations()
  /// What was predicted: means over the validation's seeds.
  public var predicted = Observations()
  /// What the digital twin that its authors published predicted for the same run; empty where they
  /// published nothing.
  public var twin = Observations()

  /// Makes a run of which nothing is known yet.
  public init(
    number: Int, model: String, family: String, group: String, regime: String, slots: Int,
    slotRank: Int, adapters: Int, offered: Double
  ) {
    self.number = number
    self.model = model
    self.family = family
    self.group = group
    self.regime = regime
    self.slots = slots
    self.slotRank = slotRank
    self.adapters = adapters
    self.offered = offered
  }
}

/// What a validation is a result of: everything that would have to be the same to get it again.
public struct ValidationDescription: Sendable, Equatable {
  /// The file of measurements, as the person named it.
  public var runsFile: String
  /// SHA-256 of that file.
  public var runsDigest: String
  /// The profile's name.
  public var profileName: String
  /// The profile, whole, as it is written.
  public var profile: String
  /// What keeps the simulated client from sending, in words.
  public var client: String
  /// The seeds that predictions are means over.
  public var seeds: [UInt64]
  /// Numbers of the runs that were predicted, by the order of the file.
  public var runNumbers: [Int]
  /// The revision of the code.
  public var codeRevision: String
  /// The version of the server model.
  public var modelVersion: String
  /// The machine that predicted.
  public var host: String
  /// When it began, in wall-clock time.
  public var startedAt: Date
  /// How long it took, in seconds of wall-clock time.
  public var wallSeconds: Double

  /// Makes a description.
  public init(
    runsFile: String, runsDigest: String, profileName: String, profile: String, client: String,
    seeds: [UInt64], runNumbers: [Int], codeRevision: String, modelVersion: String, host: String,
    startedAt: Date,
    wallSeconds: Double
  ) {
    self.runsFile = runsFile
    self.runsDigest = runsDigest
    self.profileName = profileName
    self.profile = profile
    self.client = client
    self.seeds = seeds
    self.runNumbers = runNumbers
    self.codeRevision = codeRevision
    self.modelVersion = modelVersion
    self.host = host
    self.startedAt = startedAt
    self.wallSeconds = wallSeconds
  }

  /// SHA-256 of the profile's text.
  public var profileDigest: String { SHA256.hex(profile) }

  /// A hexadecimal digest of all that determines the predictions.
  public var id: String {
    let parts = [
      modelVersion, runsDigest, profileDigest, client, "\(seeds)", "\(runNumbers)",
    ]
    return String(SHA256.hex(parts.joined(separator: "\n")).prefix(16))
  }
}

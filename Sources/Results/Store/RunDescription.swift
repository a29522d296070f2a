import Foundation
import Primitives

/// The experiment that runs belong to.
public struct ExperimentDescription: Sendable, Equatable {
  /// Its name; one database holds one current configuration a name.
  public var name: String
  /// Its file's text, as the person wrote it.
  public var config: String

  /// Makes a description.
  public init(name: String, config: String) {
    self.name = name
    self.config = config
  }

  /// SHA-256 of the configuration.
  public var digest: String { SHA256.hex(config) }
}

/// What a run is a result of: everything that would have to be the same to get it again.
public struct RunDescription: Sendable, Equatable {
  /// A hexadecimal digest of all that determines the run; equal ids mean equal results.
  public var runID: String
  /// The workload's name: a trace with its transforms (`day`).
  public var workload: String
  /// The strategy's name: a set of policies (`lru`, `predictive`).
  public var strategy: String
  /// The world in which it ran (`simulation`).
  public var backend: String
  /// The seed that, with the workload, fixes all luck: runs of two strategies with the same seed
  /// are compared request by request.
  public var seed: UInt64
  /// The point of a parameter sweep, if the run is part of one.
  public var sweep: SweepPoint?
  /// The trace's name.
  public var traceName: String
  /// The trace's SHA-256.
  public var traceDigest: String
  /// Where each column of the trace came from.
  public var traceColumns: [TraceColumn]
  /// The complete configuration, in canonical form.
  public var configuration: String
  /// The revision of the code (git commit, with `-dirty` where it applies).
  public var codeRevision: String
  /// The version of the server model, or of the live server's software.
  public var modelVersion: String
  /// The machine on which it ran.
  public var host: String
  /// When it began, in wall-clock time.
  public var startedAt: Date
  /// When it ended, in wall-clock time.
  public var finishedAt: Date
  /// Names of the adapters by their index in records; empty where they would be too many.
  public var adapterNames: [String]

  /// Makes a description.
  public init(
    runID: String, workload: String, strategy: String, backend: String, seed: UInt64,
    sweep: SweepPoint? = nil, traceName: String, traceDigest: String,
    traceColumns: [TraceColumn] = [], configuration: String, codeRevision: String,
    modelVersion: String, host: String, startedAt: Date, finishedAt: Date,
    adapterNames: [String] = []
  ) {
    self.runID = runID
    self.workload = workload
    self.strategy = strategy
    self.backend = backend
    self.seed = seed
    self.sweep = sweep
    self.traceName = traceName
    self.traceDigest = traceDigest
    self.traceColumns = traceColumns
    self.configuration = configuration
    self.codeRevision = codeRevision
    self.modelVersion = modelVersion
    self.host = host
    self.startedAt = startedAt
    self.finishedAt = finishedAt
    self.adapterNames = adapterNames
  }
}

/// One value of the parameter that a sweep varies: `slots` = 8.
public struct SweepPoint: Sendable, Hashable, Comparable {
  /// The parameter's name.
  public var parameter: String
  /// Its value.
  public var value: Double

  /// Makes a point.
  public init(_ parameter: String, _ value: Double) {
    self.parameter = parameter
    self.value = value
  }

  public static func < (a: SweepPoint, b: SweepPoint) -> Bool {
    (a.parameter, a.value) < (b.parameter, b.value)
  }
}

/// The origin of one column of the trace: recorded, fitted or assigned, and from what.
public struct TraceColumn: Sendable, Equatable, Codable {
  /// The column (`prompt_tokens`).
  public var column: String
  /// `recorded`, `fitted` or `assigned`.
  public var provenance: String
  /// In words: source, and what was done to it.
  public var note: String

  /// Makes an origin.
  public init(column: String, provenance: String, note: String) {
    self.column = column
    self.provenance = provenance
    self.note = note
  }
}

import Primitives
import Simulation

/// A value estimated from measurements.
public struct Estimate: Sendable, Equatable {
  /// The value.
  public var value: Double
  /// Its standard error, in the value's unit; 0 where the value is held at a bound.
  public var standardError: Double

  /// Makes an estimate.
  public init(_ value: Double, standardError: Double) {
    self.value = value
    self.standardError = standardError
  }
}

/// What was learned about one server from measurements: enough to simulate it.
///
/// `pitwall calibrate` writes profiles, experiments and `pitwall validate` read them. A profile
/// belongs to an engine on an accelerator and says so; it holds each of the models that were
/// measured there.
public struct Profile: Sendable, Equatable {
  /// A file that the profile was fitted from.
  public struct Source: Sendable, Equatable {
    /// Its name, without folders.
    public var file: String
    /// SHA-256 of its content, in hexadecimal digits.
    public var sha256: String
    /// Rows of it that were used.
    public var rows: Int

    /// Makes a source.
    public init(file: String, sha256: String, rows: Int) {
      self.file = file
      self.sha256 = sha256
      self.rows = rows
    }
  }

  /// The profile's name.
  public var name: String
  /// The engine and its version: `vllm-v1 0.8.5`.
  public var engine: String
  /// What the engine ran on, in words.
  public var accelerator: String
  /// The measurements.
  public var fittedFrom: [Source]
  /// The models, by name.
  public let models: [Model]

  /// Makes a profile.
  /// - Precondition: no two models have the same name.
  public init(
    name: String, engine: String, accelerator: String, fittedFrom: [Source], models: [Model]
  ) {
    self.name = name
    self.engine = engine
    self.accelerator = accelerator
    self.fittedFrom = fittedFrom
    self.models = models.sorted { $0.name < $1.name }
    precondition(
      zip(self.models, self.models.dropFirst()).allSatisfy { $0.name < $1.name },
      "two models of a profile have the same name")
  }

  /// What was measured of a model, by the name in ``ModelShape/catalogue``.
  public func model(_ name: String) -> Model? { models.first { $0.name == name } }
}

extension Profile {
  /// What was measured of one model.
  public struct Model: Sendable, Equatable {
    /// A step-time term and the microseconds that a unit of it takes.
    public struct StepCoefficient: Sendable, Equatable {
      /// The term.
      public var term: StepTerm
      /// Microseconds per ``StepTerm/unit``.
      public var microseconds: Estimate

      /// Makes a coefficient.
      public init(_ term: StepTerm, microseconds: Estimate) {
        self.term = term
        self.microseconds = microseconds
      }
    }

    /// The time to copy an adapter from host memory into a slot.
    public struct Load: Sendable, Equatable {
      /// The rank that the slot is made for.
      public var slotRank: Int
      /// The adapter's rank.
      public var rank: Int
      /// The time, ms.
      public var milliseconds: Double

      /// Makes a load.
      public init(slotRank: Int, rank: Int, milliseconds: Double) {
        self.slotRank = slotRank
        self.rank = rank
        self.milliseconds = milliseconds
      }
    }

    /// How far off predictions with the profile were, of runs that it was fitted to.
    public struct FitError: Sendable, Equatable {
      /// What was predicted, by the name that `pitwall validate` has for it.
      public var metric: String
      /// Symmetric mean absolute percentage error, half of a relative error where it is small, %.
      public var smape: Double
      /// Over how many runs.
      public var runs: Int

      /// Makes an error.
      public init(metric: String, smape: Double, runs: Int) {
        self.metric = metric
        self.smape = smape
        self.runs = runs
      }
    }

    /// The name in ``ModelShape/catalogue``.
    public var name: String
    /// The longest context that the server promises, tokens: with less room than this in its KV
    /// cache it does not start.
    public var maxModelLength: Int
    /// Room in the KV cache.
    public var kv: KVCapacity
    /// Step times.
    public var step: [StepCoefficient]
    /// Load times; empty where none were measured.
    public var loads: [Load]
    /// The time to read an adapter from disk into host memory, ms; nil where it was not measured.
    public var diskMilliseconds: Double?
    /// What requests and tokens pass through; nil where it was not measured.
    public var frontend: FrontendModel?
    /// Lengths of the requests that the measurements were made with; nil where they are unknown.
    public var lengths: Lengths?
    /// What is known of the errors of predictions.
    public var errors: [FitError] = []

    /// Makes a model.
    public init(
      name: String, maxModelLength: Int, kv: KVCapacity, step: [StepCoefficient],
      loads: [Load] = [], frontend: FrontendModel? = nil, lengths: Lengths? = nil
    ) {
      self.name = name
      self.maxModelLength = maxModelLength
      self.kv = kv
      self.step = step
      self.loads = loads
      self.frontend = frontend
      self.lengths = lengths
    }
  }

  /// How long requests are: two histograms, the means that they are scaled to, and how they hang
  /// together.
  public struct Lengths: Sendable, Equatable {
    /// A bin of a histogram of token counts.
    public struct Bin: Sendable, Equatable {
      /// Where the bin begins, tokens.
      public var low: Double
      /// Where it ends, tokens.
      public var high: Double
      /// The share of requests in it.
      public var share: Double

      /// Makes a bin.
      public init(low: Double, high: Double, share: Double) {
        self.low = low
        self.high = high
        self.share = share
      }
    }

    /// Prompt lengths.
    public var prompt: [Bin]
    /// Lengths at which outputs are cut off.
    public var output: [Bin]
    /// Mean of the prompt lengths, tokens.
    public var promptMean: Double
    /// Mean of the lengths at which outputs are cut off, tokens.
    public var outputMean: Double
    /// Correlation of the two in a Gaussian copula.
    public var correlation: Double
    /// Share of requests whose output ends before it is cut off.
    public var stopShare: Double
    /// How long the output of these is, as a share of where it would have been cut off, on average.
    public var stoppedOutputRatio: Double

    /// Makes lengths.
    public init(
      prompt: [Bin], output: [Bin], promptMean: Double, outputMean: Double, correlation: Double,
      stopShare: Double, stoppedOutputRatio: Double
    ) {
      self.prompt = prompt
      self.output = output
      self.promptMean = promptMean
      self.outputMean = outputMean
      self.correlation = correlation
      self.stopShare = stopShare
      self.stoppedOutputRatio = stoppedOutputRatio
    }
  }
}

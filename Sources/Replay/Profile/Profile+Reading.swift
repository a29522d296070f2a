import Primitives
import Simulation

extension Profile {
  /// What a profile's numbers may be; outside is a slip of the hand, and would overflow later.
  private enum Limits {
    static let coefficient = -1e12...1e12
    static let error = 0...1e15
    static let tokens = 1...1_000_000_000
    static let milliseconds = 0...3.6e6
    static let microseconds = 0...3.6e9
  }

  /// Reads a profile.
  /// - Throws: `PitwallError`: noInput if the file cannot be read, data with file, line, column and
  ///   key of what is wrong in it.
  public static func read(_ path: String) throws -> Profile {
    try Profile(YAMLValue.text(of: path), file: path)
  }

  /// Parses a profile.
  /// - Throws: `PitwallError` (data).
  public init(_ text: String, file: String) throws {
    let root = try YAMLValue.parse(text, file: file)
    var map = try root.mapping()
    let name = try map.required("name").string()
    let engine = try map.required("engine").string()
    let accelerator = try map.required("accelerator").string()
    let sources = try map.required("fitted-from").list().map(Profile.readSource)
    let values = try map.required("models").list()
    try map.finish()
    var models: [Model] = []
    for value in values {
      let model = try Profile.readModel(value)
      if models.contains(where: { $0.name == model.name }) {
        throw value.failure("model \"\(model.name)\" is there twice")
      }
      models.append(model)
    }
    self.init(
      name: name, engine: engine, accelerator: accelerator, fittedFrom: sources, models: models)
  }

  private static func readSource(_ value: YAMLValue) throws -> Source {
    var map = try value.mapping()
    let file = try map.required("file").string()
    let digest = try map.required("sha256").parsed("64 hexadecimal digits") { text in
      text.utf8.count == 64 && text.allSatisfy(\.isHexDigit) ? text : nil
    }
    let rows = try map.required("rows").int(in: 0...1_000_000_000)
    try map.finish()
    return Source(file: file, sha256: digest, rows: rows)
  }

  private static func readModel(_ value: YAMLValue) throws -> Model {
    var map = try value.mapping()
    var model = Model(
      name: try map.required("name").string(),
      maxModelLength: try map.required("max-model-length").int(in: Limits.tokens),
      kv: try readCapacity(map.required("kv")), step: try readSteps(map.required("step")),
      loads: try map.value("loads").map(readLoads) ?? [],
      frontend: try map.value("frontend").map(readFrontend),
      lengths: try map.value("lengths").map(readLengths))
    model.diskMilliseconds = try map.value("disk-ms").map { try $0.double(in: Limits.milliseconds) }
    model.errors = try map.value("errors").map { try $0.list().map(readError) } ?? []
    try map.finish()
    return model
  }

  private static func readError(_ value: YAMLValue) throws -> Model.FitError {
    var map = try value.mapping()
    let error = Model.FitError(
      metric: try map.required("metric").string(),
      smape: try map.required("smape").double(in: 0...100),
      runs: try map.required("runs").int(in: 1...1_000_000_000))
    try map.finish()
    return error
  }

  private static func readCapacity(_ value: YAMLValue) throws -> KVCapacity {
    var map = try value.mapping()
    var capacity = KVCapacity(
      base: try readEstimate(map.required("base")),
      perSlotRank: try readEstimate(map.required("per-slot-rank")),
      perSlot: try readEstimate(map.required("per-slot")))
    if let value = map.value("findings") {
      for entry in try value.list() {
        let finding = try readFinding(entry)
        if let last = capacity.findings.last, last.slots >= finding.slots {
          throw entry.failure("findings must be in order of their slots, each once")
        }
        capacity.findings.append(finding)
      }
    }
    try map.finish()
    return capacity
  }

  private static func readFinding(_ value: YAMLValue) throws -> KVCapacity.Finding {
    var map = try value.mapping()
    let finding = KVCapacity.Finding(
      slots: try map.required("slots").int(in: 1...1_000_000),
      tokens: try map.required("tokens").double(in: 0...1e9))
    try map.finish()
    return finding
  }

  private static func readEstimate(_ value: YAMLValue) throws -> Estimate {
    var map = try value.mapping()
    let estimate = try readEstimate(&map)
    try map.finish()
    return estimate
  }

  private static func readEstimate(_ map: inout YAMLMapping) throws -> Estimate {
    Estimate(
      try map.required("value").double(in: Limits.coefficient),
      standardError: try map.required("standard-error").double(in: Limits.error))
  }

  private static func readSteps(_ value: YAMLValue) throws -> [Model.StepCoefficient] {
    var steps: [Model.StepCoefficient] = []
    for value in try value.list() {
      var map = try value.mapping()
      let term = try map.required("term").choice(StepTerm.self)
      let estimate = try readEstimate(&map)
      try map.finish()
      if steps.contains(where: { $0.term == term }) {
        throw value.failure("term \"\(term.rawValue)\" is there twice")
      }
      steps.append(Model.StepCoefficient(term, microseconds: estimate))
    }
    if steps.isEmpty { throw value.failure("expected at least one term") }
    return steps
  }

  private static func readLoads(_ value: YAMLValue) throws -> [Model.Load] {
    var loads: [Model.Load] = []
    for value in try value.list() {
      var map = try value.mapping()
      let load = Model.Load(
        slotRank: try map.required("slot-rank").int(in: ServerSpec.Limits.rank),
        rank: try map.required("rank").int(in: ServerSpec.Limits.rank),
        milliseconds: try map.required("ms").double(in: Limits.milliseconds))
      try map.finish()
      if loads.contains(where: { $0.slotRank == load.slotRank && $0.rank == load.rank }) {
        throw value.failure("rank \(load.rank) in slots of \(load.slotRank) is there twice")
      }
      loads.append(load)
    }
    return loads
  }

  private static func readFrontend(_ value: YAMLValue) throws -> FrontendModel {
    var map = try value.mapping()
    func time(_ key: String) throws -> Nanoseconds {
      Nanoseconds((try map.required(key).double(in: Limits.microseconds) * 1000).rounded())
    }
    let frontend = FrontendModel(
      ingress: try time("ingress"), egress: try time("egress"), perToken: try time("per-token"),
      perCombination: try time("per-combination"), perName: try time("per-name"))
    try map.finish()
    return frontend
  }

  private static func readLengths(_ value: YAMLValue) throws -> Lengths {
    var map = try value.mapping()
    let mean = 1...1e7
    let lengths = Lengths(
      prompt: try readHistogram(map.required("prompt")),
      output: try readHistogram(map.required("output")),
      promptMean: try map.required("prompt-mean").double(in: mean),
      outputMean: try map.required("output-mean").double(in: mean),
      correlation: try map.required("correlation").double(in: -1...1),
      stopShare: try map.required("stop-share").double(in: 0...1),
      stoppedOutputRatio: try map.required("stopped-output-ratio").double(in: 0...1))
    try map.finish()
    return lengths
  }

  /// Reads bins `[low, high, share]`, which must rise and hold something.
  private static func readHistogram(_ value: YAMLValue) throws -> [Lengths.Bin] {
    var bins: [Lengths.Bin] = []
    for value in try value.list() {
      let numbers = try value.list().map { try $0.double(in: 0...1e9) }
      guard numbers.count == 3 else { throw value.failure("expected [low, high, share]") }
      let bin = Lengths.Bin(low: numbers[0], high: numbers[1], share: numbers[2])
      guard bin.low < bin.high else { throw value.failure("the bin is empty") }
      if let last = bins.last, bin.low < last.high {
        throw value.failure("begins before the bin above it ends")
      }
      bins.append(bin)
    }
    guard bins.contains(where: { $0.share > 0 }) else { throw value.failure("no bin has a share") }
    return bins
  }
}

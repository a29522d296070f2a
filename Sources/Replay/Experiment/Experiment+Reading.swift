import Foundation
import Inference
import Orchestration
import Primitives
import Simulation
import Workload

extension Experiment {
  /// Reads an experiment and everything that it names, except the recordings themselves.
  /// - Parameters:
  ///   - path: the file.
  ///   - recordings: the folder of recordings, in place of what the file says.
  ///   - seeds: in place of what the file says.
  ///   - models: where the models of the kernel engine lie.
  ///   - registry: the policies that there are.
  /// - Throws: `PitwallError`, one line with file, line, column and key: noInput for files that are
  ///   not there, data for everything that the file gets wrong.
  public static func read(
    _ path: String, recordings: String? = nil, seeds: [UInt64]? = nil,
    models: ModelLibrary = ModelLibrary(environment: ProcessInfo.processInfo.environment),
    registry: PolicyRegistry
  ) throws -> Experiment {
    try Experiment(
      YAMLValue.text(of: path), file: path, recordings: recordings, seeds: seeds, models: models,
      registry)
  }

  /// Parses an experiment's text.
  init(
    _ text: String, file: String, recordings: String? = nil, seeds: [UInt64]? = nil,
    models: ModelLibrary = ModelLibrary(folder: ""), _ registry: PolicyRegistry
  ) throws {
    let root = try YAMLValue.parse(text, file: file)
    var map = try root.mapping()
    self.file = file
    self.text = text
    self.registry = registry
    name = try Experiment.readName(map.required("name"))
    summary = try map.value("description")?.string() ?? ""
    let folder = RecipeFolders.folder(of: file)
    let written = try map.value("recordings")?.string()
    let folders = RecipeFolders(
      experiment: folder,
      recordings: recordings ?? written.map { RecipeFolders.resolve($0, in: folder) } ?? folder)
    traces = try map.value("traces").map { try Experiment.readRecipes($0, folders) } ?? []
    workloads = try Experiment.readRecipes(map.required("workloads"), folders)
    let server = try map.required("server")
    let spec = try ServerSpec(server)
    self.server = spec
    serverPlace = server.place
    client = ClientModel()
    let strategies = try map.required("strategies").entries("strategy").map {
      try Strategy(name: $0.key, $0.value, for: spec, registry)
    }
    self.strategies = strategies
    let writtenSeeds = try map.value("seeds").map(Experiment.readSeeds)
    self.seeds = seeds ?? writtenSeeds ?? [1, 2, 3, 4, 5]
    let worlds = map.value("backends")
    backends = try worlds?.distinct(Experiment.readBackend) ?? [.simulation]
    kernel = try map.value("kernel").map {
      try KernelSpec($0, folder: folder, library: models)
    }
    if let worlds, backends.contains(.kernel), kernel == nil {
      throw worlds.failure("the kernel world needs a `kernel` that says what is run")
    }
    slo = try map.value("slo").map(SLO.init) ?? SLO()
    sweep = nil
    recording = try map.value("record").map(Recording.init) ?? Recording()
    title = name
    compared = strategies.map(\.name)
    metrics = []
    if let value = map.value("client") { try readClient(value) }
    if let value = map.value("sweep") { sweep = try readSweep(value) }
    if let value = map.value("report") { try readReport(value) }
    try map.finish()
  }

  /// `simulated` is `simulation`.
  private static func readBackend(_ value: YAMLValue) throws -> Backend {
    try value.string() == "simulated" ? .simulation : value.choice()
  }

  /// Names become names of files.
  private static func readName(_ value: YAMLValue) throws -> String {
    try value.parsed("a name of letters, digits, - and _") { text in
      let isPlain = text.utf8.allSatisfy {
        Character(UnicodeScalar($0)).isLetter && $0 < 0x80
          || Character(UnicodeScalar($0)).isNumber || $0 == 0x2d || $0 == 0x5f
      }
      return isPlain && (1...64).contains(text.utf8.count) ? text : nil
    }
  }

  private static func readRecipes(
    _ value: YAMLValue, _ folders: RecipeFolders
  ) throws -> [TraceRecipe] {
    try value.entries("trace").map { try TraceRecipe(name: $0.key, $0.value, folders) }
  }

  /// A list of seeds, or how many there are from 1 on.
  private static func readSeeds(_ value: YAMLValue) throws -> [UInt64] {
    if value.isScalar { return (1...UInt64(try value.int(in: 1...10_000))).map { $0 } }
    return try value.distinct { UInt64(try $0.int(in: 0...Int.max)) }
  }

  private mutating func readClient(_ value: YAMLValue) throws {
    var map = try value.mapping()
    if let value = map.value("max-in-flight") {
      client.maxInFlight = try value.int(in: 1...Int.max)
    }
    if let value = map.value("ports") { client.ports = try value.int(in: 1...Int.max) }
    if let value = map.value("port-hold") { client.portHold = try value.shortTime() }
    if let value = map.value("scrape-interval") { client.scrapeInterval = try value.shortTime() }
    if let value = map.value("duration") {
      duration = try value.nanoseconds()
      if duration == 0 { throw value.failure("expected a time above 0") }
    }
    try map.finish()
  }

  private func readSweep(_ value: YAMLValue) throws -> Sweep {
    var map = try value.mapping()
    let written = SweepParameter.allCases.filter { map.value($0.rawValue) != nil }
    let seeds = try map.value("seeds").map(Experiment.readSeeds)
    let workloads = try map.value("workloads")?.distinct {
      try named($0, "workload", in: self.workloads, \.name).name
    }
    try map.finish()
    guard let parameter = written.first, written.count == 1,
      let values = map.value(parameter.rawValue)
    else { throw value.failure("expected one parameter to vary, found \(written.count)") }
    return Sweep(
      parameter: parameter, values: try values.distinct(parameter.read).sorted(),
      seeds: seeds ?? Array(self.seeds.prefix(1)),
      workloads: workloads ?? self.workloads.map(\.name))
  }

  private mutating func readReport(_ value: YAMLValue) throws {
    var map = try value.mapping()
    if let value = map.value("title") { title = try value.string() }
    if let value = map.value("compare") {
      compared = try value.distinct { try named($0, "strategy", in: strategies, \.name).name }
      if compared.count < 2 { throw value.failure("expected at least two strategies") }
    }
    if let value = map.value("metrics") {
      metrics = try value.list().map { Mention(name: try $0.string(), place: $0.place) }
    }
    try map.finish()
  }
}

extension SLO {
  fileprivate init(_ value: YAMLValue) throws {
    var map = try value.mapping()
    self.init(
      ttft: try map.value("ttft")?.nanoseconds(), tpot: try map.value("tpot")?.nanoseconds(),
      e2e: try map.value("e2e")?.nanoseconds())
    try map.finish()
  }
}

extension Experiment.Recording {
  fileprivate init(_ value: YAMLValue) throws {
    var map = try value.mapping()
    if let value = map.value("requests") { requests = try value.bool() }
    if let value = map.value("residency") { residency = try value.bool() }
    if let value = map.value("series"), try value.string() != "auto" {
      let interval = try value.nanoseconds()
      if interval < 1_000_000 { throw value.failure("shorter than 1ms") }
      seriesInterval = interval
    }
    try map.finish()
  }
}

extension YAMLValue {
  /// The entries of a mapping whose keys are names that a person chose; at least one.
  fileprivate func entries(_ what: String) throws -> [YAMLMapping.Entry] {
    let entries = try mapping().entries
    if entries.isEmpty { throw failure("expected at least one \(what)") }
    for entry in entries where entry.key.isEmpty || entry.key.contains(where: \.isNewline) {
      throw PitwallError(.data, at: entry.place, "a name must be a line of text")
    }
    return entries
  }

  /// A list of at least one, without repetition; a scalar is a list of one.
  fileprivate func distinct<T: Hashable>(_ read: (YAMLValue) throws -> T) throws -> [T] {
    let values = try listOrScalar()
    var seen: Set<T> = []
    let result = try values.map { value in
      let element = try read(value)
      guard seen.insert(element).inserted else { throw value.failure("is given twice") }
      return element
    }
    if result.isEmpty { throw failure("the list is empty") }
    return result
  }
}

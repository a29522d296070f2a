import ArgumentParser
import CacheReplay
import Orchestration
import Primitives
import Workload

/// `1%,256MiB`: sizes of a cache.
struct CacheSizeList: ExpressibleByArgument {
  let sizes: [CacheSize]

  init?(argument: String) {
    let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
    sizes = parts.compactMap { CacheSize(String($0)) }
    guard sizes.count == parts.count, Set(sizes).count == sizes.count else { return nil }
  }

  init(_ size: CacheSize) { sizes = [size] }

  var defaultValueDescription: String { sizes.map(\.text).joined(separator: ",") }
}

/// `lru,slru segments=5`: policies with their parameters.
enum CachePolicyList {
  /// The policies that a list names; `all` are those that a server could run.
  /// - Throws: `PitwallError` (usage) for an empty place or a repetition.
  static func names(_ list: String, among known: [EvictionEntry]) throws -> [String] {
    guard list != "all" else { return known.filter { !$0.isClairvoyant }.map(\.name) }
    var seen: Set<String> = []
    return try list.split(separator: ",", omittingEmptySubsequences: false).map { part in
      let name = part.split(separator: " ").joined(separator: " ")
      guard !name.isEmpty, seen.insert(name).inserted else {
        throw PitwallError(.usage, "--policies: expected different names with commas between")
      }
      return name
    }
  }
}

/// `4,8,16`: numbers of slots.
struct SlotList: ExpressibleByArgument {
  let slots: [Int]

  init?(argument: String) {
    let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
    slots = parts.compactMap { Int($0) }.filter { $0 > 0 && $0 <= Int(Int32.max) }
    guard slots.count == parts.count, Set(slots).count == slots.count else { return nil }
  }
}

/// Requests at the beginning of a trace that are not counted.
enum WarmUp: ExpressibleByArgument {
  case none
  case count(Int)
  case share(Double)

  init?(argument: String) {
    if argument.hasSuffix("%") {
      guard let percent = Double(argument.dropLast()), (0..<100) ~= percent else { return nil }
      self = .share(percent / 100)
    } else {
      guard let count = Int(argument), count >= 0 else { return nil }
      self = .count(count)
    }
  }

  var defaultValueDescription: String { "0" }

  /// How many of so many requests.
  func requests(of count: Int) -> Int {
    switch self {
    case .none: 0
    case .count(let warmUp): min(warmUp, count)
    case .share(let share): Int(share * Double(count))
    }
  }
}

/// `0.01` or `8192`: how many objects SHARDS watches.
struct ShardsSample: ExpressibleByArgument {
  let sample: SHARDS.Sample

  init?(argument: String) {
    guard let number = Double(argument), number > 0, number < 1e9 else { return nil }
    guard number >= 1 else {
      sample = .rate(number)
      return
    }
    guard let count = Int(argument) else { return nil }
    sample = .objects(count)
  }
}

/// What it takes to load an object.
struct LoadCostOptions: ParsableArguments {
  @Option(
    name: .customLong("load-latency"),
    help: ArgumentHelp("What each load takes, whatever its size.", valueName: "time"))
  var latency = LoadLatency.standard

  @Option(
    name: .customLong("load-bandwidth"),
    help: ArgumentHelp("Bytes a second that a load moves, such as 16GB.", valueName: "size"))
  var bandwidth: LoadBandwidth?

  var cost: LoadCost {
    LoadCost(latency: latency.time, bandwidth: bandwidth.map { Double($0.bytes) })
  }

  struct LoadLatency: ExpressibleByArgument {
    let time: Nanoseconds
    static let standard = LoadLatency(time: LoadCost().latency)

    private init(time: Nanoseconds) { self.time = time }

    init?(argument: String) {
      guard let time = Quantity.nanoseconds(argument), time >= 0 else { return nil }
      self.time = time
    }

    var defaultValueDescription: String { "1ms" }
  }

  struct LoadBandwidth: ExpressibleByArgument {
    let bytes: Bytes

    init?(argument: String) {
      guard let bytes = Quantity.bytes(argument), bytes > 0 else { return nil }
      self.bytes = bytes
    }
  }
}

/// The comparison with libCacheSim.
struct ParityOptions: ParsableArguments {
  @Flag(help: "Compare with what libCacheSim's policies miss on its own test trace.")
  var parity = false

  @Option(
    name: .customLong("parity-trace"),
    help: ArgumentHelp("That trace.", valueName: "file"), completion: .file())
  var trace = "../shared/traces/libcachesim/cloudPhysicsIO.oracleGeneral.bin"

  @Option(
    help: ArgumentHelp("What they miss, a CSV file.", valueName: "file"),
    completion: .file(extensions: ["csv"]))
  var truth = "../shared/libcachesim_truth.csv"
}

extension TraceOptions {
  /// A trace as requests to a cache, after the transforms. Records of cache requests are taken as
  /// they stand where nothing transforms them.
  func openObjects(_ name: String, cost: LoadCost) throws -> ObjectTrace {
    let path = library.locate(name)
    let isGenerated = path.hasSuffix(".yaml") || path.hasSuffix(".yml")
    guard apply.isEmpty, !isGenerated else { return try ObjectTrace(open(name), cost: cost) }
    return try ObjectTrace(opening: path, cost: cost)
  }
}

import Glibc
import Primitives

/// ServeGen's client windows (Y. Xiang et al., 2025): for each client and window of 600 s a rate
/// and a fitted distribution of inter-arrival times. Requests are generated from them.
///
/// In each window a client sends as many requests as its rate says, since rates are recorded
/// counts; the gaps between them are drawn from the fitted shape (Gamma or Weibull; Gamma with
/// the measured CV where no shape was fitted) and stretched to fill the window. Draws depend on the
/// seed, the client and the window alone: a shorter span or fewer clients give a part of the same
/// requests.
///
/// Token lengths come from the quantile file, by interpolating the inverse distribution linearly
/// and holding it constant beyond the outermost quantiles; prompt and output are drawn
/// independently. A client that the file lacks takes the quantiles of another one, chosen by seed.
struct ServeGenImporter: TraceImporter {
  static let summary = "ServeGen client windows: requests generated from fitted rates and shapes"
  static let options = [
    ImportOption("start", "where in the recorded two weeks to begin (default 0)"),
    ImportOption("duration", "how long (default 1h)"),
    ImportOption("clients", "ids of the clients to keep, with commas between (default all)"),
    ImportOption("tokens", "path of the token quantile file; without it lengths are 0"),
    ImportOption("seed", "of the random draws (default 0)"),
  ]

  /// The length of a window, in seconds.
  private static let windowLength = 600.0
  /// More requests than this are surely a mistake, and would not fit in memory.
  private static let requestLimit = 100_000_000.0
  private static let columns = [
    "window_start_s", "client", "rate_rps", "iat_cv", "pattern", "shape",
  ]

  private let start: Nanoseconds
  private let duration: Nanoseconds
  private let clients: Set<Int64>?
  private let tokensPath: String?
  private let seed: UInt64

  init(_ options: inout Parameters) throws {
    start = try options.nanoseconds("start") ?? 0
    duration = try options.nanoseconds("duration") ?? 3_600_000_000_000
    tokensPath = options.string("tokens")
    seed = UInt64(try options.int("seed", default: 0, in: 0...Int.max))
    guard let list = options.string("clients") else {
      clients = nil
      return
    }
    let ids = list.pieces(between: ",").map { Int64($0) }
    guard ids.allSatisfy({ $0 != nil }) else {
      throw options.invalid("clients", "expected numbers with commas between")
    }
    clients = Set(ids.compactMap { $0 })
  }

  /// One line of the file.
  private struct Window {
    let start: Nanoseconds
    let client: Int64
    let requests: Int
    let gaps: GapDistribution
  }

  func read(_ input: TraceInput) throws -> Trace {
    let windows = try readWindows(input)
    let lengths = try tokensPath.map { try TokenQuantiles(TraceInput(opening: $0)) }
    var builder = TraceBuilder(name: input.stem)
    builder.reserve(windows.reduce(0) { $0 + $1.requests })
    for window in windows { generate(window, lengths, into: &builder) }
    builder.origins = origins(hasLengths: lengths != nil)
    return try builder.finish()
  }

  private var end: Nanoseconds {
    let (end, overflow) = start.addingReportingOverflow(duration)
    return overflow ? .max : end
  }

  /// The windows that overlap the wanted span, in the order of the file.
  private func readWindows(_ input: TraceInput) throws -> [Window] {
    var records = try CSVRecords(TextSource(input), wanted: Self.columns)
    for (index, name) in Self.columns.enumerated() where !records.has(index) {
      throw PitwallError.data(
        input.name, line: 1,
        "column \(name) is missing" + Suggestion.hint(for: name, in: records.names))
    }
    var windows: [Window] = []
    var total = 0.0
    while try records.next() {
      let begin = try records.seconds(0, "window_start_s")
      guard begin < 1 << 62 else { throw records.failure("window_start_s: out of range") }
      guard let client = Int64(records.string(1)), client >= 0 else {
        throw records.failure("client: expected a number, found \"\(records.string(1))\"")
      }
      let rate = try records.double(2, "rate_rps")
      guard rate >= 0, rate * Self.windowLength < 1e9 else {
        throw records.failure("rate_rps: \(records.string(2)) is out of range")
      }
      let gaps = try gapDistribution(records)
      let length = Nanoseconds(seconds: Self.windowLength)
      guard begin < end, begin > start - length, clients?.contains(client) ?? true else { continue }
      let requests = (rate * Self.windowLength).rounded()
      total += requests
      guard total <= Self.requestLimit else {
        throw records.failure(
          "more than \(Int(Self.requestLimit)) requests; choose a shorter duration or fewer clients"
        )
      }
      windows.append(
        Window(start: begin, client: client, requests: Int(requests), gaps: gaps))
    }
    return windows
  }

  private func gapDistribution(_ records: CSVRecords) throws -> GapDistribution {
    if records.string(5).isEmpty {
      let variation = try records.double(3, "iat_cv")
      guard variation > 0 else { throw records.failure("iat_cv: must be positive") }
      return .gamma(shape: 1 / (variation * variation))
    }
    let shape = try records.double(5, "shape")
    guard shape > 0 else { throw records.failure("shape: must be positive") }
    switch records.string(4) {
    case "Gamma": return .gamma(shape: shape)
    case "Weibull": return .weibull(shape: shape)
    case let other: throw records.failure("pattern: expected Gamma or Weibull, found \"\(other)\"")
    }
  }

  private func generate(
    _ window: Window, _ lengths: TokenQuantiles?, into builder: inout TraceBuilder
  ) {
    guard window.requests > 0 else { return }
    // Clients and windows are far below 2^32.
    let entity = UInt64(window.client) << 32 ^ UInt64(window.start / 1_000_000_000)
    var random = RandomStream(seed: seed, purpose: "servegen.gaps", entity: entity)
    var lengthRandom = RandomStream(seed: seed, purpose: "servegen.lengths", entity: entity)
    let shares = window.gaps.shares(count: window.requests + 1, &random)
    let quantiles = lengths?.quantiles(client: window.client, at: window.start, seed: seed)
    let name = String(window.client)
    var elapsed = 0.0
    for share in shares.dropLast() {
      elapsed += share
      var row = TraceBuilder.Row(
        arrival: window.start + Nanoseconds(seconds: elapsed * Self.windowLength))
      let draws = (lengthRandom.uniform(), lengthRandom.uniform())
      guard row.arrival >= start, row.arrival < end else { continue }
      row.promptTokens = quantiles?.input.value(at: draws.0) ?? 0
      row.outputTokens = quantiles?.output.value(at: draws.1) ?? 0
      row.tenant = builder.internTenant(name)
      row.session = builder.internSession(name)
      builder.append(row)
    }
  }

  private func origins(hasLengths: Bool) -> [ColumnName: Origin] {
    let length =
      hasLengths
      ? Origin(.fitted, "ServeGen token quantiles by client, seed \(seed)") : .absentTokens
    return [
      .arrival: Origin(.fitted, "ServeGen rates and gap shapes by client and window, seed \(seed)"),
      .adapters: .absentAdapters,
      .promptTokens: length,
      .outputTokens: length,
      .tenant: Origin(.recorded, "ServeGen client"),
      .session: Origin(.assigned, "a client is a session"),
    ]
  }
}

/// A distribution of the gaps between requests, up to its scale.
enum GapDistribution: Equatable {
  case gamma(shape: Double)
  case weibull(shape: Double)

  /// Independent draws, divided by their sum. Drawn as logarithms: shapes down to 0.01 occur, and
  /// their draws range over hundreds of powers of ten.
  func shares(count: Int, _ random: inout RandomStream) -> [Double] {
    var values = (0..<count).map { _ in logarithm(&random) }
    let largest = values.max() ?? 0
    for index in values.indices { values[index] = exp(values[index] - largest) }
    let sum = values.reduce(0, +)
    return values.map { $0 / sum }
  }

  private func logarithm(_ random: inout RandomStream) -> Double {
    switch self {
    case .weibull(let shape): log(random.exponential()) / shape
    case .gamma(let shape) where shape < 1:
      log(random.gamma(shape: shape + 1)) + log(random.uniformAboveZero()) / shape
    case .gamma(let shape): log(random.gamma(shape: shape))
    }
  }
}

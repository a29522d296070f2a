import Primitives

/// ServeGen's quantiles of prompt and output lengths, by client and window of six hours.
struct TokenQuantiles {
  /// One distribution, as points of its inverse.
  struct Distribution {
    /// Probabilities, ascending, and the lengths at them.
    var points: [(probability: Double, tokens: Double)] = []

    /// The length at a probability: linear between the points, constant outside.
    func value(at probability: Double) -> Int32 {
      guard let first = points.first, let last = points.last else { return 0 }
      var tokens = probability < first.probability ? first.tokens : last.tokens
      for (low, high) in zip(points, points.dropFirst())
      where probability >= low.probability && probability < high.probability {
        let share = (probability - low.probability) / (high.probability - low.probability)
        tokens = low.tokens + share * (high.tokens - low.tokens)
      }
      return Int32(tokens.rounded())
    }
  }

  /// The two lengths of a client's requests in a window.
  struct Pair {
    var start: Nanoseconds
    var input = Distribution()
    var output = Distribution()
  }

  private struct Key: Hashable {
    var client: Int64
    var start: Nanoseconds
  }

  private var windows: [Int64: [Pair]] = [:]
  /// Clients that the file has, ascending.
  private var clients: [Int64] = []

  /// Reads the quantile file.
  /// - Throws: `PitwallError` (data) with file and line.
  init(_ input: TraceInput) throws {
    let text = try TextSource(input)
    let names = try CSVRecords(text, wanted: []).names
    let quantiles = names.compactMap { name in
      name.removing(prefix: "q").flatMap(Double.init).map { (name, $0) }
    }
    let fixed = ["dataset_window_start_s", "client", "field"]
    var records = try CSVRecords(text, wanted: fixed + quantiles.map(\.0))
    for (index, name) in fixed.enumerated() where !records.has(index) {
      throw PitwallError.data(input.name, line: 1, "column \(name) is missing")
    }
    guard !quantiles.isEmpty, zip(quantiles, quantiles.dropFirst()).allSatisfy({ $0.1 < $1.1 })
    else {
      throw PitwallError.data(input.name, line: 1, "expected ascending columns such as q0.5, q0.9")
    }
    var pairs: [Key: Pair] = [:]
    while try records.next() {
      let start = try records.seconds(0, fixed[0])
      guard let client = Int64(records.string(1)) else {
        throw records.failure("client: expected a number, found \"\(records.string(1))\"")
      }
      let distribution = try Self.distribution(records, quantiles, firstColumn: fixed.count)
      let key = Key(client: client, start: start)
      switch records.string(2) {
      case "input_tokens": pairs[key, default: Pair(start: start)].input = distribution
      case "output_tokens": pairs[key, default: Pair(start: start)].output = distribution
      case let other:
        throw records.failure("field: expected input_tokens or output_tokens, found \"\(other)\"")
      }
    }
    for key in pairs.keys.sorted(by: { ($0.client, $0.start) < ($1.client, $1.start) }) {
      if let pair = pairs[key] { windows[key.client, default: []].append(pair) }
    }
    clients = windows.keys.sorted()
  }

  /// The lengths of a client at a time: those of its nearest window; where the file lacks the
  /// client, those of another one, the same for all its requests.
  func quantiles(client: Int64, at time: Nanoseconds, seed: UInt64) -> Pair? {
    guard !clients.isEmpty else { return nil }
    var donor = RandomStream(
      seed: seed, purpose: "servegen.donor", entity: UInt64(bitPattern: client))
    let source = windows[client] == nil ? clients[donor.index(below: clients.count)] : client
    return windows[source]?.min { a, b in
      (a.start.distance(to: time).magnitude, a.start) < (
        b.start.distance(to: time).magnitude, b.start
      )
    }
  }

  private static func distribution(
    _ records: CSVRecords, _ quantiles: [(String, Double)], firstColumn: Int
  ) throws -> Distribution {
    var points: [(probability: Double, tokens: Double)] = []
    for (index, (name, probability)) in quantiles.enumerated() {
      let tokens = try records.double(firstColumn + index, name)
      guard (points.last?.tokens ?? 0)...Double(Int32.max) ~= tokens else {
        throw records.failure("\(name): \(tokens) is below the quantile before, or out of range")
      }
      points.append((probability, tokens))
    }
    return Distribution(points: points)
  }
}

import BasicContainers
import Foundation
import Orchestration
import Primitives

/// AdaptSize: admits with probability exp(-size / c), and tunes c to the requests.
///
/// At intervals a model of the cache finds the c with the most expected hits. In it an adapter that
/// is requested at rate r, and admitted with probability p, is in the cache for a share of the time
/// that follows from how long the cache keeps what nobody requests (Che's characteristic time, here
/// with admission); that time follows in turn from the capacity.
/// D. S. Berger, R. K. Sitaraman, M. Harchol-Balter, "AdaptSize: orchestrating the hot object memory
/// cache in a content delivery network", NSDI'17; with the constants of the authors' simulator
/// (github.com/dasebe/webcachesim).
public struct AdaptSize: AdmissionFilter, ~Copyable {
  /// What is known of an adapter's requests.
  struct Rate: BitwiseCopyable {
    /// Smoothed requests an interval; negative if nothing is known from earlier intervals.
    var smoothed = -1.0
    /// Requests in this interval.
    var recent = 0.0

    var isKnown: Bool { smoothed >= 0 || recent > 0 }
  }

  private static let retention = 0.3
  private static let leastRate = 0.1
  /// An interval ends only when what was requested is so many times the cache.
  private static let leastVariety = 3.0

  private let sizes: [Double]
  private let interval: Int
  private let iterations: Int
  private var capacity: Double
  private var random: Lehmer
  private var rates: UniqueArray<Rate>
  private var knownSize = 0.0
  private var untilTuning: Int
  /// The c of exp(-size / c).
  private(set) var scale = Double(1 << 15)

  /// Nothing known yet.
  /// - Parameters:
  ///   - interval: requests between two tunings.
  ///   - iterations: most steps of the search for c.
  public init(
    _ context: EvictionContext, interval: Int = 30_000, iterations: Int = 15, seed: UInt64
  ) {
    sizes = context.sizes.map { Double($0) }
    capacity = Double(context.capacity)
    rates = UniqueArray(repeating: Rate(), count: context.count)
    random = Lehmer(seed: seed)
    self.interval = interval
    self.iterations = iterations
    untilTuning = interval
  }

  public mutating func capacityChanged(to capacity: Bytes) { self.capacity = Double(capacity) }

  public mutating func requested(_ adapter: AdapterID) {
    untilTuning -= 1
    if untilTuning <= 0, knownSize > Self.leastVariety * capacity { tune() }
    if !rates[Int(adapter)].isKnown { knownSize += sizes[Int(adapter)] }
    rates[Int(adapter)].recent += 1
  }

  public mutating func admits(_ adapter: AdapterID) -> Bool {
    random.admissionLot() < exp(-sizes[Int(adapter)] / scale)
  }

  private mutating func tune() {
    untilTuning = interval
    var model = AdmissionModel(capacity: capacity)
    for adapter in rates.indices where rates[adapter].isKnown {
      let rate = Self.smoothed(rates[adapter])
      rates[adapter] = Rate(smoothed: rate)
      if rate < Self.leastRate {
        knownSize -= sizes[adapter]
        rates[adapter] = Rate()
      } else {
        model.append(rate: rate, size: sizes[adapter])
      }
    }
    scale = model.bestScale(iterations: iterations) ?? scale
  }

  private static func smoothed(_ rate: Rate) -> Double {
    rate.smoothed < 0
      ? rate.recent : retention * rate.smoothed + (1 - retention) * rate.recent
  }
}

/// The expected hits of a cache that admits with probability exp(-size / c), as a function of c.
struct AdmissionModel {
  private struct Object {
    var rate: Double
    var size: Double
    /// The probability of being admitted, at the c that is looked at.
    var chance = 0.0
  }

  private static let ratio = 0.61803399
  private static let tolerance = 3e-8
  /// Above this, exp() of a rate x time is taken as infinite.
  private static let longest = 150.0

  private let capacity: Double
  private var objects: [Object] = []

  init(capacity: Double) { self.capacity = capacity }

  mutating func append(rate: Double, size: Double) {
    objects.append(Object(rate: rate, size: size))
  }

  /// The c with the most hits: the best of a coarse grid over log2(c), then a golden section search in
  /// the larger part beside it. Nil where the model breaks down.
  func bestScale(iterations: Int) -> Double? {
    let most = log2(capacity)
    var low = 0.0
    var high = most
    var left = most
    var leftHits = 0.0
    for exponent in stride(from: 2.0, to: most, by: 4) {
      let hits = expectedHits(log2Scale: exponent)
      if hits > leftHits { (left, leftHits) = (exponent, hits) }
    }
    var right = left
    var rightHits = leftHits
    if high - left > left - low {
      right = left + (1 - Self.ratio) * (high - left)
      rightHits = expectedHits(log2Scale: right)
    } else {
      left = low + (1 - Self.ratio) * (left - low)
      leftHits = expectedHits(log2Scale: left)
    }
    for _ in 0..<iterations {
      guard high - low > Self.tolerance * (left + right), !(leftHits + rightHits).isNaN
      else { break }
      if rightHits > leftHits {
        (low, left, leftHits) = (left, right, rightHits)
        right = Self.ratio * left + (1 - Self.ratio) * high
        rightHits = expectedHits(log2Scale: right)
      } else {
        (high, right, rightHits) = (right, left, leftHits)
        left = Self.ratio * right + (1 - Self.ratio) * low
        leftHits = expectedHits(log2Scale: left)
      }
    }
    guard !(leftHits + rightHits).isNaN else { return nil }
    return exp2(leftHits > rightHits ? left : right)
  }

  func expectedHits(log2Scale: Double) -> Double {
    let scale = exp2(log2Scale)
    let objects = objects.map {
      Object(rate: $0.rate, size: $0.size, chance: exp(-$0.size / scale))
    }
    guard let time = characteristicTime(objects) else { return 0 }
    var hits = 0.0
    for object in objects {
      hits += object.rate * Self.share(resident: object.rate * time, chance: object.chance)
    }
    return hits
  }

  /// How long the cache keeps what is not requested, by ten steps of a fixed-point iteration.
  private func characteristicTime(_ objects: [Object]) -> Double? {
    var flow = 0.0
    for object in objects { flow += object.rate * object.chance * object.size }
    guard flow > 0 else { return nil }
    var time = capacity / flow
    for _ in 0..<10 where time <= 1e70 {
      var used = 0.0
      for object in objects {
        let requests = object.rate * time
        let odds = requests > Self.longest ? .infinity : object.chance * (exp(requests) - 1)
        used += odds == .infinity ? object.size : object.size * odds / (1 + odds)
      }
      time *= capacity / used
    }
    return time
  }

  /// The share of requests that hit, p (e^x - 1) / (1 + p (e^x - 1)), where x is requests in the
  /// characteristic time and p the chance of admission; with e^x as the authors approximate it, by
  /// a quotient of polynomials (Pade).
  private static func share(resident x: Double, chance p: Double) -> Double {
    let above = x * p * (840 + x * (60 + x * (20 + x)))
    let below =
      840 + x * (120 * (7 * p - 3) + x * (60 * (1 + p) + x * (4 * (5 * p - 1) + x * p)))
    if above != 0, below == 0 { return 0 }
    return max(0, min(1, above / below))
  }
}

extension AdmissionEntry {
  static let adaptSize = AdmissionEntry(
    "adaptsize", "the smaller, the likelier it may come; how much is tuned to the requests",
    idea: """
      A lot at every miss: exp(-size / c) is the probability of being admitted. Every so many requests \
      a model of the cache, fed with what was requested, finds the c with the most expected hits.
      """, cost: "O(1), and O(adapters) each interval",
    parameters: [
      PolicyParameter("max-iteration", "15", "most steps of the search for c"),
      PolicyParameter("reconf-interval", "30000", "requests between two tunings"),
      PolicyParameter.admissionSeed,
    ], source: "Berger et al., NSDI'17"
  ) { context, parameters in
    AdaptSize(
      context,
      interval: try parameters.int("reconf-interval", default: 30_000, in: 1...Int.max),
      iterations: try parameters.int("max-iteration", default: 15, in: 1...10_000),
      seed: try parameters.seed(default: context.seed))
  }
}

import BasicContainers
import Orchestration
import Primitives

/// Least hit density: the adapter that promises the fewest hits for the place and time it will take
/// goes.
///
/// What to expect of an adapter is learnt: of those of its class that reached its age, how many were
/// hit, and how long did they stay. Classes come from the ages at the last two hits. Of a random
/// sample the lowest goes; a few adapters stay as explorers, so that old ages are learnt at all.
/// N. Beckmann, H. Chen, A. Cidon, "LHD: improving cache hit rate by maximizing hit density",
/// NSDI'18. As in libCacheSim, all adapters are of one application.
public struct LHD: EvictionPolicy, ~Copyable {
  struct Tag: BitwiseCopyable {
    var adapter: AdapterID
    var lastUse: Int64
    var lastHitAge: Int32
    var olderHitAge: Int32
    var isExplorer: Bool
  }

  private static let admissions = 8
  private static let exploreOneIn: UInt64 = 32
  private static let decay: Float = 0.9
  private static let usesPerModel = 1 << 20
  /// After as many models, samples are larger and nothing is explored.
  private static let modelsToConverge = 50

  private var model = HitDensityModel()
  private var tags: UniqueArray<Tag>
  private var places: UniqueArray<Int32>
  private let sizes: [Bytes]
  private let samples: Int
  private var random: Lehmer
  /// Counts uses: hits and arrivals.
  private var clock: Int64 = 0
  private var explorerBudget: Bytes
  /// What came lately and is worth less than what goes: looked at beside the sample.
  private var recent: UniqueArray<Int32>
  private var recentCount = 0
  private var victimDensity: Float = 0
  private var proposed = IndexList.none
  private var proposedDensity: Float = 0

  /// An empty cache.
  public init(_ context: EvictionContext, samples: Int = 32) {
    tags = UniqueArray(minimumCapacity: context.count)
    places = UniqueArray(repeating: IndexList.none, count: context.count)
    sizes = context.sizes
    self.samples = samples
    random = Lehmer(seed: context.seed)
    explorerBudget = Bytes(0.01 * Double(context.capacity))
    recent = UniqueArray(repeating: IndexList.none, count: Self.admissions)
  }

  private func density(_ tag: Tag) -> Float {
    let density = model.density(tag, at: clock)
    guard density > HitDensityModel.worthless else { return density }
    return density / Float(max(1, sizes[Int(tag.adapter)])) + (tag.isExplorer ? 1 : 0)
  }

  public mutating func inserted(_ adapter: AdapterID, at time: Nanoseconds) {
    places[Int(adapter)] = Int32(tags.count)
    tags.append(
      Tag(
        adapter: adapter, lastUse: clock, lastHitAge: 0,
        olderHitAge: HitDensityModel.ages, isExplorer: false))
    let explores = use(tags.count - 1)
    if !explores, density(tags[tags.count - 1]) < victimDensity {
      recent[recentCount % Self.admissions] = adapter
      recentCount += 1
    }
    tick()
  }

  public mutating func accessed(_ adapter: AdapterID, at time: Nanoseconds) {
    let place = Int(places[Int(adapter)])
    let age = model.learnHit(tags[place], at: clock)
    if tags[place].isExplorer { explorerBudget += sizes[Int(adapter)] }
    tags[place].olderHitAge = tags[place].lastHitAge
    tags[place].lastHitAge = age
    _ = use(place)
    tick()
  }

  /// Notes a use, and draws whether the adapter is to be an explorer.
  private mutating func use(_ place: Int) -> Bool {
    tags[place].lastUse = clock
    let explores = random.next() % Self.exploreOneIn == 0
    tags[place].isExplorer =
      explores && explorerBudget > 0 && model.updates < Self.modelsToConverge
    if tags[place].isExplorer { explorerBudget -= sizes[Int(tags[place].adapter)] }
    return explores
  }

  private mutating func tick() {
    proposed = IndexList.none
    clock += 1
    if clock % Int64(Self.usesPerModel) == 0 { model.update(residents: tags.count) }
  }

  public mutating func removed(_ adapter: AdapterID) {
    let place = Int(places[Int(adapter)])
    if adapter == proposed {
      victimDensity = Self.decay * victimDensity + (1 - Self.decay) * proposedDensity
    }
    proposed = IndexList.none
    model.learnEviction(tags[place], at: clock)
    if tags[place].isExplorer { explorerBudget += sizes[Int(adapter)] }
    places[Int(adapter)] = IndexList.none
    let last = tags.removeLast()
    guard last.adapter != adapter else { return }
    tags[place] = last
    places[Int(last.adapter)] = Int32(place)
  }

  public mutating func victim(
    for incoming: AdapterID?, sparing pins: borrowing PinTable, at time: Nanoseconds
  ) -> AdapterID? {
    // The lots are drawn once for each state, however often a victim is asked for.
    if proposed != IndexList.none, !pins.isPinned(proposed) { return proposed }
    proposed = IndexList.none
    proposedDensity = .infinity
    guard !tags.isEmpty else { return nil }
    for _ in 0..<(model.updates > Self.modelsToConverge ? samples : min(8, samples)) {
      consider(Int(random.next() % UInt64(tags.count)), sparing: pins)
    }
    for index in recent.indices where recent[index] != IndexList.none {
      let place = places[Int(recent[index])]
      if place != IndexList.none { consider(Int(place), sparing: pins) }
    }
    var place = 0
    while proposed == IndexList.none, place < tags.count {
      consider(place, sparing: pins)
      place += 1
    }
    return proposed == IndexList.none ? nil : proposed
  }

  private mutating func consider(_ place: Int, sparing pins: borrowing PinTable) {
    let density = density(tags[place])
    guard density < proposedDensity, !pins.isPinned(tags[place].adapter) else { return }
    (proposed, proposedDensity) = (tags[place].adapter, density)
  }
}

/// The hits to be expected of an adapter for each unit of time that it will stay, by class and age.
struct HitDensityModel: ~Copyable, Sendable {
  /// Ages end here; what gets as old is worth nothing.
  static let ages: Int32 = 20_000
  /// Below every density, and finite, so that an average over it recovers.
  static let worthless = -Float.greatestFiniteMagnitude
  private static let classes = 16
  /// Applications before ours: the initial densities grow with them.
  private static let classesBefore = 16
  private static let decay: Float = 0.9
  private static let tolerance: Float = 0.01

  private var hits: UniqueArray<Float>
  private var evictions: UniqueArray<Float>
  private var densities: UniqueArray<Float>
  private var ageShift = 10
  private var residents: Float = 0
  private var residentsWeight: Float = 0
  /// How often the densities have been computed.
  private(set) var updates = 0

  /// Nothing learnt: the older, the less; the sooner hit again before, the more.
  init() {
    let count = Self.classes * Int(Self.ages)
    hits = UniqueArray(repeating: 0, count: count)
    evictions = UniqueArray(repeating: 0, count: count)
    densities = UniqueArray(minimumCapacity: count)
    for row in 0..<Self.classes {
      for age in 0..<Int(Self.ages) {
        densities.append(Float(Double(row + Self.classesBefore + 1) / Double(age + 1)))
      }
    }
  }

  private func age(_ tag: LHD.Tag, at clock: Int64) -> Int32 {
    Int32(min((clock - tag.lastUse) >> ageShift, Int64(Self.ages) - 1))
  }

  /// Where the ages of a tag's class begin.
  private func row(_ tag: LHD.Tag) -> Int {
    var age = tag.lastHitAge + tag.olderHitAge
    guard age > 0 else { return (Self.classes - 1) * Int(Self.ages) }
    var row = 0
    while age < Self.ages, row < Self.classes - 1 {
      age <<= 1
      row += 1
    }
    return row * Int(Self.ages)
  }

  /// Hits per unit of time; ``worthless`` for the oldest.
  func density(_ tag: LHD.Tag, at clock: Int64) -> Float {
    let age = age(tag, at: clock)
    return age == Self.ages - 1 ? Self.worthless : densities[row(tag) + Int(age)]
  }

  /// Learns from a hit; gives the age at it.
  mutating func learnHit(_ tag: LHD.Tag, at clock: Int64) -> Int32 {
    let age = age(tag, at: clock)
    hits[row(tag) + Int(age)] += 1
    return age
  }

  mutating func learnEviction(_ tag: LHD.Tag, at clock: Int64) {
    evictions[row(tag) + Int(age(tag, at: clock))] += 1
  }

  /// Lets what was learnt fade, and computes the densities anew.
  mutating func update(residents count: Int) {
    for index in hits.indices {
      hits[index] *= Self.decay
      evictions[index] *= Self.decay
    }
    residents = residents * Self.decay + Float(count)
    residentsWeight = residentsWeight * Self.decay + 1
    // Shortly after the start, and once more when much is known.
    if updates == 5 || updates == 25 { fitAges() }
    for row in 0..<Self.classes { computeDensities(ofRowAt: row * Int(Self.ages)) }
    updates += 1
  }

  /// Backward over the ages: of those that got as old, the hits, and the time that they stayed.
  private mutating func computeDensities(ofRowAt start: Int) {
    let last = start + Int(Self.ages) - 1
    var hitsFromHere = hits[last]
    var eventsFromHere = hits[last] + evictions[last]
    var lifetime = eventsFromHere
    for index in (start..<last).reversed() {
      hitsFromHere += hits[index]
      eventsFromHere += hits[index] + evictions[index]
      lifetime += eventsFromHere
      densities[index] = eventsFromHere > 1e-5 ? hitsFromHere / lifetime : 0
    }
  }

  /// Makes the unit of age such that ages resolve a hundredth of a stay for the number of residents.
  private mutating func fitAges() {
    let wanted = residents / residentsWeight / (Self.tolerance * Float(Self.ages))
    var shift = 1
    while Float(1 << shift) < wanted { shift += 1 }
    let coarser = shift - ageShift
    ageShift = shift
    residents *= 8
    residentsWeight *= 8
    guard coarser != 0 else { return }
    for row in 0..<Self.classes {
      Self.rescale(&hits, from: row * Int(Self.ages), coarser: coarser)
      Self.rescale(&evictions, from: row * Int(Self.ages), coarser: coarser)
    }
  }

  /// Moves the counts of a class to the new unit: together where it is coarser, else spread evenly.
  private static func rescale(_ counts: inout UniqueArray<Float>, from start: Int, coarser: Int) {
    let ages = Int(ages)
    if coarser > 0 {
      for age in 0..<ages {
        let old = counts[start + age]
        counts[start + age] = 0
        counts[start + age >> coarser] += old
      }
    } else {
      let finer = -coarser
      // What lies beyond the last age of the new unit belongs to it.
      let kept = (ages - 1) >> finer
      let beyond = (kept..<ages).reduce(Float(0)) { $0 + counts[start + $1] }
      for age in (0..<ages - 1).reversed() {
        counts[start + age] = counts[start + age >> finer] / Float(1 << finer)
      }
      counts[start + ages - 1] = beyond / Float(1 << finer)
    }
  }
}

extension EvictionEntry {
  static let lhd = EvictionEntry(
    "lhd", "what promises the fewest hits for its place and time goes",
    idea: """
      Hit density = expected hits / (size x expected stay), learnt for each age and for classes of \
      adapters by the ages at their last hits. Of a random sample the lowest goes. A few are kept as \
      explorers, to learn what happens at old ages.
      """, cost: "O(1), O(samples) for a victim",
    parameters: [PolicyParameter("samples", "32", "adapters drawn for each eviction, at most")],
    source: "Beckmann, Chen and Cidon, NSDI'18"
  ) { context, parameters in
    LHD(context, samples: try parameters.int("samples", default: 32, in: 1...65_536))
  }
}

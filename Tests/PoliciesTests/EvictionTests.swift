import Policies
import Primitives
import Testing

@testable import Orchestration

/// What an eviction policy is told, kept as a plain list for the slow references to look at.
struct EvictionRecord {
  struct Resident {
    var adapter: AdapterID
    /// Places in the order of events.
    var inserted: Int
    var lastUse: Int
    var lastTouch: Int
    var uses = 1
    /// GDSF's aging term at the last use.
    var age: Double
  }

  var residents: [Resident] = []
  var density: [Double]
  var age = 0.0
  private var clock = 0

  init(density: [Double]) { self.density = density }

  private mutating func tick() -> Int {
    clock += 1
    return clock
  }

  mutating func inserted(_ adapter: AdapterID) {
    let now = tick()
    residents.append(
      Resident(adapter: adapter, inserted: now, lastUse: now, lastTouch: now, age: age))
  }

  mutating func accessed(_ adapter: AdapterID) {
    let now = tick()
    for index in residents.indices where residents[index].adapter == adapter {
      residents[index].uses += 1
      residents[index].lastUse = now
      residents[index].lastTouch = now
      residents[index].age = age
    }
  }

  mutating func released(_ adapter: AdapterID) {
    let now = tick()
    for index in residents.indices where residents[index].adapter == adapter {
      residents[index].lastTouch = now
    }
  }

  func priority(_ resident: Resident) -> Double {
    resident.age + Double(resident.uses) * density[Int(resident.adapter)]
  }

  mutating func evicted(_ adapter: AdapterID) {
    for resident in residents where resident.adapter == adapter {
      age = max(age, priority(resident))
    }
    residents.removeAll { $0.adapter == adapter }
  }

  /// The victim among adapters that are not pinned, by the definition of each policy.
  func victim(_ policy: String, sparing pinned: Set<AdapterID>) -> AdapterID? {
    let idle = residents.filter { !pinned.contains($0.adapter) }
    let victim =
      switch policy {
      case "lru": idle.min { $0.lastTouch < $1.lastTouch }
      case "fifo": idle.min { $0.inserted < $1.inserted }
      case "lfu": idle.min { ($0.uses, $0.lastUse) < ($1.uses, $1.lastUse) }
      default: idle.min { (priority($0), $0.lastUse) < (priority($1), $1.lastUse) }
      }
    return victim?.adapter
  }
}

@Suite struct EvictionTests {
  static let all = PolicyRegistry.builtIn.eviction.filter { !$0.isClairvoyant }.map(\.name)

  private let bytes = (0..<12).map { Bytes(100 + 70 * ($0 * 5 % 12)) }
  private let cost = (0..<12).map { Nanoseconds(1000 + 300 * ($0 * 7 % 12)) }

  private func make(_ name: String) throws -> any EvictionPolicy & ~Copyable {
    try PolicyRegistry.make(
      Parameters(name), kind: "eviction", from: PolicyRegistry.builtIn.eviction,
      EvictionContext(tier: .device, bytes: bytes, loadCost: cost, seed: 1))
  }

  @Test(arguments: ["lru", "lfu", "fifo", "gdsf"], 0..<10)
  func victimsAreTheReferences(_ name: String, _ seed: UInt64) throws {
    let density = zip(cost, bytes).map { Double($0) / Double($1) }
    var record = EvictionRecord(density: density)
    try run(name, seed) { event, adapter, pinned, victim in
      switch event {
      case .inserted: record.inserted(adapter)
      case .accessed: record.accessed(adapter)
      case .released: record.released(adapter)
      case .evicted: record.evicted(adapter)
      case .asked: #expect(victim == record.victim(name, sparing: pinned))
      }
    }
  }

  /// Every policy there is, by name: a new one is tested by being registered.
  @Test(arguments: all, 0..<10) func victimsAreResidentAndIdle(_ name: String, _ seed: UInt64)
    throws
  {
    var resident: Set<AdapterID> = []
    var evictions = 0
    try run(name, seed) { event, adapter, pinned, victim in
      switch event {
      case .inserted: resident.insert(adapter)
      case .evicted:
        resident.remove(adapter)
        evictions += 1
      case .accessed, .released: break
      case .asked:
        let idle = resident.subtracting(pinned)
        if let victim { #expect(idle.contains(victim)) } else { #expect(idle.isEmpty) }
      }
    }
    #expect(evictions > 20)
  }

  private enum Event { case inserted, accessed, released, evicted, asked }

  /// Drives a policy as a tier of five places does; now and then it asks for a victim and spares it.
  private func run(
    _ name: String, _ seed: UInt64,
    _ observe: (Event, AdapterID, Set<AdapterID>, AdapterID?) -> Void
  ) throws {
    var random = RandomStream(seed: seed, purpose: "eviction.test")
    var policy = try make(name)
    var pins = PinTable(count: bytes.count)
    var pinned: Set<AdapterID> = []
    var resident: [AdapterID] = []
    for step in 0..<300 {
      let time = Nanoseconds(step)
      let adapter = AdapterID(min(random.index(below: 12), random.index(below: 12)))
      let isHere = resident.contains(adapter)
      switch random.index(below: 6) {
      case 0, 1, 2:
        if isHere {
          policy.accessed(adapter, at: time)
          observe(.accessed, adapter, pinned, nil)
        } else {
          if resident.count == 5 {
            let victim = policy.victim(for: nil, sparing: pins, at: time)
            observe(.asked, 0, pinned, victim)
            guard let victim else { continue }
            policy.removed(victim)
            observe(.evicted, victim, pinned, nil)
            resident.removeAll { $0 == victim }
          }
          policy.inserted(adapter, at: time)
          observe(.inserted, adapter, pinned, nil)
          resident.append(adapter)
        }
      case 3 where isHere && pinned.count < 4:
        if pins.pin(adapter) { pinned.insert(adapter) }
      case 4:
        guard let one = pinned.min() else { continue }
        if pins.unpin(one) {
          pinned.remove(one)
          policy.released(one, at: time)
          observe(.released, one, pinned, nil)
        }
      default:
        observe(.asked, 0, pinned, policy.victim(for: nil, sparing: pins, at: time))
      }
    }
  }
}

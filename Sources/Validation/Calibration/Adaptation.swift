import Primitives
import Replay
import Results
import Simulation
import Workload

// A profile of a server from that of another: for one that nothing but whole runs is known of.
extension Calibration {
  /// Begins with another server's profile, of which the runs of this one are to change step times,
  /// copy times and the room in the KV cache.
  ///
  /// What the runs say at once is taken over: how long copies took, and that their servers started.
  /// - Parameters:
  ///   - profile: the other server's.
  ///   - table: the runs, in a form that ``MeasuredRun/read(_:)-(CSVTable)`` knows.
  ///   - name: what the new profile is to be called.
  ///   - engine: the engine of the server, where it is not that of the other one.
  /// - Throws: `PitwallError` (data) for a malformed run, and where no run is of a model that the
  ///   profile has.
  public init(adapting profile: Profile, to table: CSVTable, name: String, engine: String? = nil)
    throws
  {
    let runs = try MeasuredRun.read(table)
    let models = profile.models.compactMap { model -> Profile.Model? in
      let own = runs.filter { $0.status == .ok && $0.isOf(model) }
      return own.isEmpty ? nil : model.knowing(own)
    }
    guard !models.isEmpty else {
      throw PitwallError.data(table.file, "no run of a model that \"\(profile.name)\" has")
    }
    let source = Profile.Source(
      file: table.file.split(separator: "/").last.map(String.init) ?? table.file,
      sha256: table.digest, rows: runs.count)
    self.init(
      profile: Profile(
        name: name, engine: engine ?? profile.engine, accelerator: profile.accelerator,
        fittedFrom: profile.fittedFrom + [source], models: models),
      stepFits: models.map { ($0.name, StepFit(known: $0.step)) }, runs: runs)
  }
}

extension Profile.Model {
  /// Fewest copies in a run whose mean time is taken.
  private static let timedLoads = 100.0

  /// The model with what runs that served say without being simulated.
  fileprivate func knowing(_ runs: [MeasuredRun]) -> Profile.Model {
    var model = starting(runs.map { ValidatedRun($0) })
    var times: [LoadKey: [Double]] = [:]
    for run in runs {
      guard let ranks = run.adapterRanks.first, Set(run.adapterRanks).count == 1,
        let measured = run.measured, let count = measured.adapterLoads,
        let time = measured.adapterLoadTime, count >= Profile.Model.timedLoads
      else { continue }
      times[LoadKey(slotRank: run.slotRank, rank: ranks), default: []].append(1000 * time / count)
    }
    for (key, values) in times {
      guard let median = Quantile.of(sorted: values.sorted(), 0.5) else { continue }
      model.loads.removeAll { $0.slotRank == key.slotRank && $0.rank == key.rank }
      model.loads.append(
        Load(slotRank: key.slotRank, rank: key.rank, milliseconds: median.rounded(digits: 4)))
    }
    model.loads.sort { ($0.slotRank, $0.rank) < ($1.slotRank, $1.rank) }
    return model
  }

  /// The model with no longer a context than the servers of these runs had room for, since they
  /// started.
  fileprivate func starting(_ runs: [ValidatedRun]) -> Profile.Model {
    var model = self
    for run in runs where run.measured[.starts] == 1 {
      let room = kv.tokens(slots: run.slots, rank: run.slotRank)
      model.maxModelLength = max(1, min(model.maxModelLength, room))
    }
    return model
  }

  private struct LoadKey: Hashable {
    var slotRank: Int
    var rank: Int
  }
}

extension Profile {
  /// Share of the cache from which on it is what limits how many requests run.
  private static let fullCache = 0.8
  /// How far a capacity goes at once, as a factor.
  private static let capacityStride = 1.5

  /// The profile with the room in the KV cache that runs point to: where it is full as many requests
  /// run at once as it has room for, so it is larger than was thought by as much as more of them ran
  /// than predicted. The median over the runs of each number of slots.
  func findingCapacities(_ runs: [ValidatedRun]) -> Profile {
    with(
      models.map { model in
        let own = runs.filter { ModelShape.known(as: $0.model)?.name == model.name }
        var model = model
        let findings = Set(own.map(\.slots)).sorted().compactMap { slots in
          model.kv.finding(own.filter { $0.slots == slots })
        }
        for finding in findings {
          model.kv.findings.removeAll { $0.slots == finding.slots }
          model.kv.findings.append(finding)
        }
        model.kv.findings.sort { $0.slots < $1.slots }
        return model.starting(own)
      })
  }

  /// What one run says its capacity is of that which was assumed, bounded; nil where it was not full.
  fileprivate static func correction(_ run: ValidatedRun) -> Double? {
    guard let usage = run.predicted[.kvUsage], usage >= fullCache,
      let measured = run.measured[.running], let predicted = run.predicted[.running],
      measured > 0, predicted > 0
    else { return nil }
    return min(max(measured / predicted, 1 / capacityStride), capacityStride)
  }
}

extension KVCapacity {
  /// Fewest full runs that say something.
  private static let fewest = 2

  /// What runs with equally many slots point to; nil where too few of them filled the cache.
  fileprivate func finding(_ runs: [ValidatedRun]) -> Finding? {
    guard let run = runs.first, run.slots > 0 else { return nil }
    let corrections = runs.compactMap(Profile.correction).sorted()
    guard corrections.count >= KVCapacity.fewest,
      let median = Quantile.of(sorted: corrections, 0.5)
    else { return nil }
    let now = Double(tokens(slots: run.slots, rank: run.slotRank))
    return Finding(slots: run.slots, tokens: (now * median).rounded(digits: 4))
  }
}

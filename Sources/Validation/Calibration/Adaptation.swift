import Primitives
import Replay
import Results
import Simulation
import Workload

// A profile of a server from that of another: for one that nothing but whole runs is known of.
extension Calibration {
  /// Begins with another server's profile, of which the runs of this one are to change step times,
  /// copy times and the room in the KV cache. Of a model that the profile does not have it takes the
  /// step times of the one nearest in size.
  ///
  /// What the runs say at once is taken over: how long copies took, what room their logs name, and
  /// that their servers started.
  /// - Parameters:
  ///   - profile: the other server's.
  ///   - table: the runs, in a form that ``MeasuredRun/read(_:)-(CSVTable)`` knows.
  ///   - name: what the new profile is to be called.
  ///   - engine: the engine of the server, where it is not that of the other one.
  /// - Throws: `PitwallError` (data) for a malformed run, for one of an unknown model, and where no
  ///   run served.
  public init(adapting profile: Profile, to table: CSVTable, name: String, engine: String? = nil)
    throws
  {
    let runs = try MeasuredRun.read(table)
    var byModel: [String: (shape: ModelShape, runs: [MeasuredRun])] = [:]
    for run in runs where run.status == .ok {
      let shape = try run.shape()
      byModel[shape.name, default: (shape, [])].runs.append(run)
    }
    let models = byModel.values.sorted { $0.shape.name < $1.shape.name }.compactMap {
      profile.model(like: $0.shape)?.knowing($0.runs)
    }
    guard !models.isEmpty else {
      throw PitwallError.data(table.file, "no run that a server served")
    }
    let source = Profile.Source(
      file: table.file.split(separator: "/").last.map(String.init) ?? table.file,
      sha256: table.digest, rows: runs.count)
    self.init(
      adapted: Profile(
        name: name, engine: engine ?? profile.engine, accelerator: profile.accelerator,
        fittedFrom: profile.fittedFrom + [source], models: models), runs: runs)
  }
}

extension Profile {
  /// What is known of a model, or else of the one nearest in size; of that not what belongs to its
  /// server alone.
  fileprivate func model(like shape: ModelShape) -> Model? {
    if let own = model(shape.name) { return own }
    func distance(_ model: Model) -> Bytes {
      let other = ModelShape.catalogue.first { $0.name == model.name }
      return other.map { abs($0.weightBytes - shape.weightBytes) } ?? .max
    }
    guard var model = models.min(by: { distance($0) < distance($1) }) else { return nil }
    model.name = shape.name
    model.maxModelLength = shape.maxContext
    model.loads = []
    model.frontend = nil
    model.lengths = nil
    return model
  }
}

extension Profile.Model {
  /// Fewest copies in a run whose mean time is taken.
  private static let timedLoads = 100.0

  /// The model with what runs that served say without being simulated.
  fileprivate func knowing(_ runs: [MeasuredRun]) -> Profile.Model {
    var model = self
    let capacities = runs.compactMap { run in
      run.kvTokens.map { MeasuredCapacity(slots: run.slots, rank: run.slotRank, tokens: $0) }
    }
    // Where the logs of too few servers are there, the law stays, and runs are to correct it.
    if let law = try? KVCapacity.fitted(to: capacities) { model.kv = law.rounded }
    model.loads = Load.merge(model.loads, Load.timed(runs))
    let disk = runs.compactMap(Profile.Model.meanDiskLoad).sorted()
    model.diskMilliseconds =
      Quantile.of(sorted: disk, 0.5)?.rounded(digits: 4) ?? model.diskMilliseconds
    return model.starting(runs.map { ValidatedRun($0) })
  }

  private static func meanDiskLoad(_ run: MeasuredRun) -> Double? {
    guard let count = run.measured?.diskLoads, let time = run.measured?.diskLoadTime,
      count >= timedLoads
    else { return nil }
    return 1000 * time / count
  }

  /// The model with no longer a context than the servers of these runs had room for, since they
  /// started.
  func starting(_ runs: [ValidatedRun]) -> Profile.Model {
    var model = self
    for run in runs where run.measured[.starts] == 1 {
      let room = kv.tokens(slots: run.slots, rank: run.slotRank)
      model.maxModelLength = max(1, min(model.maxModelLength, room))
    }
    return model
  }
}

extension Profile.Model.Load {
  private struct Key: Hashable, Comparable {
    var slotRank: Int
    var rank: Int

    static func < (a: Key, b: Key) -> Bool { (a.slotRank, a.rank) < (b.slotRank, b.rank) }
  }

  /// Fewest copies of which the mean time is taken.
  private static let fewest = 100.0

  /// The mean time of a copy over all copies of runs whose adapters all have one rank: where there
  /// are few they take longer, and matter less.
  fileprivate static func timed(_ runs: [MeasuredRun]) -> [Profile.Model.Load] {
    var totals: [Key: (count: Double, time: Double)] = [:]
    for run in runs {
      guard let rank = run.adapterRanks.first, Set(run.adapterRanks).count == 1,
        let count = run.measured?.adapterLoads, let time = run.measured?.adapterLoadTime
      else { continue }
      let total = totals[Key(slotRank: run.slotRank, rank: rank), default: (0, 0)]
      totals[Key(slotRank: run.slotRank, rank: rank)] = (total.count + count, total.time + time)
    }
    return totals.keys.sorted().compactMap { key -> Self? in
      guard let total = totals[key], total.count >= fewest else { return nil }
      let mean = 1000 * total.time / total.count
      return Self(slotRank: key.slotRank, rank: key.rank, milliseconds: mean.rounded(digits: 4))
    }
  }

  /// Times of which the new ones go before the old.
  fileprivate static func merge(
    _ old: [Profile.Model.Load], _ new: [Profile.Model.Load]
  ) -> [Profile.Model.Load] {
    let kept = old.filter { load in
      !new.contains { $0.slotRank == load.slotRank && $0.rank == load.rank }
    }
    return (kept + new).sorted { ($0.slotRank, $0.rank) < ($1.slotRank, $1.rank) }
  }
}

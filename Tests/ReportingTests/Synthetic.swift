import Orchestration
import Primitives
import Replay

@testable import Reporting

/// Runs that look like real ones, made up without any simulation: enough for drawing.
enum Synthetic {
  static let hour: Nanoseconds = 3600 * 1_000_000_000

  static func run(
    _ strategy: String = "lru", seed: UInt64 = 1, requests count: Int = 2000, slowness: Double = 1,
    replicas: Int16 = 1, prefetch: Bool = false
  ) -> StrategyRun {
    var draws = RandomStream(seed: seed, purpose: "synthetic", entity: 0)
    let requests = (0..<count).map { index in
      var request = RequestRecord(
        request: Int32(index), tenant: 0, adapterSet: 0, promptTokens: 100,
        arrival: hour * Int64(index) / Int64(max(count, 1)))
      let isMiss = draws.uniform() < 0.25 * slowness
      let wait =
        0.03 + 0.05 * draws.uniform() * slowness + (isMiss ? 0.4 + 0.3 * draws.uniform() : 0)
      request.admitted = request.arrival
      request.firstToken = request.arrival + Nanoseconds(seconds: wait)
      request.finished = request.firstToken + Nanoseconds(seconds: 1 + 8 * draws.uniform())
      request.outcome = .finished
      request.foundIn = isMiss ? .host : .device
      return request
    }
    var samples: [Sample] = []
    for tick in 0..<720 {
      for replica in 0..<replicas {
        let wave = (draws.uniform() + 1) * (tick % 240 < 120 ? 1 : 2.5)
        samples.append(
          Sample(
            at: hour * Int64(tick) / 720, replica: replica, waiting: Int32(wave * 3 * slowness),
            running: 8, kvBytes: Bytes(wave * 1e9 * slowness),
            adapterBytes: Bytes(min(tick, 100)) * 20_000_000, residentAdapters: 8, references: 0,
            hits: 0))
      }
    }
    return StrategyRun(
      strategy: strategy, runID: "\(strategy)-\(seed)", seed: seed, requests: requests,
      samples: samples, residency: residency(&draws, prefetch: prefetch),
      memory: DeviceMemory(
        capacity: 24 << 30, weights: 14 << 30, adapterSlots: prefetch ? 0 : 3 << 30), end: hour)
  }

  static func residency(_ draws: inout RandomStream, prefetch: Bool) -> [ResidencySpan] {
    (0..<30).flatMap { adapter in
      var spans: [ResidencySpan] = []
      var at = Nanoseconds(draws.uniform() * 6e11)
      while at < hour {
        let stay = Nanoseconds(draws.uniform() * 9e12 / Double(adapter + 2))
        spans.append(
          ResidencySpan(
            adapter: Int32(adapter), replica: 0, prefetched: prefetch && draws.uniform() < 0.5,
            from: at, to: min(hour, at + stay)))
        at += stay + Nanoseconds(draws.uniform() * 1e11 * Double(adapter + 1))
      }
      return spans
    }
  }

}

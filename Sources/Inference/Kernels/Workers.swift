import CKernels
import Glibc
import Primitives
import Synchronization

/// A fixed team of threads, the caller among them, that does the units of a piece of work together.
///
/// Handing work over costs about a microsecond: between pieces the others spin for a while before
/// they sleep. Each owns a run of neighbouring units, so that one core streams one stretch of
/// memory, and takes from the end of another's run when its own is done; a thread that the system
/// holds up, or that still sleeps, delays nobody. Which thread does a unit changes no result.
///
/// `@unchecked Sendable`: `lanes`, `signal` and `finished` are atomics; `body` is written by the caller only
/// while no unit is open, and read by others only after they took a unit with acquire ordering.
@safe final class Workers: @unchecked Sendable {
  /// What is done for each unit, by the worker of that number.
  typealias Body = @Sendable (_ unit: Int, _ worker: Int) -> Void

  /// Threads, the caller's included.
  let count: Int

  /// The units that one worker owns and nobody has taken: first in the low half, end in the high.
  private struct Lane: ~Copyable {
    let open = Atomic<UInt64>(0)
    // A cache line of its own for each.
    private let padding: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) = (
      0, 0, 0, 0, 0, 0, 0
    )
  }

  private let lanes: UnsafeMutablePointer<Lane>
  /// Counts pieces of work; the word that sleepers wait on.
  private let signal: UnsafeMutablePointer<Atomic<UInt32>>
  private let sleepers = Atomic<Int>(0)
  /// Units of this piece that are done; the word that a caller waits on whose units are done.
  private let finished: UnsafeMutablePointer<Atomic<UInt32>>
  private let callerSleeps = Atomic<Bool>(false)
  private let ends = Atomic<Bool>(false)
  private let running: Running
  private var body: Body = { _, _ in }

  /// The threads, for whom the team must not be kept alive.
  private final class Running {
    var threads: [pthread_t] = []
  }

  /// - Parameter count: at least 1.
  init(count: Int) {
    self.count = max(1, count)
    unsafe lanes = .allocate(capacity: self.count)
    for lane in 0..<self.count { unsafe (lanes + lane).initialize(to: Lane()) }
    unsafe signal = .allocate(capacity: 1)
    unsafe signal.initialize(to: Atomic(0))
    unsafe finished = .allocate(capacity: 1)
    unsafe finished.initialize(to: Atomic(0))
    running = Running()
    for worker in 1..<max(2, self.count) where worker < self.count { start(worker) }
  }

  deinit {
    ends.store(true, ordering: .sequentiallyConsistent)
    wake()
    for thread in running.threads { pthread_join(thread, nil) }
    for lane in 0..<count { unsafe (lanes + lane).deinitialize(count: 1) }
    unsafe lanes.deallocate()
    unsafe signal.deinitialize(count: 1)
    unsafe signal.deallocate()
    unsafe finished.deinitialize(count: 1)
    unsafe finished.deallocate()
  }

  private final class Start {
    unowned(unsafe) let team: Workers
    let worker: Int
    init(team: Workers, worker: Int) {
      unsafe self.team = team
      self.worker = worker
    }
  }

  private func start(_ worker: Int) {
    var thread = pthread_t()
    let start = unsafe Unmanaged.passRetained(Start(team: self, worker: worker))
    let failed = unsafe pthread_create(
      &thread, nil,
      { argument in
        guard let argument = unsafe argument else { return nil }
        let start = unsafe Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
        unsafe start.team.serve(start.worker)
        return nil
      }, start.toOpaque())
    // Without the thread, others take its units.
    if failed == 0 { running.threads.append(thread) } else { unsafe start.release() }
  }

  /// Does units `0..<units`, each once, and returns when all are done.
  func run(units: Int, _ body: @escaping Body) {
    guard units > 1, count > 1 else {
      for unit in 0..<max(0, units) { body(unit, 0) }
      return
    }
    self.body = body
    unsafe finished.pointee.store(0, ordering: .relaxed)
    for lane in 0..<count {
      let first = units * lane / count
      let end = units * (lane + 1) / count
      unsafe lanes[lane].open.store(UInt64(end) << 32 | UInt64(first), ordering: .releasing)
    }
    wake()
    work(as: 0)
    awaitOthers(UInt32(truncatingIfNeeded: units))
  }

  /// Waits for units that others hold: briefly awake, then asleep, so that a thread that the system
  /// took off its core gets this one.
  private func awaitOthers(_ units: UInt32) {
    var spins = 0
    while true {
      let done = unsafe finished.pointee.load(ordering: .acquiring)
      guard done < units else { return }
      pw_pause()
      spins += 1
      guard spins > Workers.spinsBeforeSleep else { continue }
      callerSleeps.store(true, ordering: .sequentiallyConsistent)
      if unsafe finished.pointee.load(ordering: .sequentiallyConsistent) == done {
        unsafe pw_wait(Workers.word(finished), done, 1000)
      }
      callerSleeps.store(false, ordering: .relaxed)
    }
  }

  private static func word(_ atomic: UnsafeMutablePointer<Atomic<UInt32>>) -> UnsafePointer<UInt32>
  {
    unsafe UnsafeRawPointer(atomic).assumingMemoryBound(to: UInt32.self)
  }

  private func wake() {
    _ = unsafe signal.pointee.add(1, ordering: .sequentiallyConsistent)
    guard sleepers.load(ordering: .sequentiallyConsistent) > 0 else { return }
    unsafe pw_wake(Workers.word(signal))
  }

  /// Own units from the front, then others' from the back.
  private func work(as worker: Int) {
    while let unit = take(from: worker, last: false) { finish(unit, worker) }
    for step in 1..<count {
      while let unit = take(from: (worker + step) % count, last: true) { finish(unit, worker) }
    }
  }

  private func finish(_ unit: Int, _ worker: Int) {
    body(unit, worker)
    unsafe finished.pointee.add(1, ordering: .sequentiallyConsistent)
    if worker > 0, callerSleeps.load(ordering: .sequentiallyConsistent) {
      unsafe pw_wake(Workers.word(finished))
    }
  }

  private func take(from lane: Int, last: Bool) -> Int? {
    var open = unsafe lanes[lane].open.load(ordering: .relaxed)
    while true {
      let first = UInt32(truncatingIfNeeded: open)
      let end = UInt32(truncatingIfNeeded: open >> 32)
      guard first < end else { return nil }
      let (rest, unit) =
        last ? (open - (1 << 32), end - 1) : (open + 1, first)
      let (taken, now) = unsafe lanes[lane].open.weakCompareExchange(
        expected: open, desired: rest, ordering: .acquiringAndReleasing)
      if taken { return Int(unit) }
      open = now
    }
  }

  /// About 50 microseconds, where a pause takes 40 to 140 cycles.
  private static let spinsBeforeSleep = 2_000

  private func serve(_ worker: Int) {
    var seen: UInt32 = 0
    while !ends.load(ordering: .acquiring) {
      var spins = 0
      while unsafe signal.pointee.load(ordering: .acquiring) == seen {
        pw_pause()
        spins += 1
        if spins == Workers.spinsBeforeSleep {
          sleepers.add(1, ordering: .sequentiallyConsistent)
          unsafe pw_wait(Workers.word(signal), seen, 1_000_000)
          sleepers.subtract(1, ordering: .sequentiallyConsistent)
          spins = 0
        }
      }
      seen = unsafe signal.pointee.load(ordering: .acquiring)
      if count > 1 { work(as: worker) }
    }
  }
}

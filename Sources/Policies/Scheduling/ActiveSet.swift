import BasicContainers
import DequeModule
import Orchestration
import Primitives

/// Serves a limited set of adapters at a time and lets others take turns: LoRAX.
///
/// Requests queue by adapter set; the base model is one too, and so is each combination. Sets for which
/// requests came wait in a line of *pending* ones until they join those that are *active*. Whenever
/// requests wait and a step is put together:
///
/// 1. active sets that nobody needs leave, but no more of them than there are pending ones, and their
///    adapters leave the device;
/// 2. the set that has been active longest goes to the end of the pending line, and its adapters leave
///    the device, if that is longer than a cycle, none of its requests runs, and any set is pending;
/// 3. pending sets become active, in their order, while there are fewer than so many active ones; one
///    that is not on the disk yet or has no room left in device memory holds up those behind it.
///
/// Adapters are loaded when their set becomes active. Of the active sets whose adapters are there, the
/// one whose first request is oldest is served first, those active for less than a cycle before others.
///
/// LoRAX does the second also where nothing runs at all. Here it does not: if loading took longer than
/// a cycle, adapters would come and go for ever and nobody would be served.
///
/// LoRAX router, `queue.rs` and `scheduler.rs` (`update_adapters`, `next_entry`), commit a7394ba.
public struct ActiveSet: SchedulingPolicy, ~Copyable {
  struct State: BitwiseCopyable {
    /// Whether the set is pending or active.
    var isTracked = false
    var isActive = false
    /// Whether its adapters were asked for when they were not on the disk.
    var isFetched = false
    /// Whether its adapters have been on the device since it became active.
    var isReady = false
    /// Its running requests.
    var running: Int32 = 0
    /// When it became active.
    var activation: Nanoseconds = 0
    /// What the queue was told last.
    var rank: Int32? = 0
  }

  private let limit: Int
  private let cycleTime: Nanoseconds
  private let bytes: [Bytes]
  private let sizes: [Int]
  /// What is left of device memory, and of slots.
  private var freeBytes: Bytes
  private var freeSlots: Int
  private var states: UniqueArray<State>
  private var active: Deque<AdapterSetID> = []
  private var pending: Deque<AdapterSetID> = []
  /// Pending sets that came since the last review.
  private var new: [AdapterSetID] = []
  /// Sets whose time ended while their adapters were coming: these leave when they are there.
  private var late: [AdapterSetID] = []
  /// Requests running, of all sets.
  private var running = 0

  /// - Parameters:
  ///   - limit: most active sets.
  ///   - cycleTime: how long a set is active before others may take its place, in nanoseconds.
  public init(_ context: SchedulingContext, limit: Int = 128, cycleTime: Nanoseconds) {
    self.limit = limit
    // Such that it can be added to any time.
    self.cycleTime = min(cycleTime, .max / 4)
    bytes = context.setBytes
    sizes = context.setSizes
    freeBytes = context.adapterBytes
    freeSlots = context.slots ?? .max
    states = UniqueArray(repeating: State(), count: context.setBytes.count)
  }

  public mutating func key(for request: Request) -> Int64 { 0 }

  public mutating func verdict(
    on request: Request, given load: SchedulingLoad
  ) -> SchedulingVerdict { .admit }

  public mutating func note(_ event: SchedulingEvent, of set: AdapterSetID) {
    switch event {
    case .arrived:
      guard !states[Int(set)].isTracked else { return }
      states[Int(set)].isTracked = true
      pending.append(set)
      new.append(set)
    case .started:
      states[Int(set)].running += 1
      running += 1
    case .stopped:
      states[Int(set)].running -= 1
      running -= 1
    }
  }

  public mutating func review(
    at time: Nanoseconds, queue: borrowing WaitingQueue, residency: borrowing Residency
  ) -> SchedulingReview {
    var review = SchedulingReview()
    for set in new {
      rank(set, nil, &review)
      _ = isDownloaded(set, residency, &review)
    }
    new.removeAll(keepingCapacity: true)
    dropLate(residency, &review)
    removeUnneeded(queue, residency, &review)
    cycle(at: time, residency, &review)
    activate(at: time, residency, &review)
    rankActive(at: time, residency, &review)
    if let set = active.first(where: { states[Int($0)].activation + cycleTime >= time }) {
      // First it is no longer preferred, then it may be sent away.
      let end = states[Int(set)].activation + cycleTime
      review.next = end > time ? end : end + 1
    }
    return review
  }

  // MARK: Steps of a review

  private mutating func dropLate(
    _ residency: borrowing Residency, _ review: inout SchedulingReview
  ) {
    var coming: [AdapterSetID] = []
    for set in late where !states[Int(set)].isActive {
      if residency.isMoving(anyOf: set) {
        coming.append(set)
      } else {
        review.changes.append(.drop(set))
      }
    }
    late = coming
  }

  private mutating func removeUnneeded(
    _ queue: borrowing WaitingQueue, _ residency: borrowing Residency,
    _ review: inout SchedulingReview
  ) {
    var leaving: [AdapterSetID] = []
    for set in active where leaving.count < pending.count {
      if states[Int(set)].running == 0, !queue.isWaited(for: set) { leaving.append(set) }
    }
    guard !leaving.isEmpty else { return }
    active.removeAll { leaving.contains($0) }
    for set in leaving {
      states[Int(set)].isTracked = false
      deactivate(set, residency, &review)
    }
  }

  private mutating func cycle(
    at time: Nanoseconds, _ residency: borrowing Residency, _ review: inout SchedulingReview
  ) {
    guard running > 0, !pending.isEmpty, let set = active.first, states[Int(set)].running == 0,
      time - states[Int(set)].activation > cycleTime
    else { return }
    active.removeFirst()
    pending.append(set)
    deactivate(set, residency, &review)
  }

  private mutating func deactivate(
    _ set: AdapterSetID, _ residency: borrowing Residency, _ review: inout SchedulingReview
  ) {
    states[Int(set)].isActive = false
    freeBytes += bytes[Int(set)]
    freeSlots += sizes[Int(set)]
    rank(set, nil, &review)
    // The base model has nothing that could leave.
    guard sizes[Int(set)] > 0 else { return }
    review.changes.append(.drop(set))
    if residency.isMoving(anyOf: set) { late.append(set) }
  }

  private mutating func activate(
    at time: Nanoseconds, _ residency: borrowing Residency, _ review: inout SchedulingReview
  ) {
    while active.count < limit, let set = pending.first, bytes[Int(set)] <= freeBytes,
      sizes[Int(set)] <= freeSlots
    {
      guard isDownloaded(set, residency, &review) else { return }
      pending.removeFirst()
      active.append(set)
      freeBytes -= bytes[Int(set)]
      freeSlots -= sizes[Int(set)]
      states[Int(set)].isActive = true
      states[Int(set)].activation = time
      states[Int(set)].isReady = false
    }
  }

  /// Whether a set has been downloaded; if nobody has asked for it, it is asked for now. What has been
  /// on the disk once is taken to be there, as in LoRAX.
  private mutating func isDownloaded(
    _ set: AdapterSetID, _ residency: borrowing Residency, _ review: inout SchedulingReview
  ) -> Bool {
    if residency.farthestTier(of: set) > .remote { return true }
    guard states[Int(set)].isFetched else {
      states[Int(set)].isFetched = true
      review.changes.append(.bring(set, to: .disk))
      return false
    }
    return !residency.isMoving(anyOf: set) && !review.changes.contains(.bring(set, to: .disk))
  }

  private mutating func rankActive(
    at time: Nanoseconds, _ residency: borrowing Residency, _ review: inout SchedulingReview
  ) {
    for set in active {
      if !states[Int(set)].isReady {
        // What leaves in this review is still there, but will not be.
        states[Int(set)].isReady =
          residency.farthestTier(of: set) == .device && !review.changes.contains(.drop(set))
      }
      if states[Int(set)].isReady {
        rank(set, time - states[Int(set)].activation < cycleTime ? 0 : 1, &review)
      } else {
        review.changes.append(.bring(set, to: .device))
      }
    }
  }

  private mutating func rank(
    _ set: AdapterSetID, _ rank: Int32?, _ review: inout SchedulingReview
  ) {
    guard states[Int(set)].rank != rank else { return }
    states[Int(set)].rank = rank
    review.changes.append(.rank(set, rank))
  }
}

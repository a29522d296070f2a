import Primitives

/// When a run's state is looked at for its time series.
///
/// Each interval is sampled once, at an instant that wanders through the intervals: points at their
/// beginnings would see a trace that ticks in whole seconds always at the same moment. The instants
/// are those of Weyl's equidistributed sequence, the same in every run.
package struct SampleTimes {
  /// The next instant, from 0 on.
  package private(set) var next: Nanoseconds = 0
  private let interval: Nanoseconds
  private var count: Int64 = 0

  package init(interval: Nanoseconds) { self.interval = interval }

  /// Goes on to the next interval.
  /// - Parameter end: beyond this there are none.
  package mutating func advance(end: Nanoseconds) {
    count += 1
    let weyl = UInt64(bitPattern: count) &* 0x9e37_79b9_7f4a_7c15
    let within = weyl.multipliedFullWidth(by: UInt64(interval)).high
    let (start, overflow) = interval.multipliedReportingOverflow(by: count)
    next = overflow || start > end ? .max : start + Nanoseconds(within)
  }
}

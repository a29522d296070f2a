import Foundation

/// The priority of a thread that copies adapters while others compute.
public enum LoadingPriority {
  /// Linux weighs a thread of this niceness at a thirtieth of a computing one: where cores are idle a copy
  /// runs as fast as ever, and where none is it takes little from the steps of others.
  private static let niceness: Int32 = 15

  /// Lowers the calling thread's priority for good.
  public static func adopt() {
    // To Linux, process 0 is the calling thread. If it is refused the copy just gets more of the cores.
    _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, niceness)
  }
}

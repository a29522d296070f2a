/// Time in integer nanoseconds, counted from the start of the trace. Never a floating-point
/// number, so that sums are exact and equal on every machine.
public typealias Nanoseconds = Int64

/// Sizes in bytes.
public typealias Bytes = Int64

extension Nanoseconds {
  /// Seconds to the nearest nanosecond; saturates far outside any trace's span. Not a number is 0.
  public init(seconds: Double) {
    let value = seconds.isNaN ? 0 : (seconds * 1e9).rounded()
    self = value >= 9.2e18 ? .max : value <= -9.2e18 ? .min : Nanoseconds(value)
  }

  /// This time in seconds.
  public var seconds: Double { Double(self) / 1e9 }
  /// This time in milliseconds.
  public var milliseconds: Double { Double(self) / 1e6 }
}

/// Quantities as people write them in experiment files and on the command line.
public enum Quantity {
  private static let times: [(String, Double)] = [
    ("ns", 1), ("us", 1e3), ("ms", 1e6), ("s", 1e9), ("min", 60e9), ("m", 60e9), ("h", 3600e9),
    ("d", 86400e9),
  ]
  private static let sizes: [(String, Double)] = [
    ("B", 1), ("kB", 1e3), ("KB", 1e3), ("MB", 1e6), ("GB", 1e9), ("TB", 1e12),
    ("KiB", 1024), ("MiB", 1_048_576), ("GiB", 1_073_741_824), ("TiB", 1_099_511_627_776),
  ]

  /// Parses `250ms`, `1.5 s`, `1d`; a bare number is in seconds. Nil if it is not a time.
  public static func nanoseconds(_ text: String) -> Nanoseconds? {
    scaled(text, units: times, bare: 1e9).map { Nanoseconds($0) }
  }

  /// Parses `16GiB`, `80 GB`, `4096`; a bare number is in bytes. Nil if it is not a size.
  public static func bytes(_ text: String) -> Bytes? {
    scaled(text, units: sizes, bare: 1).map { Bytes($0) }
  }

  private static func scaled(_ text: String, units: [(String, Double)], bare: Double) -> Double? {
    let end = text.lastIndex { $0.isNumber || $0 == "." }.map { text.index(after: $0) }
    guard let end, let number = Double(text[..<end].trimmingSpaces.filter { $0 != "_" }) else {
      return nil
    }
    let unit = text[end...].trimmingSpaces
    let scale = unit.isEmpty ? bare : units.first { $0.0 == unit }?.1
    guard let scale else { return nil }
    let value = (number * scale).rounded()
    return value.isFinite && abs(value) < 9.2e18 ? value : nil
  }
}

extension Substring {
  /// Without the spaces at both ends.
  var trimmingSpaces: Substring {
    var text = self
    while text.first == " " { text = text.dropFirst() }
    while text.last == " " { text = text.dropLast() }
    return text
  }
}

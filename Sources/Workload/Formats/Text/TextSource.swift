import Primitives

/// The text of an input, checked to be UTF-8, as bytes by position. Readers hold positions and
/// ranges, and make strings only of what they keep.
@safe struct TextSource {
  /// The name for errors.
  let file: String
  /// Number of bytes.
  let count: Int
  /// Where the text begins: after a byte order mark, if there is one.
  let start: Int
  private let owner: InputBytes
  private let memory: UnsafeRawBufferPointer

  /// The text of an input.
  /// - Throws: `PitwallError` (data) that names the line, if it is not UTF-8.
  init(_ input: TraceInput) throws {
    self.init(input.bytes, file: input.name)
    try validate()
  }

  /// A text in memory.
  init(_ text: String, file: String) { self.init(InputBytes(Array(text.utf8)), file: file) }

  private init(_ bytes: InputBytes, file: String) {
    self.file = file
    owner = bytes
    unsafe memory = unsafe bytes.memory
    count = bytes.count
    start = bytes.starts(with: [0xef, 0xbb, 0xbf]) ? 3 : 0
  }

  /// One byte.
  subscript(position: Int) -> UInt8 {
    @inline(__always) get {
      precondition(position >= 0 && position < count, "position outside the text")
      return unsafe memory[position]
    }
  }

  /// Several bytes.
  subscript(range: Range<Int>) -> UnsafeRawBufferPointer {
    @inline(__always) get {
      precondition(range.lowerBound >= 0 && range.upperBound <= count, "range outside the text")
      return unsafe UnsafeRawBufferPointer(rebasing: memory[range])
    }
  }

  /// A piece as a string.
  func string(_ range: Range<Int>) -> String { unsafe String(decoding: self[range], as: UTF8.self) }

  /// Whether a piece is exactly this text.
  func equals(_ range: Range<Int>, _ text: StaticString) -> Bool {
    unsafe range.count == text.utf8CodeUnitCount
      && self[range].elementsEqual(
        UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  /// Whether two pieces have the same bytes.
  func equals(_ a: Range<Int>, _ b: Range<Int>) -> Bool {
    unsafe a.count == b.count && self[a].elementsEqual(self[b])
  }

  /// A hash of a piece, seeded per process: no input can be made to collide on purpose.
  func hash(_ range: Range<Int>) -> Int {
    var hasher = Hasher()
    unsafe hasher.combine(bytes: self[range])
    return hasher.finalize()
  }

  /// The position of the line break at or after `position`, or the end.
  func endOfLine(from position: Int) -> Int {
    var end = position
    while end < count && self[end] != UInt8(ascii: "\n") { end += 1 }
    return end
  }

  /// A piece as an error shows it: in quotes, shortened, on one line.
  func excerpt(_ range: Range<Int>) -> String {
    let shown = range.count > 40 ? range.lowerBound..<range.lowerBound + 40 : range
    let text = string(shown).unicodeScalars.map {
      $0.properties.generalCategory == .control ? " " : String($0)
    }
    return "\"" + text.joined() + (range.count > 40 ? "..." : "") + "\""
  }

  private func validate() throws {
    do {
      _ = try unsafe UTF8Span(validating: Span(_unsafeBytes: memory))
    } catch {
      let position = error.byteOffsets.lowerBound
      let line = (0..<position).reduce(1) { $0 + (self[$1] == UInt8(ascii: "\n") ? 1 : 0) }
      throw PitwallError.data(
        file, line: line,
        "not UTF-8 text (byte \(position) is 0x\(String(self[position], radix: 16)))")
    }
  }
}

import CZlib
import Primitives

/// gzip (RFC 1952) through zlib: whole inputs in, a stream out.
enum Gzip {
  /// The most that an input may inflate to: 16 GiB, a plain-text trace of some 300 million
  /// requests. What is larger is either a decompression bomb or belongs in the binary form.
  static let inflatedLimit = 16 << 30

  /// Whether an input begins as gzip does.
  static func recognises(_ input: InputBytes) -> Bool { input.starts(with: [0x1f, 0x8b]) }

  /// Inflates an input of one or more gzip members.
  /// - Throws: `PitwallError` (data) if it is truncated, damaged, followed by something that is not
  ///   gzip, or larger than `limit`.
  static func inflate(
    _ input: InputBytes, file: String, limit: Int = inflatedLimit
  ) throws -> InputBytes {
    var stream = unsafe z_stream()
    let windowBits = 15 + 16  // The largest window; 16 asks for gzip's header and checksum.
    guard
      unsafe inflateInit2_(
        &stream, Int32(windowBits), ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK
    else { throw PitwallError.fault("zlib would not start") }
    defer { unsafe inflateEnd(&stream) }

    let chunk = 1 << 20
    var output = try GrowingBuffer(
      capacity: min(max(input.count * 4, 1 << 12), chunk), file: file)
    var consumed = 0
    while true {
      try output.reserve(1 << 12, file: file)
      let source = unsafe UnsafeRawBufferPointer(rebasing: input.memory[consumed...].prefix(chunk))
      let room = unsafe UnsafeMutableRawBufferPointer(rebasing: output.room.prefix(chunk))
      unsafe stream.next_in = UnsafeMutableRawPointer(mutating: source.baseAddress)?
        .assumingMemoryBound(to: UInt8.self)
      unsafe stream.avail_in = UInt32(source.count)
      unsafe stream.next_out = room.baseAddress?.assumingMemoryBound(to: UInt8.self)
      unsafe stream.avail_out = UInt32(room.count)
      let status = unsafe CZlib.inflate(&stream, Z_NO_FLUSH)
      consumed += unsafe source.count - Int(stream.avail_in)
      output.advance(unsafe room.count - Int(stream.avail_out))
      guard output.count <= limit else {
        throw PitwallError.data(file, "inflates to more than \(limit) bytes")
      }
      switch status {
      case Z_OK: continue
      case Z_BUF_ERROR where consumed == input.count:
        throw PitwallError.data(file, "truncated gzip")
      case Z_STREAM_END where consumed == input.count: return output.finish()
      case Z_STREAM_END:
        guard unsafe input.memory[consumed...].prefix(2).elementsEqual([0x1f, 0x8b]) else {
          throw PitwallError.data(file, "gzip is followed by something else at byte \(consumed)")
        }
        unsafe inflateReset(&stream)
      default:
        let cause = unsafe stream.msg.map { unsafe String(cString: $0) } ?? "code \(status)"
        throw PitwallError.data(file, "damaged gzip: \(cause)")
      }
    }
  }
}

/// Compresses a stream of bytes as one gzip member. The header carries no time, so that equal
/// traces make equal files.
@safe struct GzipStream: ~Copyable {
  // On the heap because zlib keeps a pointer to it.
  private let stream: UnsafeMutablePointer<z_stream>

  /// - Parameter level: zlib's compression level.
  init(level: Int32 = 6) throws {
    unsafe stream = .allocate(capacity: 1)
    unsafe stream.initialize(to: z_stream())
    let status = unsafe deflateInit2_(
      stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
      Int32(MemoryLayout<z_stream>.size))
    guard status == Z_OK else { throw PitwallError.fault("zlib would not start") }
  }

  deinit {
    unsafe deflateEnd(stream)
    unsafe stream.deallocate()
  }

  /// Compresses bytes and passes what comes out to `sink`; `last` ends the member.
  func compress(_ bytes: [UInt8], last: Bool, to sink: ([UInt8]) throws -> Void) throws {
    var bytes = bytes
    var output = [UInt8](repeating: 0, count: 1 << 16)
    var consumed = 0
    while true {
      var produced = 0
      var status = Z_OK
      unsafe bytes.withUnsafeMutableBufferPointer { source in
        unsafe output.withUnsafeMutableBufferPointer { room in
          let piece = min(source.count - consumed, 1 << 30)
          unsafe stream.pointee.next_in = source.baseAddress.map { unsafe $0 + consumed }
          unsafe stream.pointee.avail_in = UInt32(piece)
          unsafe stream.pointee.next_out = room.baseAddress
          unsafe stream.pointee.avail_out = UInt32(room.count)
          status = unsafe deflate(stream, last ? Z_FINISH : Z_NO_FLUSH)
          consumed += unsafe piece - Int(stream.pointee.avail_in)
          produced = unsafe room.count - Int(stream.pointee.avail_out)
        }
      }
      if produced > 0 { try sink(Array(output.prefix(produced))) }
      if status == Z_STREAM_END { return }
      guard status == Z_OK || status == Z_BUF_ERROR else {
        throw PitwallError.fault("zlib stopped with code \(status)")
      }
      if !last && consumed == bytes.count && produced < output.count { return }
    }
  }
}

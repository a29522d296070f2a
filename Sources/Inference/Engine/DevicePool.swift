import Primitives

/// The engine's memory for key-value blocks and adapters: one allocation of equal pages.
///
/// A page holds one block of `blockTokens` positions of one sequence over all layers, or a piece of
/// an adapter; either may have any page, so that what one gives up the other can use.
///
/// Pages are taken and given back on the engine's thread only. Others may write into pages that were
/// taken for them.
@safe public final class DevicePool {
  /// Positions of a block.
  public let blockTokens: Int
  public let pageBytes: Int
  public let pageCount: Int
  private let memory: AlignedMemory
  private var free: [Int32]
  private let keyValueHeads: Int
  private let headSize: Int

  /// Pages that nobody has.
  public var freePages: Int { free.count }

  /// - Parameter used: bytes of the machine's memory that the engine has taken already.
  /// - Throws: `PitwallError` (unavailable) for more pages than the machine has memory for.
  init(_ model: ModelConfiguration, blockTokens: Int, pageCount: Int, beside used: Int) throws {
    self.blockTokens = blockTokens
    self.pageCount = pageCount
    pageBytes = DevicePool.pageBytes(model, blockTokens: blockTokens)
    keyValueHeads = model.keyValueHeads
    headSize = model.headSize
    let (bytes, overflow) = pageBytes.multipliedReportingOverflow(by: pageCount)
    guard !overflow, let last = Int32(exactly: pageCount) else {
      throw PitwallError(.usage, "a pool of \(pageCount) pages is too large")
    }
    // The system promises more than it has, and ends the process that takes it at its word.
    let room = AlignedMemory.machineBytes - used
    guard bytes <= room else {
      throw PitwallError(
        .unavailable,
        "a pool of \(pageCount) pages takes \(bytes) bytes, beside the weights the machine has "
          + "\(max(0, room))")
    }
    memory = try AlignedMemory(byteCount: bytes, for: "the pool")
    free = (0..<last).reversed()
  }

  func populate(by workers: Workers) { memory.populate(by: workers) }

  /// Bytes of a block of `blockTokens` positions, keys and values of all layers.
  public static func pageBytes(_ model: ModelConfiguration, blockTokens: Int) -> Int {
    blockTokens * model.layers * 2 * model.keyValueHeads * model.headSize
      * MemoryLayout<Float>.stride
  }

  /// Blocks of a sequence of that many tokens.
  public func pages(forTokens tokens: Int) -> Int { (tokens + blockTokens - 1) / blockTokens }

  func take() -> Int32? { free.popLast() }

  /// That many pages, or none.
  func take(_ count: Int) -> [Int32]? {
    guard count <= free.count else { return nil }
    let pages = [Int32](free.suffix(count))
    free.removeLast(count)
    return pages
  }

  func give(_ page: Int32) { free.append(page) }

  var floats: UnsafeMutablePointer<Float> { unsafe memory.floats }

  func page(_ index: Int32) -> UnsafeMutableRawPointer {
    unsafe memory.start + Int(index) * pageBytes
  }

  // Within a page: for each layer the keys of all heads, then their values.

  var pageFloats: Int { pageBytes / MemoryLayout<Float>.stride }
  private var headFloats: Int { blockTokens * headSize }

  /// Floats from the beginning of a page to the keys of a head.
  func keyOffset(layer: Int, head: Int) -> Int {
    (layer * 2 * keyValueHeads + head) * headFloats
  }

  func valueOffset(layer: Int, head: Int) -> Int {
    ((layer * 2 + 1) * keyValueHeads + head) * headFloats
  }
}

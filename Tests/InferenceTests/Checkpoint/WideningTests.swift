import Primitives
import Testing

@testable import Inference

/// The C conversions against the same definitions written plainly in Swift, bit for bit.
struct WideningTests {
  private func widen(_ bytes: [UInt8], _ type: ElementType, count: Int) -> [UInt32] {
    var floats = [Float](repeating: 0, count: count)
    floats.withUnsafeMutableBufferPointer { target in
      bytes.withUnsafeBytes { source in
        if let start = target.baseAddress {
          Dequantizer.widen(source, of: type, count: count, into: start)
        }
      }
    }
    return floats.map(\.bitPattern)
  }

  private func half(_ bytes: ArraySlice<UInt8>) -> Float {
    let at = bytes.startIndex
    return Float(Float16(bitPattern: UInt16(bytes[at]) | UInt16(bytes[at + 1]) << 8))
  }

  private func randomBytes(_ count: Int, _ purpose: String) -> [UInt8] {
    var random = RandomStream(seed: 1, purpose: purpose)
    return (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
  }

  @Test func everyHalf() {
    let all = (0...UInt16.max).flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] }
    let widened = widen(all, .f16, count: 65536)
    for bits in 0...UInt16.max {
      let expected = Float(Float16(bitPattern: bits))
      let got = Float(bitPattern: widened[Int(bits)])
      #expect(got.bitPattern == expected.bitPattern || (got.isNaN && expected.isNaN))
    }
  }

  @Test func narrowingIsExact() throws {
    var random = RandomStream(seed: 2, purpose: "floats")
    let floats =
      (0..<200_000).map { _ in Float(bitPattern: UInt32(truncatingIfNeeded: random.next())) }
      + (0..<60_000).map { _ in Float(random.uniform() - 0.5) * 0x1p-12 }
      + [65519.996, 65520, 0x1p-25, 0x1.8p-25, 0x1p-24, -0.0, .infinity, .nan]
    let bytes = try Dequantizer.narrow(floats, to: .f16)
    for (i, float) in floats.enumerated() {
      let got = UInt16(bytes[2 * i]) | UInt16(bytes[2 * i + 1]) << 8
      let expected = Float16(float)
      #expect(got == expected.bitPattern || (float.isNaN && Float16(bitPattern: got).isNaN))
    }
    // A bfloat is the upper half of a float: the nearest, or of two the even one.
    let brief = try Dequantizer.narrow(floats, to: .bf16)
    let back = widen(brief, .bf16, count: floats.count).map { Float(bitPattern: $0) }
    for (float, rounded) in zip(floats, back) where float.isFinite && rounded.isFinite {
      #expect(abs(Double(float) - Double(rounded)) <= Double(rounded.ulp) * 0x1p15)
    }
    #expect(back.last?.isNaN == true)
  }

  @Test func blocksOf32() {
    let blocks = 50
    for type in [ElementType.q8_0, .q4_0, .q4_1] {
      let bytes = randomBytes(blocks * type.blockBytes, "\(type)")
      var expected: [Float] = []
      for b in 0..<blocks {
        let block = bytes[b * type.blockBytes..<(b + 1) * type.blockBytes]
        let scale = half(block)
        switch type {
        case .q8_0: expected += block.dropFirst(2).map { scale * Float(Int8(bitPattern: $0)) }
        case .q4_0:
          let quants = block.dropFirst(2)
          expected += quants.map { scale * Float(Int($0 & 15) - 8) }
          expected += quants.map { scale * Float(Int($0 >> 4) - 8) }
        default:
          let minimum = half(block.dropFirst(2))
          let quants = block.dropFirst(4)
          expected += quants.map { product(scale, Float($0 & 15)) + minimum }
          expected += quants.map { product(scale, Float($0 >> 4)) + minimum }
        }
      }
      check(widen(bytes, type, count: 32 * blocks), expected)
    }
  }

  @Test func blocksOf256() {
    let blocks = 20
    let bytes = randomBytes(blocks * 210, "q6_K")
    var expected: [Float] = []
    for b in 0..<blocks {
      let block = [UInt8](bytes[b * 210..<(b + 1) * 210])
      let scale = half(block[208...])
      // As ggml numbers them: half, then quarter of that, then element.
      for (h, q, l) in (0..<2).flatMap({ h in
        (0..<4).flatMap { q in (0..<32).map { (h, q, $0) } }
      }) {
        let low = block[64 * h + (q % 2) * 32 + l]
        let nibble = q < 2 ? low & 15 : low >> 4
        let high = (block[128 + 32 * h + l] >> (2 * q)) & 3
        let step = product(scale, Float(Int8(bitPattern: block[192 + 8 * h + 2 * q + l / 16])))
        expected.append(step * Float(Int(nibble | high << 4) - 32))
      }
    }
    check(widen(bytes, .q6_K, count: 256 * blocks), expected)
  }

  /// A product that is rounded before anything is added.
  @inline(never) private func product(_ a: Float, _ b: Float) -> Float { a * b }

  private func check(_ got: [UInt32], _ expected: [Float]) {
    #expect(got.count == expected.count)
    for (a, b) in zip(got, expected) {
      #expect(a == b.bitPattern || (Float(bitPattern: a).isNaN && b.isNaN))
    }
  }
}

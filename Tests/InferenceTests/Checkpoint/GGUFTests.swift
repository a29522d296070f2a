import Foundation
import Primitives
import Testing

@testable import Inference

struct GGUFTests {
  /// A GGUF file put together by hand.
  private struct Builder {
    var version: UInt32 = 3
    var entries: [Data] = []
    var tensors: [Data] = []
    var data = Data()
    var tensorCount: UInt64?
    var entryCount: UInt64?

    static func bytes<T: BitwiseCopyable>(_ value: T) -> Data {
      withUnsafeBytes(of: value) { Data($0) }
    }
    static func string(_ text: String) -> Data { bytes(UInt64(text.utf8.count)) + Data(text.utf8) }

    mutating func entry(_ key: String, _ type: UInt32, _ value: Data) {
      entries.append(Builder.string(key) + Builder.bytes(type) + value)
    }

    mutating func tensor(_ name: String, _ shape: [UInt64], _ type: UInt32, at offset: UInt64) {
      tensors.append(
        Builder.string(name) + Builder.bytes(UInt32(shape.count))
          + shape.map(Builder.bytes).reduce(Data(), +) + Builder.bytes(type) + Builder.bytes(offset)
      )
    }

    func parse(alignment: Int = 32) throws -> GGUFFile {
      try Fixtures.withFolder { folder in
        let path = folder + "/a.gguf"
        var file = Data("GGUF".utf8) + Builder.bytes(version)
        file += Builder.bytes(tensorCount ?? UInt64(tensors.count))
        file += Builder.bytes(entryCount ?? UInt64(entries.count))
        file += (entries + tensors).reduce(Data(), +)
        file += Data(count: (alignment - file.count % alignment) % alignment)
        try (file + data).write(to: URL(fileURLWithPath: path))
        return try GGUFFile(MappedFile(path: path))
      }
    }
  }

  @Test func readsEveryTypeOfValue() throws {
    var file = Builder()
    file.entry("u8", 0, Data([200]))
    file.entry("i8", 1, Data([200]))
    file.entry("u16", 2, Builder.bytes(UInt16(60000)))
    file.entry("i16", 3, Builder.bytes(Int16(-3)))
    file.entry("u32", 4, Builder.bytes(UInt32.max))
    file.entry("i32", 5, Builder.bytes(Int32.min))
    file.entry("f32", 6, Builder.bytes(Float(0.5)))
    file.entry("bool", 7, Data([1]))
    file.entry("string", 8, Builder.string("größe"))
    file.entry("u64", 10, Builder.bytes(UInt64(1) << 40))
    file.entry("i64", 11, Builder.bytes(Int64.min))
    file.entry("f64", 12, Builder.bytes(Double.pi))
    file.entry("ints", 9, Builder.bytes(UInt32(1)) + Builder.bytes(UInt64(2)) + Data([1, 255]))
    file.entry(
      "texts", 9, Builder.bytes(UInt32(8)) + Builder.bytes(UInt64(1)) + Builder.string("x"))
    file.entry(
      "floats", 9, Builder.bytes(UInt32(6)) + Builder.bytes(UInt64(1)) + Builder.bytes(Float(2)))
    file.entry(
      "nested", 9,
      Builder.bytes(UInt32(9)) + Builder.bytes(UInt64(1)) + Builder.bytes(UInt32(0))
        + Builder.bytes(UInt64(1)) + Data([7]))
    #expect(
      try file.parse().metadata == [
        "u8": .integer(200), "i8": .integer(-56), "u16": .integer(60000), "i16": .integer(-3),
        "u32": .integer(4_294_967_295), "i32": .integer(-2_147_483_648), "f32": .number(0.5),
        "bool": .boolean(true), "string": .string("größe"), "u64": .integer(1 << 40),
        "i64": .integer(.min), "f64": .number(.pi), "ints": .integers([1, -1]),
        "texts": .strings(["x"]), "floats": .numbers([2]), "nested": .arrays([.integers([7])]),
      ])
  }

  @Test(arguments: [2, 3] as [UInt32])
  func readsTensorsAtAnyAlignment(version: UInt32) throws {
    var file = Builder()
    file.version = version
    file.entry("general.alignment", 4, Builder.bytes(UInt32(64)))
    file.tensor("b", [32, 2], 8, at: 64)
    file.tensor("a", [3], 0, at: 0)
    file.data = Data(count: 64 + 68)
    let tensors = try file.parse(alignment: 64).tensors
    #expect(tensors["b"]?.shape == [2, 32])
    #expect(tensors["b"]?.type == .q8_0)
    #expect(tensors["a"]?.range.lowerBound.isMultiple(of: 64) == true)
    #expect(tensors["b"].map { $0.range.lowerBound - 64 } == tensors["a"]?.range.lowerBound)
  }

  private func refuses(_ cause: String, _ change: (inout Builder) -> Void) {
    var file = Builder()
    change(&file)
    let error = #expect(throws: PitwallError.self) { try file.parse() }
    #expect(error?.code == .data)
    #expect(error?.description.contains(cause) == true, "\(error as Any)")
  }

  @Test func refusesWhatDoesNotFit() {
    refuses("version 1") { $0.version = 1 }
    refuses("tensors do not fit") { $0.tensorCount = 1 << 60 }
    refuses("63 bits") { $0.entryCount = .max }
    refuses("metadata entries do not fit") { $0.entryCount = 1 << 40 }
    refuses("unknown value type 13") { $0.entry("a", 13, Data(count: 8)) }
    refuses("array elements do not fit") {
      $0.entry("a", 9, Builder.bytes(UInt32(8)) + Builder.bytes(UInt64(1) << 50))
    }
    refuses("UTF-8") { $0.entry("a", 8, Builder.bytes(UInt64(1)) + Data([0xff])) }
    refuses("twice") {
      $0.entry("a", 7, Data([1]))
      $0.entry("a", 7, Data([1]))
    }
    refuses("nested too deeply") {
      let level = Builder.bytes(UInt32(9)) + Builder.bytes(UInt64(1))
      $0.entry("a", 9, (0..<9).map { _ in level }.reduce(Data(), +) + Data(count: 16))
    }
    refuses("power of two") { $0.entry("general.alignment", 4, Builder.bytes(UInt32(48))) }
    refuses("power of two") { $0.entry("general.alignment", 4, Builder.bytes(UInt32(0))) }
  }

  @Test func refusesTensorsThatDoNotFit() {
    func refuses(_ cause: String, _ change: (inout Builder) -> Void) {
      self.refuses(cause) {
        $0.data = Data(count: 128)
        change(&$0)
      }
    }
    refuses("Q4_K are not supported") { $0.tensor("a", [256], 12, at: 0) }
    refuses("number 99") { $0.tensor("a", [256], 99, at: 0) }
    refuses("0 dimensions") { $0.tensor("a", [], 0, at: 0) }
    refuses("impossible shape") { $0.tensor("a", [33], 8, at: 0) }
    refuses("impossible shape") { $0.tensor("a", [1 << 40, 1 << 40], 0, at: 0) }
    refuses("beyond the end") { $0.tensor("a", [64], 0, at: 0) }
    refuses("beyond the end") { $0.tensor("a", [1], 0, at: 1 << 62) }
    refuses("not aligned") { $0.tensor("a", [1], 0, at: 4) }
    refuses("overlaps") {
      $0.tensor("a", [16], 0, at: 0)
      $0.tensor("b", [1], 0, at: 32)
    }
    refuses("twice") {
      $0.tensor("a", [1], 0, at: 0)
      $0.tensor("a", [1], 0, at: 32)
    }
  }
}

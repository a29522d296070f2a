import Foundation
import Primitives
import Testing

@testable import Inference

struct SafeTensorsTests {
  /// A file with this header and as many bytes of data.
  private func file(_ header: String, data: Int, _ folder: String) throws -> String {
    let path = folder + "/made.safetensors"
    var bytes = withUnsafeBytes(of: UInt64(header.utf8.count)) { Data($0) }
    bytes += Data(header.utf8)
    bytes += Data(count: data)
    try bytes.write(to: URL(fileURLWithPath: path))
    return path
  }

  @Test func readsATinyModel() throws {
    let file = try SafeTensorsFile(path: Fixtures.path("tiny/tiny-rope3/model.safetensors"))
    #expect(file.metadata == ["format": "pt"])
    #expect(file.tensors.count == 51)
    let query = try #require(file.tensors["model.layers.0.self_attn.q_proj.weight"])
    #expect(query.shape == [96, 48])
    #expect(query.type == .f32)
    #expect((query.rows, query.columns, query.rowBytes) == (96, 48, 192))
  }

  @Test(arguments: [ElementType.f32, .f16, .bf16])
  func writesWhatItReads(type: ElementType) throws {
    try Fixtures.withFolder { folder in
      let path = folder + "/a.safetensors"
      let floats: [Float] = [1, -2, 0.5, 0, -0.0, 65504, 0x1p-24, .infinity]
      try SafeTensorsWriter.write(
        [
          .init(name: "b\n\"quoted\"", shape: [2, 4], type: type, floats: floats),
          .init(name: "empty", shape: [0, 3], type: .bf16, bytes: []),
        ], metadata: ["format": "pt"], to: path)
      let file = try SafeTensorsFile(path: path)
      let tensor = try #require(file.tensors["b\n\"quoted\""])
      let expected = type == .bf16 ? floats.map { $0 == 65504 ? 65536 : $0 } : floats
      #expect(Dequantizer.floats(tensor) == expected)
      #expect(file.tensors["empty"]?.shape == [0, 3])
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["a.safetensors"])
    }
  }

  @Test(arguments: [
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, 4, "8 bytes, the file has 4"),
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, 12, "8 bytes, the file has 12"),
    (#"{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}"#, 8, "8 bytes do not hold"),
    (#"{"a":{"dtype":"F32","shape":[-2,-1],"data_offsets":[0,8]}}"#, 8, "impossible shape"),
    (#"{"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,8]}}"#, 8, "impossible shape"),
    (
      #"{"a":{"dtype":"F32","shape":[4611686018427387904,8],"data_offsets":[0,8]}}"#, 8,
      "do not hold"
    ),
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}"#, 8, "impossible data_offsets"),
    (#"{"a":{"dtype":"F32","shape":[2]}}"#, 8, "missing"),
    (
      #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}"#,
      12, "begins at 4, where 8 is due"
    ),
    (#"{"a":1,"a":2}"#, 0, "twice"), (#"[]"#, 0, "not an object"), (#"{"#, 0, "ends early"),
    (#"{"__metadata__":{"a":1}}"#, 0, "not text"), (#"{} {}"#, 0, "text after"),
  ])
  func refusesBrokenHeaders(header: String, data: Int, cause: String) throws {
    try Fixtures.withFolder { folder in
      let path = try file(header, data: data, folder)
      let error = #expect(throws: PitwallError.self) { try SafeTensorsFile(path: path) }
      #expect(error?.code == .data)
      #expect(error?.description.contains(cause) == true, "\(error as Any)")
    }
  }

  @Test func refusesAHeaderLongerThanTheFile() throws {
    try Fixtures.withFolder { folder in
      let path = folder + "/a.safetensors"
      for length in [UInt64(1) << 63, 100_000_001, 9, .max] {
        try withUnsafeBytes(of: length) { Data($0) }.write(to: URL(fileURLWithPath: path))
        #expect(throws: PitwallError.self) { try SafeTensorsFile(path: path) }
      }
    }
  }

  @Test func keepsTypesItCannotReadApart() throws {
    try Fixtures.withFolder { folder in
      let header = #"{"a":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}}"#
      let made = try SafeTensorsFile(path: file(header, data: 8, folder))
      #expect(made.tensors.isEmpty)
      #expect(made.unreadable == ["a": "I64"])
    }
  }
}

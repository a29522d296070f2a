import Foundation
import Primitives
import Testing

@testable import Workload

struct RoundTripTests {
  @Test(arguments: ["a.csv", "a.csv.gz", "a.pwt"])
  func everyTraceComesBackAsItWas(_ name: String) throws {
    let folder = try TemporaryFolder()
    for seed in 0..<120 as Range<UInt64> {
      let trace = try RandomTrace.make(seed: seed)
      try TraceWriter.write(trace, to: folder.file(name))
      expectSame(try TraceReader.read(folder.file(name)), trace)
    }
    #expect(folder.names == [name])
  }

  @Test func equalTracesMakeEqualFiles() throws {
    let folder = try TemporaryFolder()
    for name in ["a.csv", "a.csv.gz", "a.pwt"] {
      try TraceWriter.write(RandomTrace.make(seed: 7), to: folder.file(name))
      let first = FileManager.default.contents(atPath: folder.file(name))
      try TraceWriter.write(RandomTrace.make(seed: 7), to: folder.file(name))
      #expect(FileManager.default.contents(atPath: folder.file(name)) == first)
    }
  }

  @Test(arguments: ["a.csv", "a.pwt"])
  func tracesOfNoneAndOneRequest(_ name: String) throws {
    let folder = try TemporaryFolder()
    for rows in 0...1 {
      var builder = TraceBuilder(name: "tiny")
      if rows == 1 { builder.append(TraceBuilder.Row(arrival: 5)) }
      let trace = try builder.finish(keepingOrigin: true)
      try TraceWriter.write(trace, to: folder.file(name))
      let back = try TraceReader.read(folder.file(name))
      #expect(back.count == rows)
      expectSame(back, trace)
    }
  }

  @Test(arguments: ["a.csv", "a.csv.gz", "a.pwt"])
  func whatTheFormatsCannotSpellIsRefusedAndLeavesNothing(_ name: String) throws {
    let folder = try TemporaryFolder()
    let broken: [(inout Trace) -> Void] = [
      { $0.adapters = [AdapterEntry(name: "")] },
      { $0.adapters = [AdapterEntry(name: "a", bytes: 0)] },
      { $0.adapters = [AdapterEntry(name: "a", rank: -1)] },
      { trace in
        trace.adapters = [AdapterEntry(name: "a")]
        trace.adapterSets = [.base, AdapterSet([0], weights: [.nan])]
      },
    ]
    for change in broken {
      var trace = try TraceBuilder(name: "x").finish()
      change(&trace)
      #expect(throws: PitwallError.self) { try TraceWriter.write(trace, to: folder.file(name)) }
      #expect(folder.names.isEmpty)
    }
  }
}

struct PitwallCSVTests {
  static let example = """
    # pitwall-trace 1
    # name: chat, one afternoon
    # column arrival: recorded (gateway log)
    # column prompt_tokens: assigned (Azure LLM 2023 conv, seed 3)
    # adapter billing-v2 base=Llama-2-7b rank=16 bytes=33554432
    # adapter tone-formal
    ## a remark, for people only
    arrival:s,adapters:set,prompt_tokens:int,output_tokens:int,tenant:text,metadata:map
    0,billing-v2,374,44,acme,lang=en
    0.125,billing-v2*0.8;tone-formal*0.5,396,109,"a, b",
    """

  private func read(_ text: String) throws -> Trace {
    try TraceReader.read(Array(text.utf8), named: "x")
  }

  @Test(arguments: [example, "\u{FEFF}" + example, example.replacing("\n", with: "\r\n")])
  func theDocumentedExample(_ text: String) throws {
    let trace = try read(text)
    #expect(trace.name == "chat, one afternoon")
    #expect(Array(trace.arrival) == [0, 125_000_000])
    #expect(trace.adapters[0].rank == 16 && trace.adapters[0].bytes == 33_554_432)
    #expect(trace.adapters[0].baseModel == "Llama-2-7b")
    #expect(
      trace.adapterSets == [.base, AdapterSet([0]), AdapterSet([0, 1], weights: [0.8, 0.5])])
    #expect(trace.tenants == ["", "acme", "a, b"])
    #expect(trace.metadataTable == [[], [MetadataField("lang", "en")]])
    #expect(trace.origins[.arrival] == Origin(.recorded, "gateway log"))
    #expect(trace.origins[.tenant] == Origin(.assigned, "default"))
    #expect(Array(trace.outputTokens) == [44, 109])
    #expect(trace.adaptersText(1) == "billing-v2*0.8;tone-formal*0.5")
    #expect(trace.metadataText(0) == "lang=en")
  }

  @Test func timesInOtherUnits() throws {
    for (unit, expected) in [("s", 1_500_000_000), ("ms", 1_500_000), ("us", 1500), ("ns", 2)] {
      let trace = try read("# pitwall-trace 1\narrival:\(unit)\n1.5\n")
      #expect(Array(trace.arrival) == [Int64(expected)])
      #expect(trace.name == "x")
    }
  }

  @Test func sessionsThatAreNotDenseAreRenumbered() throws {
    let trace = try read("# pitwall-trace 1\narrival:s,session:int\n0,900\n1,2147483647\n2,900\n")
    #expect(Array(trace.session) == [0, 1, 0])
  }

  private static let top = "# pitwall-trace 1\n"
  private static let rows = top + "arrival:s,adapters:set,prompt_tokens:int,metadata:map\n0,,1,\n"

  private static let mistakes: [(String, String)] = [
    ("", "x: is empty"),
    (
      "# pitwall-trace 2\narrival:s\n", "x:1: version 2 of the format; this Pitwall reads version 1"
    ),
    (top, "x: no header with column names"),
    (top + "#name: x\n", "x:2: expected a space after #"),
    (
      top + "# nmae: x\n",
      "x:2: unknown keyword \"nmae:\" (did you mean \"name:\"?); remarks begin with ##"
    ),
    (
      top + "# column arival: recorded\n",
      "x:2: unknown column \"arival\" (did you mean \"arrival\"?)"
    ),
    (
      top + "# column arrival: measured\n",
      "x:2: expected recorded, fitted or assigned, found \"measured\""
    ),
    (
      top + "# column arrival: recorded by me\n",
      "x:2: expected a note in parentheses, found \"by me\""
    ),
    (
      top + "# adapter a bytes=0\n",
      "x:2: adapter a: bytes must be a positive number, found \"0\""
    ),
    (top + "# adapter a rank=x\n", "x:2: adapter a: rank must be a positive number, found \"x\""),
    (top + "# adapter a\n# adapter a\n", "x:3: adapter \"a\" is listed twice"),
    (top + "# adapter \n", "x:2: expected an adapter's name"),
    (top + "# tenant %zz\n", "x:2: a %XX that is not valid in \"%zz\""),
    (top + "prompt_tokens:int\n1\n", "x:2: column arrival is missing"),
    (top + "arrival:s,arrival:ms\n", "x:2: column arrival is there twice"),
    (top + "arrival:h\n", "x:2: expected arrival:s, :ms, :us or :ns, found \"arrival:h\""),
    (top + "arrival:s,tenant:int\n", "x:2: expected tenant:text, found \"tenant:int\""),
    (
      top + "arrival:s,tennant:text\n",
      "x:2: unknown column \"tennant\" (did you mean \"tenant\"?)"
    ),
    (rows + "1,,1\n", "x:4: expected 4 fields, found 3"),
    (rows + "nan,,1,\n", "x:4: arrival: expected a number, found \"nan\""),
    (rows + "inf,,1,\n", "x:4: arrival: expected a number, found \"inf\""),
    (rows + "-1,,1,\n", "x:4: arrival: \"-1\" is negative"),
    (rows + "1e99,,1,\n", "x:4: arrival: \"1e99\" is out of range"),
    (
      rows + "2,,1,\n1,,1,\n",
      "x:5: arrival: earlier than the row before; a trace is in order of arrival"
    ),
    (
      rows + "1,,2147483648,\n",
      "x:4: prompt_tokens: expected a whole number from 0 to 2147483647, found \"2147483648\""
    ),
    (
      rows + "1,,-1,\n",
      "x:4: prompt_tokens: expected a whole number from 0 to 2147483647, found \"-1\""
    ),
    (rows + "1,a;a,1,\n", "x:4: expected adapters such as a*0.8;b, each once, found \"a;a\""),
    (rows + "1,a*nan,1,\n", "x:4: expected adapters such as a*0.8;b, each once, found \"a*nan\""),
    (rows + "1,a;,1,\n", "x:4: expected adapters such as a*0.8;b, each once, found \"a;\""),
    (rows + "1,,1,k\n", "x:4: expected key=value;key=value, found \"k\""),
    (rows + "1,,1,\"k\n", "x:4: a quote that is not closed"),
    (
      top + "# adapter billing\narrival:s,adapters:set\n0,biling\n",
      "x:4: unknown adapter \"biling\" (did you mean \"billing\"?)"
    ),
  ]

  @Test(arguments: mistakes)
  func mistakesAreNamedWithTheirLine(_ text: String, _ message: String) throws {
    let found = try failure(reading: text)
    #expect(found?.hasPrefix(message) == true, "\(found ?? "read")")
  }
}

struct BinaryTraceTests {
  private func bytes(of trace: Trace) throws -> [UInt8] {
    let folder = try TemporaryFolder()
    try TraceWriter.write(trace, to: folder.file("a.pwt"))
    return Array(try #require(FileManager.default.contents(atPath: folder.file("a.pwt"))))
  }

  private func refusal(_ bytes: [UInt8]) -> String? {
    do {
      _ = try TraceReader.read(bytes, named: "x", format: .binary)
      return nil
    } catch { return "\(error)" }
  }

  @Test func everyTruncationIsNoticed() throws {
    let whole = try bytes(of: RandomTrace.make(seed: 3))
    for length in 0..<whole.count { #expect(refusal(Array(whole.prefix(length))) != nil) }
    #expect(
      refusal(whole + [0]) == "x: the trace is followed by something else at byte \(whole.count)")
  }

  @Test func everyChangeOfHeaderAndTablesIsNoticed() throws {
    let trace = try RandomTrace.make(seed: 3)
    let whole = try bytes(of: trace)
    let header = BinaryTrace.Header(rowCount: trace.count)
    for position in Array(0..<BinaryTrace.headerSize) + Array(header.tablesOffset..<whole.count) {
      var changed = whole
      changed[position] ^= 4
      #expect(refusal(changed) != nil, "byte \(position)")
    }
  }

  @Test func columnsThatBreakAPromiseAreNamedByRow() throws {
    var builder = TraceBuilder(name: "x")
    for time in 0..<3 as Range<Int64> { builder.append(TraceBuilder.Row(arrival: time)) }
    let whole = try bytes(of: builder.finish())
    let header = BinaryTrace.Header(rowCount: 3)
    func refusal(_ column: Int, row: Int, _ value: [UInt8]) -> String? {
      var changed = whole
      let offset = header.columnOffsets[column] + row * value.count
      changed.replaceSubrange(offset..<offset + value.count, with: value)
      return self.refusal(changed)
    }
    let minusOne32: [UInt8] = [255, 255, 255, 255]
    #expect(refusal(0, row: 0, minusOne32 + minusOne32)?.hasPrefix("x: request 0: arrival") == true)
    #expect(
      refusal(0, row: 1, [9, 0, 0, 0, 0, 0, 0, 0])?.hasPrefix("x: request 2: arrival") == true)
    #expect(refusal(1, row: 2, [1, 0, 0, 0]) == "x: request 2: adapters 1 is out of range")
    #expect(refusal(2, row: 1, minusOne32) == "x: request 1: prompt_tokens -1 is out of range")
    #expect(refusal(4, row: 1, [1, 0, 0, 0]) == "x: request 1: tenant 1 is out of range")
    #expect(refusal(5, row: 1, minusOne32) == "x: request 1: session -1 is out of range")
    #expect(refusal(6, row: 1, minusOne32) == nil)
    #expect(refusal(7, row: 0, [1, 0, 0, 0]) == "x: request 0: metadata 1 is out of range")
  }

  @Test func columnsAreTheMappedFile() throws {
    let folder = try TemporaryFolder()
    try TraceWriter.write(RandomTrace.make(seed: 12), to: folder.file("a.pwt"))
    let input = try TraceInput(opening: folder.file("a.pwt"))
    let trace = try BinaryTraceReader.read(input)
    let isInside = trace.arrival.withContiguousStorageIfAvailable { column in
      let file = input.bytes.memory
      return UnsafeRawPointer(column.baseAddress!) >= file.baseAddress!
        && UnsafeRawPointer(column.baseAddress!) < file.baseAddress! + file.count
    }
    #expect(trace.count > 0 && isInside == true)
  }

  @Test func rowsCanBeStreamed() throws {
    let folder = try TemporaryFolder()
    for seed in [1, 5, 9] as [UInt64] {
      let trace = try RandomTrace.make(seed: seed)
      var writer = try BinaryTraceWriter(folder.file("a.pwt"), rowCount: trace.count)
      for index in 0..<trace.count { try writer.append(trace.row(index)) }
      try writer.finish(tablesOf: trace)
      expectSame(try TraceReader.read(folder.file("a.pwt")), trace)
    }
  }

  @Test func aStreamThatBreaksItsPromiseLeavesNothing() throws {
    let folder = try TemporaryFolder()
    let tables = try TraceBuilder(name: "x").finish()
    func stream(_ promised: Int, _ rows: [TraceBuilder.Row]) throws {
      var writer = try BinaryTraceWriter(folder.file("a.pwt"), rowCount: promised)
      for row in rows { try writer.append(row) }
      try writer.finish(tablesOf: tables)
    }
    var unknown = TraceBuilder.Row(arrival: 0)
    unknown.tenant = 1
    var negative = TraceBuilder.Row(arrival: 0)
    negative.session = -1
    #expect(throws: PitwallError.self) { try stream(2, [.init(arrival: 0)]) }
    #expect(throws: PitwallError.self) { try stream(1, [.init(arrival: 0), .init(arrival: 0)]) }
    #expect(throws: PitwallError.self) { try stream(2, [.init(arrival: 1), .init(arrival: 0)]) }
    #expect(throws: PitwallError.self) { try stream(1, [unknown]) }
    #expect(throws: PitwallError.self) { try stream(1, [negative]) }
    #expect(throws: PitwallError.self) { try stream(-1, []) }
    #expect(folder.names.isEmpty)
  }
}

extension Trace {
  /// A request as a builder's row.
  func row(_ index: Int) -> TraceBuilder.Row {
    var row = TraceBuilder.Row(arrival: arrival[index])
    row.adapterSet = adapterSet[index]
    row.promptTokens = promptTokens[index]
    row.outputTokens = outputTokens[index]
    row.tenant = tenant[index]
    row.session = session[index]
    row.priority = priority[index]
    row.metadata = metadata[index]
    return row
  }
}

import CacheReplay
import Foundation
import Orchestration
import Primitives
import Testing
import Workload

@Suite struct ObjectTraceTests {
  @Test func objectsAreNumberedInTheOrderInWhichTheyCome() throws {
    let requests = Requests(30_000, objects: 20_000, seed: 1)
    let trace = try requests.trace()
    var known: [UInt64: AdapterID] = [:]
    var keys: [UInt64] = []
    for (index, record) in requests.records.enumerated() {
      let object = known[record.key] ?? AdapterID(keys.count)
      if known[record.key] == nil { keys.append(record.key) }
      known[record.key] = object
      #expect(trace.objects[index] == object)
      #expect(trace.bytes[Int(object)] == Bytes(record.bytes))
      #expect(trace.times?[index] == Nanoseconds(record.seconds) * 1_000_000_000)
    }
    #expect(trace.keys == keys)
    #expect(trace.resized == 0)
  }

  @Test func keysThatAreAlikeAreKeptApart() throws {
    var requests = Requests(0, objects: 1, seed: 1)
    for round in 0..<2 {
      for shift in 0..<64 {
        requests.records.append((UInt32(round), 1 << UInt64(shift), 1))
        requests.records.append((UInt32(round), UInt64(shift) << 12, 1))
      }
    }
    let trace = try requests.trace()
    let distinct = Set(requests.records.map(\.key))
    #expect(trace.keys.count == distinct.count)
    for (object, record) in zip(trace.objects, requests.records) {
      #expect(trace.keys[Int(object)] == record.key)
    }
  }

  @Test func aSizeThatChangesCountsAsItWasFirst() throws {
    var requests = Requests(0, objects: 1, seed: 1)
    requests.records = [(0, 7, 10), (1, 7, 20), (2, 8, 5), (3, 7, 10), (4, 7, 30)]
    let trace = try requests.trace()
    #expect(trace.bytes == [10, 5])
    #expect(trace.resized == 2)
  }

  @Test(arguments: [1, 23, 25, 47]) func partsOfRecordsAreRefused(_ count: Int) {
    #expect {
      try ObjectTrace(oracleGeneral: Array(repeating: 1, count: count), name: "cut.bin")
    } throws: { error in
      let error = error as? PitwallError
      return error?.code == .data && error?.place == "cut.bin"
    }
  }

  @Test func aRecordWithoutSizeIsRefusedWithItsPlace() {
    var requests = Requests(0, objects: 1, seed: 1)
    requests.records = [(0, 7, 10), (1, 9, 0)]
    #expect {
      try requests.trace()
    } throws: { error in
      let error = error as? PitwallError
      return error?.code == .data && "\(error?.message ?? "")".contains("record 1: object 9")
    }
  }

  @Test func anEmptyFileIsAnEmptyTrace() throws {
    let trace = try ObjectTrace(oracleGeneral: [], name: "empty")
    #expect(trace.count == 0)
    #expect(trace.workingSet == 0)
  }

  @Test func adaptersOfATraceAreObjects() throws {
    let file = """
      t,who,in,out
      1,a,1,1
      2,,1,1
      2,12,1,1
      4,a,1,1

      """
    let requests = try TraceReader.read(
      Array(file.utf8), named: "t.csv", format: .csv,
      options: Parameters("csv", [.init("arrival", "t"), .init("adapters", "who")]))
    let trace = try ObjectTrace(requests, cost: LoadCost(latency: 5, bandwidth: 1e9))
    #expect(trace.objects == [0, 1, 0])
    #expect(trace.unsized == 2)
    #expect(trace.bytes == [1, 1])
    #expect(trace.keys == [RandomStream.hash("a"), 12])
    #expect(trace.loadCost == [6, 6])
  }
}

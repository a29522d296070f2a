import Inference
import Primitives
import Testing

/// The verification passes, and finds whatever is planted.
@Suite struct VerificationTests {
  private func run(requests: Int, fault: EngineFault?) throws -> Verification.Result {
    let checkpoint = try Checkpoint.open(Fixtures.path("tiny/tiny-tied"))
    return try Fixtures.withFolder { folder in
      let adapters = try (0..<12).map { number in
        try (0..<2).map { version in
          let rank = [4, 8, 16, 32][number % 4]
          let synthesis = AdapterSynthesis(
            rank: rank, alpha: Double(rank),
            projections: number % 2 == 0 ? [.query, .value] : Set(Projection.allCases), strength: 1,
            seed: UInt64(version))
          let path = "\(folder)/\(number)-\(version)"
          try synthesis.make(number: UInt64(number), for: checkpoint.configuration).write(
            to: path, as: number % 3 == 0 ? .bf16 : .f16)
          return try LoRAAdapter.open(path, for: checkpoint.configuration)
        }
      }
      var configuration = EngineConfiguration()
      configuration.workers = 2
      return try Verification(requests: requests, seed: 3, fault: fault).run(
        checkpoint, adapters: adapters, configuration: configuration)
    }
  }

  @Test func requestsInAnyCompanyGiveWhatTheyGiveAlone() throws {
    let result = try run(requests: 150, fault: nil)
    #expect(result.passes, "\(result.differences.prefix(3))")
    #expect(result.requests == 150)
    #expect(result.evictions > 10 && result.changes > 5 && result.merges > 0)
  }

  @Test func aShortContextIsNamed() throws {
    try Fixtures.withFolder { folder in
      var shape = AdapterFixtures.model
      shape.maxContext = 35
      try RandomModel(configuration: shape, seed: 1).write(to: folder + "/model")
      let checkpoint = try Checkpoint.open(folder + "/model")
      let adapter = try LoRAAdapter.open(AdapterFixtures.path("a-r4-qv"), for: shape)
      let error = #expect(throws: PitwallError.self) {
        _ = try Verification(requests: 1).run(
          checkpoint, adapters: [[adapter]], configuration: EngineConfiguration())
      }
      #expect(error?.code == .usage && error?.place == folder + "/model")
      #expect(error?.message.contains("context is 35") == true)
    }
  }

  @Test(arguments: EngineFault.allCases)
  func plantedFaultsAreFound(_ fault: EngineFault) throws {
    #expect(try !run(requests: 150, fault: fault).passes)
  }
}

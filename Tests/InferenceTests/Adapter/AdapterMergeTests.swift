import Foundation
import Primitives
import Testing

@testable import Inference

struct AdapterMergeTests {
  private func open(_ names: [String]) throws -> [LoRAAdapter] {
    try names.map { try LoRAAdapter.open(AdapterFixtures.path($0), for: AdapterFixtures.model) }
  }

  private func merge(_ fixture: MergeFixture.Case) throws -> AdapterMerge {
    AdapterMerge(
      kind: try #require(AdapterMerge.Kind(rawValue: fixture.combination)),
      weights: fixture.weights, density: fixture.density ?? 1,
      majoritySign: try fixture.majority.map {
        try #require(AdapterMerge.MajoritySign(rawValue: $0))
      } ?? .total,
      rank: fixture.svdRank)
  }

  @Test func everyKindHasACase() {
    #expect(MergeFixture.cases.count == 15)
    #expect(
      Set(MergeFixture.cases.map(\.combination)) == Set(AdapterMerge.Kind.allCases.map(\.rawValue)))
  }

  @Test(arguments: MergeFixture.cases)
  func asPEFTMerges(_ fixture: MergeFixture.Case) throws {
    let expected = try MergeFixture()
    let merge = try merge(fixture)
    let merged = try merge.merge(open(fixture.adapters)) {
      expected.mask(fixture.name, $0, of: fixture.adapters.count)
    }
    #expect(merged.configuration.rank == fixture.rank)
    #expect(merged.configuration.alpha == fixture.alpha)
    #expect(merged.configuration.usesRSLoRA == fixture.usesRSLoRA)
    // Through a file, as the engine gets it.
    try Fixtures.withFolder { folder in
      try merged.write(to: folder)
      let adapter = try LoRAAdapter.open(folder, for: AdapterFixtures.model)
      #expect(adapter.updates.count == fixture.targets.count * AdapterFixtures.model.layers)
      for site in MergeFixture.sites {
        let update = try #require(adapter.updates[site])
        let name = "\(fixture.name)/\(site.module)"
        let delta = try #require(expected.matrix("\(name)/delta"))
        #expect(distance(update.delta(), delta) <= (merge.kind.usesSVD ? 5e-5 : 1e-5))
        guard let a = expected.matrix("\(name)/A"), let b = expected.matrix("\(name)/B") else {
          #expect(merge.kind.usesSVD)
          continue
        }
        #expect(distance(DenseMatrix(update.a), a) <= 1e-6)
        #expect(distance(DenseMatrix(update.b), b) <= 1e-6)
      }
    }
  }

  @Test(arguments: AdapterFixtures.names)
  func foldedWeightsAreThoseOfPEFT(_ name: String) throws {
    let expected = try MergeFixture()
    let model = try SafeTensorsFile(path: Fixtures.path("tiny/tiny-tied/model.safetensors"))
    let adapter = try #require(open([name]).first)
    for site in MergeFixture.sites {
      var weights = DenseMatrix(try #require(model.tensors["\(site.module).weight"]))
      if let update = adapter.updates[site] { weights += update.delta() }
      let merged = try #require(expected.matrix("merge_and_unload/\(name)/\(site.module)"))
      #expect(distance(weights, merged) <= 1e-6)
    }
  }

  /// Sums of differences are kept exactly by `cat`, and by `svd` of sufficient rank.
  @Test func exactKindsAgree() throws {
    let adapters = try open(["a-r4-qv", "b-r8-all", "e-r2-o-f16"])
    let weights = [0.5, -1.5, 2]
    let cat = try AdapterMerge(kind: .cat, weights: weights).merge(adapters)
    let svd = try AdapterMerge(kind: .svd, weights: weights, rank: 14).merge(adapters)
    #expect(cat.factors.keys == svd.factors.keys)
    for (site, factors) in cat.factors {
      let other = try #require(svd.factors[site])
      #expect(distance(factors.b * factors.a, other.b * other.a) < 2e-5)
      #expect(factors.rank == 14 && other.rank == 14)
    }
  }

  @Test(arguments: AdapterMerge.Kind.allCases)
  func aSingleAdapterIsScaled(_ kind: AdapterMerge.Kind) throws {
    let adapters = try open(["d-r16-all-rslora"])
    let merged = try AdapterMerge(kind: kind, weights: [-0.5], density: 0.3).merge(adapters)
    #expect(merged.configuration.usesRSLoRA && merged.configuration.rank == 16)
    for (site, factors) in merged.factors {
      let update = try #require(adapters[0].updates[site])
      #expect(distance(factors.b * factors.a, update.delta().scaled(by: -0.5)) < 1e-5)
    }
  }

  @Test func dropsDependOnWhatTheyAreFor() {
    let site = LoRASite(layer: 3, projection: .gate)
    func drawn(_ site: LoRASite, _ part: LoRAPart?, _ adapter: Int, seed: UInt64 = 1) -> [Bool] {
      Drops.keptAtRandom(
        Drops.Value(site: site, part: part, adapter: adapter, count: 20_000), density: 0.3,
        seed: seed)
    }
    let first = drawn(site, .a, 0)
    #expect(first == drawn(site, .a, 0))
    for other in [
      drawn(site, .b, 0), drawn(site, nil, 0), drawn(site, .a, 1), drawn(site, .a, 0, seed: 2),
      drawn(LoRASite(layer: 4, projection: .gate), .a, 0),
    ] {
      // Independent: both kept with probability 0.09, give or take five standard deviations.
      let both = zip(first, other).count { $0 && $1 }
      #expect(abs(both - 1_800) < 203)
    }
    // Five standard deviations of a binomial.
    #expect(abs(first.count { $0 } - 6_000) < 325)
  }

  @Test func optionsThatDoNotFitAreRefused() throws {
    let two = try open(["b-r8-all", "c-r8-all"])
    func refused(_ merge: AdapterMerge, _ adapters: [LoRAAdapter], _ code: PitwallError.Code) {
      let error = #expect(throws: PitwallError.self) { _ = try merge.merge(adapters) }
      #expect(error?.code == code)
    }
    refused(AdapterMerge(kind: .cat, weights: [1]), two, .usage)
    refused(AdapterMerge(kind: .cat, weights: []), [], .usage)
    refused(AdapterMerge(kind: .cat, weights: [1, .nan]), two, .usage)
    refused(AdapterMerge(kind: .ties, weights: [1, 1], density: 0), two, .usage)
    refused(AdapterMerge(kind: .ties, weights: [1, 1], density: 1.1), two, .usage)
    refused(AdapterMerge(kind: .svd, weights: [1, 1], rank: 0), two, .usage)
    refused(
      AdapterMerge(kind: .linear, weights: [1, 1]), try open(["a-r4-qv", "b-r8-all"]), .data)
    let steep = try open(["d-r16-all-rslora", "b-r8-all"])
    refused(AdapterMerge(kind: .cat, weights: [3e38, 1]), steep, .data)
  }
}

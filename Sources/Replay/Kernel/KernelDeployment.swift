import Foundation
import Inference
import Orchestration
import Primitives
import Simulation
import Workload

/// An engine's model and the adapters of one trace, on disk and measured: everything that has to be
/// there before an engine is started.
public struct KernelDeployment: Sendable {
  /// What was asked for.
  public let spec: KernelSpec
  /// The PEFT folder of each of the trace's adapters.
  public let folders: [String]
  let checkpoint: Checkpoint
  let room: DeviceRoom
  let maxRank: Int

  /// Opens the model, and makes the adapters that are not in the cache folder yet, with the ranks
  /// that the trace says and the server's rank and projections for the others.
  /// - Throws: `PitwallError`: noInput and data for a model that cannot be read, data for adapters
  ///   that the engine cannot take, inputOutput where the cache cannot be written.
  public init(_ spec: KernelSpec, for trace: Trace, on server: ServerSpec) throws {
    self.spec = spec
    checkpoint = try Checkpoint.open(KernelDeployment.modelPath(spec))
    let model = checkpoint.configuration
    let pageBytes = DevicePool.pageBytes(model, blockTokens: server.kvBlockTokens)
    let cache = AdapterCache(folder: spec.cache, model: model, seed: spec.adapterSeed)
    let projections = Set(Projection.allCases.filter { server.targets.contains($0.name) })
    var folders: [String] = []
    var pages: [Int] = []
    var maxRank = 1
    for (number, entry) in trace.adapters.enumerated() {
      let rank = Int(entry.rank ?? Int32(clamping: server.defaultRank))
      let (folder, adapter) = try cache.adapter(number, rank: rank, projections)
      folders.append(folder)
      pages.append(
        try Inference.Engine.pages(for: adapter, of: model, blockTokens: server.kvBlockTokens))
      maxRank = max(maxRank, adapter.maxRank)
    }
    self.folders = folders
    self.maxRank = maxRank
    let shape = ModelShape(model, name: spec.modelName)
    room = DeviceRoom(
      pages: spec.pages, pageBytes: Bytes(pageBytes), weightBytes: shape.weightBytes,
      adapterPages: pages)
  }

  /// The server as it is with this engine, in whichever world: its model and its room.
  func applied(to server: ServerSpec) -> ServerSpec {
    var server = server
    server.model = ModelShape(checkpoint.configuration, name: spec.modelName)
    server.room = room
    return server
  }

  private static func modelPath(_ spec: KernelSpec) throws -> String {
    switch spec.model {
    case .checkpoint(let path, _): return path
    case .synthetic:
      let path = "\(spec.cache)/\(KernelSpec.synthetic)"
      guard !FileManager.default.fileExists(atPath: path) else { return path }
      try KernelDeployment.makeFolder(spec.cache)
      do {
        try RandomModel(configuration: .small, seed: 1).write(to: path)
      } catch {
        // Another run may have made it meanwhile, whole.
        guard FileManager.default.fileExists(atPath: path) else { throw error }
      }
      return path
    }
  }

  static func makeFolder(_ path: String) throws {
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      throw PitwallError(.inputOutput, at: path, "the folder cannot be made")
    }
  }
}

extension ModelConfiguration {
  /// Small enough that a step takes well under a millisecond.
  fileprivate static let small = ModelConfiguration(
    hiddenSize: 64, layers: 2, heads: 4, keyValueHeads: 2, headSize: 16, feedForwardSize: 128,
    vocabularySize: 512, maxContext: 4096, ropeTheta: 10_000, normEpsilon: 1e-5,
    tiesEmbeddings: true, endTokens: [2])
}

extension ModelShape {
  /// The shape of a model that the kernel engine runs, which computes in 32 bits.
  fileprivate init(_ model: ModelConfiguration, name: String) {
    self.init(
      name: name, layers: model.layers, hidden: model.hiddenSize,
      intermediate: model.feedForwardSize, heads: model.heads, kvHeads: model.keyValueHeads,
      headDimension: model.headSize, vocabulary: model.vocabularySize,
      tiedEmbeddings: model.tiesEmbeddings, bytesPerValue: 4, maxContext: model.maxContext)
  }
}

/// Random adapters for a model, in folders that are made once.
private struct AdapterCache {
  let folder: String
  let model: ModelConfiguration
  let seed: UInt64

  /// An adapter of a number, and its folder.
  func adapter(
    _ number: Int, rank: Int, _ projections: Set<Projection>
  ) throws -> (folder: String, adapter: LoRAAdapter) {
    let synthesis = AdapterSynthesis(rank: rank, projections: projections, seed: seed)
    // What decides its bytes.
    let names = projections.map(\.name).sorted()
    let key = SHA256.hex("1 \(model) \(rank) \(names) \(seed) \(number)").prefix(16)
    let path = "\(folder)/adapter-\(key)"
    if let adapter = try? LoRAAdapter.open(path, for: model) { return (path, adapter) }
    try KernelDeployment.makeFolder(folder)
    do {
      try synthesis.make(number: UInt64(number), for: model).write(to: path, as: .f16)
    } catch let error as PitwallError {
      // Another run may have made it meanwhile, whole.
      guard !FileManager.default.fileExists(atPath: path) else {
        return (path, try LoRAAdapter.open(path, for: model))
      }
      guard error.code == .usage else { throw error }
      throw PitwallError(.data, at: "server", error.message)
    }
    return (path, try LoRAAdapter.open(path, for: model))
  }
}

import Foundation
import Inference
import Primitives

/// The kernel engine as an experiment describes it: a model that is run on this machine, the pool
/// that it has, and what its links are held to.
public struct KernelSpec: Sendable, Equatable {
  /// What is run.
  public enum Model: Sendable, Equatable {
    /// A checkpoint at this path, and what the person called it.
    case checkpoint(path: String, name: String)
    /// A small random one, made in the cache folder: it says nothing sensible, but fast.
    case synthetic
  }

  /// What copies are held to.
  public enum Throttle: String, Sendable, CaseIterable {
    /// They take as long as they take on this machine.
    case none
    /// They take at least as long as on the links of the server's description, which are its
    /// accelerator's unless it says otherwise.
    case accelerator
  }

  /// What is run.
  public var model: Model
  /// Pages of the pool.
  public var pages: Int
  /// How weights are kept.
  public var storage = WeightStorage.widened
  /// Threads that compute; nil for one a core.
  public var workers: Int?
  /// What copies are held to.
  public var throttle = Throttle.accelerator
  /// Folder in which adapters are made, to be found there by the next run.
  public var cache: String
  /// Decides the numbers in the adapters.
  public var adapterSeed: UInt64 = 1

  /// An engine with usual settings.
  public init(model: Model, pages: Int, cache: String) {
    self.model = model
    self.pages = pages
    self.cache = cache
  }

  /// The model's name for people.
  var modelName: String {
    switch model {
    case .checkpoint(_, let name): name
    case .synthetic: KernelSpec.synthetic
    }
  }

  /// The name of the synthetic model in experiment files.
  static let synthetic = "synth"
}

extension KernelSpec {
  /// Reads the `kernel` of an experiment.
  /// - Parameters:
  ///   - folder: that of the experiment's file; paths are relative to it.
  ///   - library: where fetched models lie.
  /// - Throws: `PitwallError` that names file, line, column and key: data for what is wrong, noInput
  ///   for a model that is not there.
  init(_ value: YAMLValue, folder: String, library: ModelLibrary) throws {
    var map = try value.mapping()
    let written = try map.required("model")
    let name = try written.string()
    if name == KernelSpec.synthetic {
      model = .synthetic
    } else {
      let path = RecipeFolders.resolve(name, in: folder)
      do {
        model = .checkpoint(
          path: try FileManager.default.fileExists(atPath: path) ? path : library.resolve(name),
          name: name)
      } catch let error as PitwallError {
        throw PitwallError(error.code, at: written.place, "\(written.path): \(error.description)")
      }
    }
    pages = try map.required("pages").int(in: 2...1 << 24)
    cache = "\(library.folder)/replayed"
    if let value = map.value("cache") {
      cache = RecipeFolders.resolve(try value.string(), in: folder)
    }
    if let value = map.value("storage") { storage = try value.choice() }
    if let value = map.value("workers") { workers = try value.int(in: 1...256) }
    if let value = map.value("throttle") { throttle = try value.choice() }
    if let value = map.value("adapter-seed") {
      adapterSeed = UInt64(try value.int(in: 0...Int.max))
    }
    try map.finish()
  }
}

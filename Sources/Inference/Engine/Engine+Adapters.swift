import Primitives

extension Engine {
  /// Pages that an adapter takes.
  /// - Throws: `PitwallError` (data) for one whose matrices are stored in a way that has no kernels.
  public func pages(for adapter: LoRAAdapter) throws -> Int {
    try Engine.pages(for: adapter, of: model, blockTokens: pool.blockTokens)
  }

  /// Pages that an adapter takes in a pool of blocks of that many tokens.
  /// - Throws: as ``pages(for:)``.
  public static func pages(
    for adapter: LoRAAdapter, of model: ModelConfiguration, blockTokens: Int
  ) throws -> Int {
    let pageBytes = DevicePool.pageBytes(model, blockTokens: blockTokens)
    return try AdapterLayout(adapter, pageBytes: pageBytes).pageCount
  }

  /// Reserves pages for an adapter. Nothing is copied yet; see ``AdapterLoad``.
  /// - Throws: `PitwallError` (usage) for an id that is taken or a rank beyond the engine's,
  ///   (unavailable) where the pool has not enough free pages, (data) for unknown types.
  public func beginLoad(_ adapter: LoRAAdapter, as id: Int) throws -> AdapterLoad {
    guard places[id] == nil else { throw PitwallError(.usage, "adapter \(id) is already loaded") }
    guard adapter.maxRank <= configuration.maxRank else {
      throw PitwallError(
        .usage,
        "\(adapter.name) has rank \(adapter.maxRank), the engine takes \(configuration.maxRank)")
    }
    let layout = try AdapterLayout(adapter, pageBytes: pool.pageBytes)
    guard let pages = pool.take(layout.pageCount) else {
      throw PitwallError(
        .unavailable,
        "\(adapter.name) takes \(layout.pageCount) pages, the pool has \(pool.freePages) free")
    }
    let load = AdapterLoad(adapter, as: id, layout: layout, pages: pages, pool: pool)
    if fault == .staleSlot, !seen.insert(id).inserted { load.skip() }
    return load
  }

  /// Makes a copied adapter usable.
  /// - Throws: `PitwallError` (usage) where copying is not complete or the id has been taken since;
  ///   the pages stay the load's.
  public func finish(_ load: AdapterLoad) throws {
    guard load.isComplete, places[load.id] == nil else {
      throw PitwallError(.usage, "adapter \(load.id) is not complete or loaded already")
    }
    let resident = ResidentAdapter(
      load, pool: pool, layers: model.layers, offset: fault == .wrongOffset ? 32 : 0)
    if let place = freePlaces.popLast() {
      forward.adapters[place] = resident
      places[load.id] = place
    } else {
      places[load.id] = forward.adapters.count
      forward.adapters.append(resident)
    }
  }

  /// Gives back the pages of a load that is not finished.
  public func cancel(_ load: AdapterLoad) { load.pages.forEach(pool.give) }

  /// Loads an adapter at once.
  /// - Throws: as ``beginLoad(_:as:)``.
  public func load(_ adapter: LoRAAdapter, as id: Int) throws {
    let load = try beginLoad(adapter, as: id)
    load.copy()
    try finish(load)
  }

  /// Removes an adapter; its pages are free at once.
  /// - Throws: `PitwallError` (usage) for one that is not loaded or that a sequence uses.
  public func unload(_ id: Int) throws {
    guard let place = places[id], let adapter = forward.adapters[place] else {
      throw PitwallError(.usage, "adapter \(id) is not loaded")
    }
    guard adapter.users == 0, merged?.id != id else {
      throw PitwallError(.usage, "adapter \(id) is in use")
    }
    adapter.pages.forEach(pool.give)
    forward.adapters[place] = nil
    places[id] = nil
    freePlaces.append(place)
  }

  public func isLoaded(_ id: Int) -> Bool { places[id] != nil }
}

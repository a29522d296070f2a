import Primitives

/// Where the matrices of an adapter lie in its pages.
///
/// A is kept as groups of up to 16 ranks, `[in][16]`, or `[in][8]` where at most 8 are left; B as
/// panels of 32 outputs, `[rank][32]`. Each stays in its own 16 or 32 bits of the file. A group or
/// panel lies in one page unless it is larger than a page, and no vector is ever split.
struct AdapterLayout {
  /// A stretch of a group or panel within one page.
  struct Run {
    /// Index among the adapter's pages.
    let page: Int
    /// Bytes from the beginning of the page.
    let offset: Int
    /// First `in` of a group or first rank of a panel.
    let first: Int
    let count: Int
  }

  struct Update {
    let site: LoRASite
    /// How A and B are stored.
    let kinds: (a: PanelKind, b: PanelKind)
    let rank: Int
    let scale: Float
    let columns: Int
    let rows: Int
    /// Runs of each group of A, then of each panel of B.
    let groups: [Range<Int>]
    let panels: [Range<Int>]

    /// Ranks that are kept side by side in a group.
    func width(ofGroup group: Int) -> Int {
      AdapterLayout.groupRanks * (group + 1) - rank >= 8 ? 8 : AdapterLayout.groupRanks
    }
  }

  static let groupRanks = 16

  private(set) var updates: [Update] = []
  private(set) var runs: [Run] = []
  private let pageBytes: Int
  private var page = 0
  private var used = 0

  /// Pages that it takes.
  var pageCount: Int { used == 0 ? page : page + 1 }

  /// - Throws: `PitwallError` (data) for a type that adapters do not have.
  init(_ adapter: LoRAAdapter, pageBytes: Int) throws {
    self.pageBytes = pageBytes
    for site in adapter.sites {
      guard let update = adapter.updates[site] else { continue }
      try add(site, update)
    }
  }

  private static func kind(of tensor: StoredTensor) throws -> (kind: PanelKind, bytes: Int) {
    guard let kind = PanelKind(tensor.type), let bytes = kind.elementBytes else {
      throw PitwallError.data(
        tensor.file.path, "tensor \(tensor.name): adapters have 16 or 32 bits, not \(tensor.type)")
    }
    return (kind, bytes)
  }

  private mutating func add(_ site: LoRASite, _ update: LoRAUpdate) throws {
    let (a, b) = (try AdapterLayout.kind(of: update.a), try AdapterLayout.kind(of: update.b))
    let columns = update.a.columns
    var groups: [Range<Int>] = []
    for first in stride(from: 0, to: update.rank, by: AdapterLayout.groupRanks) {
      let width = update.rank - first <= 8 ? 8 : AdapterLayout.groupRanks
      groups.append(place(count: columns, bytes: width * a.bytes))
    }
    let panels = (0..<(update.b.rows + PanelMatrix.panelRows - 1) / PanelMatrix.panelRows).map {
      _ in place(count: update.rank, bytes: PanelMatrix.panelRows * b.bytes)
    }
    updates.append(
      Update(
        site: site, kinds: (a.kind, b.kind), rank: update.rank, scale: update.scale,
        columns: columns,
        rows: update.b.rows, groups: groups, panels: panels))
  }

  /// Places `count` vectors of `bytes` each, together if a page can hold them.
  private mutating func place(count: Int, bytes: Int) -> Range<Int> {
    let first = runs.count
    if count * bytes <= pageBytes && used + count * bytes > pageBytes { turnPage() }
    var placed = 0
    while placed < count {
      if used + bytes > pageBytes { turnPage() }
      let fits = min(count - placed, (pageBytes - used) / bytes)
      runs.append(Run(page: page, offset: used, first: placed, count: fits))
      placed += fits
      used += fits * bytes
    }
    return first..<runs.count
  }

  private mutating func turnPage() {
    page += 1
    used = 0
  }
}

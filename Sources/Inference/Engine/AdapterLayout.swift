import Primitives

/// Where the matrices of an adapter lie in its pages.
///
/// A is kept as groups of up to 16 ranks, `[in][16]`, or `[in][8]` where at most 8 are left; B as
/// panels of 32 outputs, `[rank][32]`. Both stay in the file's 16 or 32 bits. A group or panel lies
/// in one page unless it is larger than a page, and no vector is ever split.
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
    let kind: PanelKind
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
      guard update.a.type == update.b.type, let kind = PanelKind(update.a.type),
        let bytes = kind.elementBytes
      else {
        throw PitwallError.data(
          update.a.file.path, "tensor \(update.a.name): A and B must have one type of 16 or 32 bits"
        )
      }
      add(site, update, kind: kind, elementBytes: bytes)
    }
  }

  private mutating func add(
    _ site: LoRASite, _ update: LoRAUpdate, kind: PanelKind, elementBytes: Int
  ) {
    let columns = update.a.columns
    var groups: [Range<Int>] = []
    for first in stride(from: 0, to: update.rank, by: AdapterLayout.groupRanks) {
      let width = update.rank - first <= 8 ? 8 : AdapterLayout.groupRanks
      groups.append(place(count: columns, bytes: width * elementBytes))
    }
    let panels = (0..<(update.b.rows + PanelMatrix.panelRows - 1) / PanelMatrix.panelRows).map {
      _ in place(count: update.rank, bytes: PanelMatrix.panelRows * elementBytes)
    }
    updates.append(
      Update(
        site: site, kind: kind, rank: update.rank, scale: update.scale, columns: columns,
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

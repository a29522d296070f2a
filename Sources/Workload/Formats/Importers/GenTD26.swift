import Primitives

/// GenTD26 (Y. Lin et al., SoCC'25), the request trace with LoRA ids: a diffusion service, so that
/// there are no token lengths.
///
/// - Arrival is `t_s`, in steps of a second; where it is empty (the untimed part), requests are put
///   one second apart in the order of rows, and the column is marked as assigned.
/// - Adapters are `lora_ids` with `lora_scales` as weights; rows without go to the base model. An
///   adapter's base model is that of the first row which uses it.
/// - Tenant is `group`, and all requests of a tenant are one session. The untimed part has no
///   groups: there it is one session of an unknown tenant.
/// - Metadata are `base_model` and `predict_type`.
struct GenTD26Importer: TraceImporter {
  static let summary = "GenTD26 request trace with LoRA ids (timed or untimed)"
  static let options = [
    ImportOption("keep-base-rows", "true (default) or false: keep requests without a LoRA"),
    ImportOption("status", "all (default) or succeed: requests of which outcome"),
  ]

  private enum Status: String, CaseIterable { case all, succeed }

  private static let columns = [
    "t_s", "group", "predict_type", "status", "base_model", "lora_ids", "lora_scales",
  ]

  private let keepsBaseRows: Bool
  private let status: Status

  init(_ options: inout Parameters) throws {
    keepsBaseRows = try options.bool("keep-base-rows", default: true)
    status = try options.choice("status", default: .all)
  }

  func read(_ input: TraceInput) throws -> Trace {
    var records = try CSVRecords(TextSource(input), wanted: Self.columns)
    for (index, name) in Self.columns.enumerated() where !records.has(index) {
      throw PitwallError.data(
        input.name, line: 1,
        "column \(name) is missing" + Suggestion.hint(for: name, in: records.names))
    }
    var builder = TraceBuilder(name: input.stem)
    var isTimed: Bool?
    while try records.next() {
      let fields = Self.columns.indices.map { records.string($0) }
      let (time, group, kind, outcome) = (fields[0], fields[1], fields[2], fields[3])
      let (base, ids, scales) = (fields[4], fields[5], fields[6])
      guard isTimed ?? !time.isEmpty == !time.isEmpty else {
        throw records.failure("t_s is there in some rows only")
      }
      isTimed = !time.isEmpty
      if ids.isEmpty && !keepsBaseRows { continue }
      if status == .succeed && !outcome.isEmpty && outcome != "SUCCEED" { continue }
      var row = TraceBuilder.Row(
        arrival: time.isEmpty
          ? Nanoseconds(builder.count) * 1_000_000_000 : try records.seconds(0, "t_s"))
      row.adapterSet = try adapterSet(ids, scales, base: base, &builder, records)
      row.tenant = builder.internTenant(group)
      row.session = builder.internSession(group)
      row.metadata = builder.internMetadata([
        MetadataField("base_model", base), MetadataField("predict_type", kind),
      ])
      builder.append(row)
    }
    builder.origins = origins(isTimed: isTimed ?? true)
    return try builder.finish()
  }

  private func adapterSet(
    _ ids: String, _ scales: String, base: String, _ builder: inout TraceBuilder,
    _ records: CSVRecords
  ) throws -> Int32 {
    guard !ids.isEmpty else { return 0 }
    let names = ids.pieces(between: ";")
    let weights = scales.pieces(between: ";").map { Float($0) }
    guard names.count == weights.count else {
      throw records.failure("\(names.count) lora_ids but \(weights.count) lora_scales")
    }
    var set = AdapterSet([])
    for (name, weight) in zip(names, weights) {
      guard let weight, weight.isFinite, !name.isEmpty else {
        throw records.failure("lora_ids \"\(ids)\" with scales \"\(scales)\": malformed")
      }
      let known = builder.adapters.count
      let adapter = builder.internAdapter(name)
      if builder.adapters.count > known && !base.isEmpty {
        builder.adapters[Int(adapter)].baseModel = base
      }
      set.members.append(adapter)
      set.weights.append(weight)
    }
    return builder.internSet(set)
  }

  private func origins(isTimed: Bool) -> [ColumnName: Origin] {
    let source = "GenTD26"
    return [
      .arrival: isTimed
        ? Origin(.recorded, "\(source), 1 s steps")
        : Origin(.assigned, "\(source) untimed: one request a second in the order of rows"),
      .adapters: Origin(.recorded, source),
      .promptTokens: .absentTokens,
      .outputTokens: .absentTokens,
      .tenant: isTimed
        ? Origin(.recorded, "\(source) group") : Origin(.assigned, "absent: unknown"),
      .session: Origin(.assigned, "a tenant is a session"),
      .metadata: Origin(.recorded, source),
    ]
  }
}

extension CSVRecords {
  /// A field as text, empty if it is missing.
  func string(_ column: Int) -> String {
    switch value(column) {
    case .piece(let range): text.string(range)
    case .decoded(let text): text
    case .missing, .list: ""
    }
  }

  /// A field as a time in seconds, not negative, to the nanosecond.
  func seconds(_ column: Int, _ name: String) throws -> Nanoseconds {
    guard case .piece(let range) = value(column),
      let time = ScannedNumber(text, range)?.scaled(by: 9)?.value, time >= 0
    else {
      throw failure("\(name): expected a time in seconds, found \"\(string(column))\"")
    }
    return time
  }

  /// A field as a finite number.
  func double(_ column: Int, _ name: String) throws -> Double {
    guard case .piece(let range) = value(column), let number = text.double(range) else {
      throw failure("\(name): expected a number, found \"\(string(column))\"")
    }
    return number
  }

  /// An error about the record that was read.
  func failure(_ message: String) -> PitwallError { .data(text.file, line: line, message) }
}

import Primitives

/// Pitwall's own text format, version 1: a comment block that says where everything came from, a
/// typed header, one row for each request.
///
///     # pitwall-trace 1
///     # name: chat, one afternoon
///     # column arrival: recorded (gateway log)
///     # column prompt_tokens: assigned (Azure LLM 2023 conv, seed 3)
///     # adapter billing-v2 base=Llama-2-7b rank=16 bytes=33554432
///     ## a remark, for people only
///     arrival:s,adapters:set,prompt_tokens:int,output_tokens:int,tenant:text,metadata:map
///     0,billing-v2,374,44,acme,lang=en
///     0.125,billing-v2*0.8;tone-formal*0.5,396,109,acme,
///
/// - The first line names the format and its version. Lines of the block begin with `# ` and a
///   keyword: `name`, `column`, `adapter`, and `tenant`, `set`, `metadata`.
/// - `adapter` lines list the catalogue in order. Where there is at least one, rows may name no
///   others; where there is none, adapters are numbered as they appear.
/// - `tenant`, `set` and `metadata` lines list entries of these tables in order; a writer adds them
///   only where the order is not that of first appearance.
/// - `arrival` is the one column that is required; its type is its unit: `s`, `ms`, `us` or `ns`,
///   decimals allowed. Rows are in order of arrival. Columns left out hold the default (0, empty).
/// - A set is `name*weight;name`, a weight of 1 left out, empty for the base model alone. A map is
///   `key=value;key=value`. Punctuation and spaces inside names are written `%XX`.
/// - Text fields are quoted as in RFC 4180. The text is UTF-8, plain or gzip.
enum PitwallCSV {
  /// What the first line begins with.
  static let magic = "# pitwall-trace "
  /// The version that is read and written.
  static let version = 1

  /// A column's name and type in the header.
  static func heading(_ column: ColumnName) -> String {
    switch column {
    case .arrival: "arrival:s"
    case .adapters: "adapters:set"
    case .promptTokens, .outputTokens, .session, .priority: column.rawValue + ":int"
    case .tenant: "tenant:text"
    case .metadata: "metadata:map"
    }
  }

  /// Types of the arrival column, and the power of ten that makes nanoseconds of them.
  static let timeUnits: [(name: String, power: Int)] = [("s", 9), ("ms", 6), ("us", 3), ("ns", 0)]

  // MARK: Sets

  /// A set as text.
  static func text(of set: AdapterSet, in adapters: [AdapterEntry]) -> String {
    zip(set.members, set.weights).map { member, weight in
      let name = PercentEncoding.encode(adapters[Int(member)].name)
      return weight == 1 ? name : "\(name)*\(weight)"
    }.joined(separator: ";")
  }

  /// Names and weights of a set; nil if it is malformed or names an adapter twice.
  static func set(from text: String) -> [(name: String, weight: Float)]? {
    guard !text.isEmpty else { return [] }
    var members: [(name: String, weight: Float)] = []
    for piece in text.pieces(between: ";") {
      let parts = piece.pieces(between: "*")
      let weight = parts.count == 1 ? 1 : Float(parts[1])
      guard parts.count <= 2, let name = PercentEncoding.decode(parts[0]), !name.isEmpty,
        let weight, weight.isFinite, !members.contains(where: { $0.name == name })
      else { return nil }
      members.append((name, weight))
    }
    return members
  }

  // MARK: Metadata

  /// Metadata as text.
  static func text(of fields: [MetadataField]) -> String {
    fields.map { "\(PercentEncoding.encode($0.key))=\(PercentEncoding.encode($0.value))" }
      .joined(separator: ";")
  }

  /// The fields of a map; nil if it is malformed.
  static func metadata(from text: String) -> [MetadataField]? {
    guard !text.isEmpty else { return [] }
    var fields: [MetadataField] = []
    for piece in text.pieces(between: ";") {
      let parts = piece.pieces(between: "=")
      guard parts.count == 2, let key = PercentEncoding.decode(parts[0]),
        let value = PercentEncoding.decode(parts[1])
      else { return nil }
      fields.append(MetadataField(key, value))
    }
    return fields
  }
}

import Primitives

/// The formats of request traces that Pitwall reads.
public enum TraceFormat: String, Sendable, CaseIterable {
  /// Pitwall's own CSV, plain or gzip.
  case pitwall
  /// Pitwall's binary form.
  case binary
  /// Alibaba's GenTD26 request trace with LoRA ids.
  case gentd26
  /// Azure LLM inference trace 2023.
  case azure
  /// The LMSYS Chatbot Arena trace of S-LoRA and VTC.
  case lmsys
  /// ServeGen's client windows.
  case servegen
  /// libCacheSim's oracleGeneral.
  case oracleGeneral = "oracle-general"
  /// Any CSV, with a column mapping.
  case csv
  /// Any JSONL, with a column mapping.
  case jsonl
  /// An access log of an OpenAI-compatible server, as JSONL.
  case openaiLog = "openai-log"
  /// Mooncake's JSONL.
  case mooncake

  /// One line about the format.
  public var summary: String { importer.summary }

  /// The options that reading it takes, as `key` and what it does.
  public var options: [(key: String, help: String)] {
    importer.options.map { ($0.key, $0.help) }
  }

  /// Who reads it.
  var importer: any TraceImporter.Type {
    switch self {
    case .pitwall: PitwallCSVImporter.self
    case .binary: BinaryImporter.self
    case .gentd26: GenTD26Importer.self
    case .azure: AzureImporter.self
    case .lmsys: LMSYSImporter.self
    case .servegen: ServeGenImporter.self
    case .oracleGeneral: OracleGeneralImporter.self
    case .csv: CSVImporter.self
    case .jsonl: JSONLImporter.self
    case .openaiLog: OpenAILogImporter.self
    case .mooncake: MooncakeImporter.self
    }
  }
}

extension TraceFormat {
  /// The format of an input, from its first bytes and its name.
  /// - Throws: `PitwallError` (data) if it is none that can be told without being named.
  static func detect(_ input: TraceInput) throws -> TraceFormat {
    guard input.bytes.count > 0 else { throw PitwallError.data(input.name, "is empty") }
    if input.bytes.starts(with: BinaryTrace.magic) { return .binary }
    if input.name.contains("oracleGeneral") { return .oracleGeneral }
    let line = firstLine(input)
    if line.hasPrefix(PitwallCSV.magic) { return .pitwall }
    let columns = line.pieces(between: ",")
    func has(_ names: String...) -> Bool { names.allSatisfy(columns.contains) }
    if has("lora_ids", "lora_scales", "num_lora") { return .gentd26 }
    if has("TIMESTAMP", "ContextTokens", "GeneratedTokens") { return .azure }
    if has("t_s", "adapter", "prompt_len_tok", "output_len_tok") { return .lmsys }
    if has("window_start_s", "client", "rate_rps") { return .servegen }
    if line.hasPrefix("{") {
      if line.contains("\"input_length\"") && line.contains("\"timestamp\"") { return .mooncake }
      if line.contains("\"model\"") { return .openaiLog }
    }
    throw PitwallError.data(
      input.name,
      "cannot tell the format; name it (known: "
        + TraceFormat.allCases.map(\.rawValue).joined(separator: ", ") + ")")
  }

  /// As much of the first line as is needed to know a format by.
  private static func firstLine(_ input: TraceInput) -> String {
    let start = unsafe Array(input.bytes.memory.prefix(4096))
    let line = start.prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
    let mark: [UInt8] = [0xef, 0xbb, 0xbf]
    return String(decoding: line.starts(with: mark) ? line.dropFirst(3) : line, as: UTF8.self)
  }
}

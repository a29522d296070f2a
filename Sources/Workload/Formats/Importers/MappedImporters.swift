import Primitives

/// Reads a CSV by a mapping.
private func readCSV(
  _ input: TraceInput, _ mapping: ColumnMapping, delimiter: UInt8 = UInt8(ascii: ",")
) throws -> Trace {
  let slots = RecordImport<CSVRecords>.Slots(mapping)
  let records = try CSVRecords(TextSource(input), wanted: slots.wanted, delimiter: delimiter)
  for group in slots.groups where !group.isEmpty && !group.contains(where: records.has) {
    let name = group.map { slots.wanted[$0] }.joined(separator: " or ")
    throw PitwallError.data(
      input.name, line: 1,
      "column \(name) is missing" + Suggestion.hint(for: name, in: records.names))
  }
  var work = RecordImport(records, slots: slots, mapping: mapping, name: input.stem)
  return try work.trace()
}

/// Reads JSONL by a mapping.
private func readJSONL(_ input: TraceInput, _ mapping: ColumnMapping) throws -> Trace {
  let slots = RecordImport<JSONRecords>.Slots(mapping)
  let records = JSONRecords(try TextSource(input), wanted: slots.wanted)
  var work = RecordImport(records, slots: slots, mapping: mapping, name: input.stem)
  return try work.trace()
}

/// Any CSV with a header.
struct CSVImporter: TraceImporter {
  static let summary = "any CSV with a header; --map says which column is what"
  static let options =
    ColumnMapping.options + [ImportOption("delimiter", "between fields: , (default), ;, |, tab")]
  private var mapping = ColumnMapping()
  private let delimiter: UInt8

  init(_ options: inout Parameters) throws {
    mapping.source = "CSV"
    try mapping.apply(&options)
    let text = options.string("delimiter", default: ",")
    guard let byte = text == "tab" ? 0x09 : text.utf8.first, text.utf8.count == 1 || text == "tab",
      byte < 0x80, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\n")
    else { throw options.invalid("delimiter", "expected one ASCII character or tab") }
    delimiter = byte
  }

  func read(_ input: TraceInput) throws -> Trace {
    try readCSV(input, mapping, delimiter: delimiter)
  }
}

/// Any JSONL of objects.
struct JSONLImporter: TraceImporter {
  static let summary = "any JSONL; --map says which member is what (a.b steps into objects)"
  static let options = ColumnMapping.options
  private var mapping = ColumnMapping()

  init(_ options: inout Parameters) throws {
    mapping.source = "JSONL"
    try mapping.apply(&options)
  }

  func read(_ input: TraceInput) throws -> Trace { try readJSONL(input, mapping) }
}

/// Azure LLM inference trace 2023 (P. Patel et al., "Splitwise", ISCA'24): invocation times to
/// 100 ns, prompt and output lengths; no adapters, no tenants.
struct AzureImporter: TraceImporter {
  static let summary = "Azure LLM inference trace 2023 (code, conv)"
  static let options: [ImportOption] = []

  init(_ options: inout Parameters) {}

  func read(_ input: TraceInput) throws -> Trace {
    var mapping = ColumnMapping()
    mapping.arrival = "TIMESTAMP"
    mapping.unit = .iso
    mapping.promptTokens = "ContextTokens"
    mapping.outputTokens = "GeneratedTokens"
    mapping.source = "Azure LLM inference trace 2023"
    return try readCSV(input, mapping)
  }
}

/// The LMSYS Chatbot Arena trace as VTC (Y. Sheng et al., OSDI'24) replays it: each Arena model is
/// an adapter, its rank is in its name, times are rescaled upstream.
struct LMSYSImporter: TraceImporter {
  static let summary = "LMSYS Chatbot Arena, models as adapters (VTC artifact)"
  static let options: [ImportOption] = []

  init(_ options: inout Parameters) {}

  func read(_ input: TraceInput) throws -> Trace {
    var mapping = ColumnMapping()
    mapping.arrival = "t_s"
    mapping.adapters = "adapter"
    mapping.promptTokens = "prompt_len_tok"
    mapping.outputTokens = "output_len_tok"
    mapping.readsRankFromName = true
    mapping.source = "LMSYS Chatbot Arena (VTC artifact); times rescaled upstream"
    return try readCSV(input, mapping)
  }
}

/// Mooncake's trace (R. Qin et al., "Mooncake", FAST'25): arrival in milliseconds, lengths, and
/// `hash_ids` of prefix blocks, which a trace has no column for. `session_id` and `priority` are
/// taken where a file has them.
struct MooncakeImporter: TraceImporter {
  static let summary = "Mooncake JSONL (timestamp in ms, input_length, output_length)"
  static let options: [ImportOption] = []

  init(_ options: inout Parameters) {}

  func read(_ input: TraceInput) throws -> Trace {
    var mapping = ColumnMapping()
    mapping.arrival = "timestamp"
    mapping.unit = .ms
    mapping.promptTokens = "input_length"
    mapping.outputTokens = "output_length"
    mapping.session = "session_id"
    mapping.priority = "priority"
    mapping.optional = ["session_id", "priority"]
    mapping.source = "Mooncake"
    return try readJSONL(input, mapping)
  }
}

/// Access logs of OpenAI-compatible servers and gateways: one JSON object for each request, in the
/// spellings that vLLM front ends, LiteLLM and home-made proxies use. What a spelling is not known
/// for can be mapped (`tenant=my_key`).
///
/// `model` names an adapter, as it does for vLLM; `base=NAME` says which models are the base.
struct OpenAILogImporter: TraceImporter {
  static let summary = "access log of an OpenAI-compatible server, JSONL"
  static let options = ColumnMapping.options
  private var mapping = ColumnMapping()

  init(_ options: inout Parameters) throws {
    mapping.arrival = "time|timestamp|ts|created|created_at|start_time|startTime|request_time"
    mapping.unit = .auto
    mapping.adapters = "adapter_id|adapter|lora|lora_name|model|request.model|response.model"
    mapping.promptTokens =
      "usage.prompt_tokens|usage.input_tokens|prompt_tokens|input_tokens"
      + "|response.usage.prompt_tokens|response.usage.input_tokens"
    mapping.outputTokens =
      "usage.completion_tokens|usage.output_tokens|completion_tokens|output_tokens"
      + "|response.usage.completion_tokens|response.usage.output_tokens"
    mapping.tenant = "user|user_id|tenant|team_id|organization|api_key_id|request.user"
    mapping.session = "session_id|conversation_id|thread_id|metadata.session_id"
    let columns = [
      mapping.adapters, mapping.promptTokens, mapping.outputTokens, mapping.tenant, mapping.session,
    ]
    mapping.optional = Set(columns.compactMap { $0 })
    mapping.source = "access log"
    try mapping.apply(&options)
  }

  func read(_ input: TraceInput) throws -> Trace { try readJSONL(input, mapping) }
}

import Glibc
import Primitives

extension Checkpoint {
  /// Opens a GGUF file, or a Hugging Face folder with `config.json` and `model.safetensors` (whole,
  /// or in parts by `model.safetensors.index.json`). A safetensors file stands for its folder.
  /// - Throws: `PitwallError` (noInput, data).
  public static func open(_ path: String) throws -> Checkpoint {
    if isFolder(path) { return try open(folder: path) }
    let file = try MappedFile(path: path)
    if GGUFFile.isGGUF(file) { return try open(GGUFFile(file)) }
    guard path.hasSuffix(".safetensors") else {
      throw PitwallError.data(path, "neither a GGUF file nor a Hugging Face folder")
    }
    guard let slash = path.lastIndex(of: "/") else { return try open(folder: ".") }
    return try open(folder: String(path[..<slash]))
  }

  private static func open(_ file: GGUFFile) throws -> Checkpoint {
    guard file.tensors["rope_freqs.weight"] == nil else {
      throw PitwallError.data(
        file.path,
        "rotary factors stored as a tensor (rope_freqs.weight) are not supported; use "
          + "the model's Hugging Face folder")
    }
    var tensors: [String: StoredTensor] = [:]
    for (name, tensor) in file.tensors { tensors[huggingFaceName(gguf: name)] = tensor }
    return try Checkpoint(
      path: file.path, format: .gguf, configuration: ModelConfiguration(file),
      interleavesRotaryRows: file.metadata["general.architecture"]?.string == "llama",
      tensors: tensors)
  }

  /// `blk.0.attn_q.weight` is `model.layers.0.self_attn.q_proj.weight`; names that have no such
  /// counterpart stay as they are.
  static func huggingFaceName(gguf name: String) -> String {
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    if parts.count == 4, parts[0] == "blk", let block = blockNames[String(parts[2])] {
      return "model.layers.\(parts[1]).\(block).\(parts[3])"
    }
    return topNames[name] ?? name
  }

  private static let blockNames = [
    "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj", "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj", "attn_norm": "input_layernorm",
    "ffn_norm": "post_attention_layernorm",
  ]

  private static let topNames = [
    "token_embd.weight": "model.embed_tokens.weight", "output_norm.weight": "model.norm.weight",
    "output.weight": "lm_head.weight",
  ]

  private static func open(folder: String) throws -> Checkpoint {
    let configuration = try ModelConfiguration.read(
      folder: folder, hasGenerationConfig: exists(folder + "/generation_config.json"))
    var tensors = try openTensors(folder: folder)
    // Frequencies that old checkpoints store beside the rule that gives them.
    tensors = tensors.filter { !$0.key.hasSuffix(".rotary_emb.inv_freq") }
    return try Checkpoint(
      path: folder, format: .safeTensors, configuration: configuration,
      interleavesRotaryRows: false, tensors: tensors)
  }

  private static func openTensors(folder: String) throws -> [String: StoredTensor] {
    let whole = folder + "/model.safetensors"
    let index = whole + ".index.json"
    if exists(whole) || !exists(index) { return try readable(SafeTensorsFile(path: whole), whole) }
    let shards = try shardNames(index: index)
    var tensors: [String: StoredTensor] = [:]
    for shard in Set(shards.values).sorted() {
      let path = "\(folder)/\(shard)"
      for (name, tensor) in try readable(SafeTensorsFile(path: path), path) {
        guard shards[name] == shard else {
          throw PitwallError.data(path, "the index does not have the tensor \(name) in this file")
        }
        tensors[name] = tensor
      }
    }
    if let name = shards.keys.filter({ tensors[$0] == nil }).min() {
      throw PitwallError.data(index, "no file has the tensor \(name)")
    }
    return tensors
  }

  private static func readable(
    _ file: SafeTensorsFile, _ path: String
  ) throws -> [String: StoredTensor] {
    if let (name, type) = file.unreadable.min(by: { $0.key < $1.key }) {
      throw PitwallError.data(path, "tensor \(name): elements of type \(type) are not supported")
    }
    return file.tensors
  }

  /// In which file each tensor is: names of files in the same folder.
  private static func shardNames(index path: String) throws -> [String: String] {
    let json = try JSONParser.parse(file: path, limit: 1 << 24)
    guard let map = json["weight_map"]?.object else {
      throw PitwallError.data(path, "weight_map is missing")
    }
    return try map.mapValues { value in
      guard let name = value.string, name.hasSuffix(".safetensors"), !name.contains("/") else {
        throw PitwallError.data(path, "weight_map: expected names of safetensors files")
      }
      return name
    }
  }

  static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

  static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }
}

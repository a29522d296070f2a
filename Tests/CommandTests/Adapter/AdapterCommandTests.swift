import Foundation
import Inference
import Testing

/// `pitwall adapter`, run as a person runs it.
@Suite struct AdapterCommandTests {
  private static let tiny = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Fixtures/inference/tiny/tiny-tied").path

  private struct Report: Decodable {
    struct Module: Decodable {
      var module: String
      var rank: Int
      var scale: Double
      var type: String
      var bytes: Int
      var norm: Double?
      var finite: Bool
    }
    var adapter: String
    var matrices: Int
    var max_rank: Int
    var rslora: Bool
    var bytes: Int
    var norm: Double?
    var finite: Bool
    var modules: [Module]
  }

  private func inspect(_ program: borrowing Program, _ adapter: String) throws -> Report {
    let result = try program.run(
      "adapter", "inspect", adapter, "--model", Self.tiny, "--format", "json")
    try #require(result.code == 0, "\(result.errors)")
    return try JSONDecoder().decode(Report.self, from: Data(result.output.utf8))
  }

  @Test func whatIsMadeIsWhatWasAskedFor() throws {
    let program = try Program()
    let result = try program.run(
      "adapter", "synth", Self.tiny, "--output", "many", "--count", "3", "--rank", "4,16",
      "--modules", "all", "--type", "bf16", "--rslora", "--seed", "7")
    #expect(result.code == 0 && result.output.isEmpty && result.errors.isEmpty, "\(result.errors)")
    for (folder, rank) in [("many/000", 4), ("many/001", 16), ("many/002", 4)] {
      let report = try inspect(program, folder)
      #expect(report.max_rank == rank && report.rslora && report.finite)
      #expect(report.matrices == 14 && report.modules.count == 14)
      #expect(report.modules.allSatisfy { $0.type == "bf16" && $0.rank == rank && $0.finite })
      #expect(report.modules.allSatisfy { $0.scale == Double(rank).squareRoot() })
      #expect(report.bytes == report.modules.reduce(0) { $0 + $1.bytes })
    }
    // About the same size whatever the rank: 0.35 times the root of the rows, give or take a third.
    for folder in ["many/000", "many/001"] {
      let report = try inspect(program, folder)
      let query = try #require(report.modules.first)
      #expect(query.module == "model.layers.0.self_attn.q_proj")
      #expect(abs((query.norm ?? 0) - 0.35 * 8) < 1)
    }
  }

  @Test func theSameOptionsGiveTheSameBytes() throws {
    let program = try Program()
    func bytes(_ folder: String, _ seed: String) throws -> Data? {
      let result = try program.run(
        "adapter", "synth", Self.tiny, "--output", folder, "--seed", seed)
      #expect(result.code == 0, "\(result.errors)")
      return FileManager.default.contents(
        atPath: "\(program.folder)/\(folder)/adapter_model.safetensors")
    }
    let first = try #require(try bytes("a", "1"))
    let (again, other) = (try bytes("b", "1"), try bytes("c", "2"))
    #expect(again == first && other != first)
  }

  @Test func inspectionPrintsTables() throws {
    let program = try Program()
    let adapter = Self.tiny + "/adapters/e-r2-o-f16"
    let table = try program.run("adapter", "inspect", adapter).output
    #expect(table.contains("e-r2-o-f16"))
    #expect(table.contains("model.layers.1.self_attn.o_proj"))
    let csv = try program.run("adapter", "inspect", adapter, "--format", "csv").output
    #expect(csv.hasPrefix("module,rank,scale,type,bytes,norm\nmodel.layers.0.self_attn.o_proj,2,"))
    #expect(csv.split(separator: "\n").count == 3)
  }

  @Test func mergedAdaptersAddUp() throws {
    let program = try Program()
    let adapters = ["a-r4-qv", "b-r8-all"].map { "\(Self.tiny)/adapters/\($0)" }
    let result = try program.run(
      "adapter", "merge", adapters[0], adapters[1], "--kind", "cat", "--weights", "-0.5,2",
      "--output", "sum")
    #expect(result.code == 0 && result.errors.isEmpty, "\(result.errors)")
    let report = try inspect(program, "sum")
    #expect(report.max_rank == 12 && report.matrices == 14)
    let model = try Checkpoint.open(Self.tiny).configuration
    let parts = try adapters.map { try LoRAAdapter.open($0, for: model) }
    let sum = try LoRAAdapter.open("\(program.folder)/sum", for: model)
    var expected = try #require(parts[0][1, .value]).delta().scaled(by: -0.5)
    expected += try #require(parts[1][1, .value]).delta().scaled(by: 2)
    let difference = zip(try #require(sum[1, .value]).delta().values, expected.values)
      .reduce(Float(0)) { max($0, abs($1.0 - $1.1)) }
    #expect(difference < 1e-5)
  }

  /// Neither by what succeeds nor by what fails half-way.
  @Test func whatIsThereIsNotWrittenOver() throws {
    let program = try Program()
    #expect(try program.run("adapter", "synth", Self.tiny, "--output", "new/many/").code == 0)
    let before = try program.shell("cd new/many && sha256sum *").output
    let adapter = Self.tiny + "/adapters/a-r4-qv"
    for words in [
      ["synth", Self.tiny], ["synth", Self.tiny, "--count", "2"], ["merge", adapter],
    ] {
      for path in ["new/many", "new/many/"] {
        let again = try program.run(["adapter"] + words + ["--output", path])
        #expect(again.code == 64 && again.isOneLine, "\(again.errors)")
        #expect(again.errors.contains("exists already"))
      }
    }
    #expect(try program.shell("cd new/many && sha256sum *").output == before)
    // The second of the two has numbers that are too large.
    let half = try program.run(
      "adapter", "synth", Self.tiny, "--output", "new/half", "--count", "2", "--rank", "1,4096",
      "--strength", "5000", "--alpha", "1", "--type", "f16")
    #expect(half.code == 65 && half.isOneLine, "\(half.errors)")
    #expect(try program.shell("ls -A new").output == "many\n")
    // An empty folder is as good as none.
    #expect(try program.shell("mkdir new/empty").code == 0)
    #expect(try program.run("adapter", "merge", adapter, "--output", "new/empty").code == 0)
    #expect(try inspect(program, "new/empty").matrices == 4)
  }

  @Test func adaptersForDifferentModelsAreNotMerged() throws {
    let program = try Program()
    let other = URL(fileURLWithPath: Self.tiny).deletingLastPathComponent().path + "/tiny-rope3"
    for (model, modules) in [(Self.tiny, "q_proj"), (other, "q_proj"), (other, "down_proj")] {
      let name = (model == other ? "other-" : "") + modules
      let made = try program.run(
        "adapter", "synth", model, "--output", name, "--modules", modules)
      #expect(made.code == 0, "\(made.errors)")
    }
    for (name, why) in [("other-q_proj", "different models"), ("other-down_proj", "width 48")] {
      let result = try program.run(
        "adapter", "merge", "q_proj", name, "--kind", "cat", "--output", "m")
      #expect(result.code == 65 && result.isOneLine, "\(result.errors)")
      #expect(result.errors.contains(why) && result.errors.contains(name), "\(result.errors)")
      let isWritten = program.exists("m")
      #expect(!isWritten)
    }
  }

  /// Names of models may differ where the model is the same: that is said, and merged all the same.
  @Test func differentNamesOfTheModelAreSaid() throws {
    let program = try Program()
    for name in ["a", "b"] {
      _ = try program.run("adapter", "synth", Self.tiny, "--output", name)
      _ = try program.shell(
        "sed -i 's/\"base_model_name_or_path\": null/\"base_model_name_or_path\": \"m-\(name)\"/' "
          + "\(name)/adapter_config.json")
    }
    let same = try program.run("adapter", "merge", "a", "a", "--kind", "cat", "--output", "aa")
    #expect(same.code == 0 && same.errors.isEmpty, "\(same.errors)")
    #expect(try program.shell("grep base_model aa/adapter_config.json").output.contains("\"m-a\""))
    let mixed = try program.run("adapter", "merge", "a", "b", "--kind", "cat", "--output", "ab")
    #expect(mixed.code == 0 && mixed.errors.contains("different models: m-a, m-b"))
    #expect(try program.shell("grep base_model ab/adapter_config.json").output.contains("null"))
  }

  @Test func ranksBeyondTheEngineAreSaid() throws {
    let program = try Program()
    let wide = try program.run("adapter", "synth", Self.tiny, "--output", "wide", "--rank", "600")
    #expect(wide.code == 0, "\(wide.errors)")
    let merged = try program.run(
      "adapter", "merge", "wide", "wide", "--kind", "cat", "--output", "wider")
    #expect(merged.code == 0 && merged.errors.contains("rank 1200; the engine takes"))
    let result = try program.run(
      "engine", "generate", Self.tiny, "--raw", "--prompt", "ab", "--adapter", "w=wider")
    #expect(result.code == 65 && result.isOneLine, "\(result.errors)")
    #expect(result.errors.contains("wider: its rank is 1200"), "\(result.errors)")
  }

  @Test(arguments: [
    ("inspect none", 66), ("inspect bad", 65), ("inspect A --model none", 66),
    ("inspect B --model OTHER", 65), ("merge A none --output m", 66),
    ("merge A bad --output m", 65),
    ("merge A B --kind linear --output m", 65), ("merge A B --weights 1 --output m", 64),
    ("merge A B --weights 1,x --output m", 64), ("merge A B --kind ties --output m", 64),
    ("merge A B --kind cat --density 0.5 --output m", 64), ("merge A B --rank 0 --output m", 64),
    ("merge A B --kind ties_svd --density 2 --output m", 64), ("merge --output m", 64),
    ("merge A --output bad/adapter_config.json/m", 74),
    ("synth none --output m", 66), ("synth bad --output m", 66),
    ("synth MODEL --output m --modules w_proj", 64), ("synth MODEL --output m --rank 0", 64),
    ("synth MODEL --output m --rank x", 64), ("synth MODEL --output m --rank ''", 64),
    ("synth MODEL --output m --rank 4,,8", 64), ("synth MODEL --output m --modules ''", 64),
    ("merge A B --output m --weights ''", 64),
    ("synth MODEL --output m --count 0", 64),
    ("synth MODEL --output m --alpha 0", 64), ("synth MODEL --output m --alpha nan", 64),
    ("synth MODEL --output m --type f16 --strength 1e9", 65), ("synth MODEL", 64), ("synht", 64),
  ])
  func mistakesAreNamed(arguments: String, code: Int32) throws {
    let program = try Program()
    _ = try program.shell("mkdir bad; echo '{\"peft_type\": 1}' > bad/adapter_config.json")
    let words = arguments.split(separator: " ").map { word in
      switch word {
      case "A": Self.tiny + "/adapters/a-r4-qv"
      case "B": Self.tiny + "/adapters/b-r8-all"
      case "MODEL": Self.tiny
      case "OTHER": URL(fileURLWithPath: Self.tiny).deletingLastPathComponent().path + "/tiny-rope3"
      default: String(word)
      }
    }
    let result = try program.shell("\"$0\" adapter \(words.joined(separator: " "))")
    #expect(result.code == code && result.output.isEmpty, "\(arguments): \(result.errors)")
    if code != 64 { #expect(result.isOneLine, "\(result.errors)") }
    if arguments.hasSuffix(" ''") {
      #expect(result.isOneLine && result.errors.contains("--"), "\(result.errors)")
    }
    let isWritten = program.exists("m")
    #expect(!isWritten)
  }

  @Test func helpHasExamples() throws {
    let program = try Program()
    for command in ["synth", "inspect", "merge"] {
      let help = try program.run("adapter", command, "--help")
      #expect(help.code == 0 && help.output.contains("pitwall adapter \(command) "))
    }
    let merge = try program.run("adapter", "merge", "--help").output
    for kind in AdapterMerge.Kind.allCases { #expect(merge.contains(kind.rawValue)) }
  }
}

extension LoRAUpdate {
  /// What the update adds to the weights, scale B A, `[out][in]`: multiplied out first, then scaled,
  /// as PEFT does it.
  fileprivate func delta() -> DenseMatrix {
    (DenseMatrix(b) * DenseMatrix(a)).scaled(by: scale)
  }
}

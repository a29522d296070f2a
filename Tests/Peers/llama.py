"""Times llama.cpp on the CPU where the engine's bench times itself; prints what peft.py prints.

The model is widened to F32 and the adapters are written as GGUF first, into the folder of results, which
is not timed. `llama-peer` comes from build-llama.sh.

usage: llama.py PEER MODEL.gguf ADAPTERS FOLDER [--batches 1,4,16,32] [--distinct 0,1,4,8,32] ...
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys

import gguf
from safetensors import safe_open
from others import Others

MODULES = {"self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
           "self_attn.o_proj": "attn_output", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up",
           "mlp.down_proj": "ffn_down"}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("peer")
    parser.add_argument("model")
    parser.add_argument("adapters")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--batches", default="1,4,16,32")
    parser.add_argument("--distinct", default="0,1,4,8,32")
    parser.add_argument("--tokens", type=int, default=16)
    parser.add_argument("--repeats", type=int, default=5, help="of prefill, load and switch")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    return parser.parse_args()


def heads(model):
    fields = gguf.GGUFReader(model).fields
    return {part: int(fields[f"llama.attention.{key}"].contents())
            for part, key in (("attn_q", "head_count"), ("attn_k", "head_count_kv"))}


def convert(source, target, heads):
    """A PEFT folder as the GGUF adapter that llama.cpp reads, its rotary rows interleaved as there."""
    configuration = json.loads((source / "adapter_config.json").read_text())
    if configuration.get("use_rslora"):
        sys.exit(f"{source}: llama.cpp scales by alpha / rank alone")
    writer = gguf.GGUFWriter(target, "llama")
    writer.add_type("adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", float(configuration["lora_alpha"]))
    with safe_open(source / "adapter_model.safetensors", framework="numpy") as tensors:
        for key in tensors.keys():
            layer, rest = key.split("model.layers.")[1].split(".", 1)
            module, half, _ = rest.rsplit(".", 2)
            part, values = MODULES[module], tensors.get_tensor(key).astype("float32")
            if half == "lora_B" and part in heads:
                count = heads[part]
                values = (values.reshape(count, 2, -1, values.shape[1]).swapaxes(1, 2)
                          .reshape(values.shape))
            writer.add_tensor(f"blk.{layer}.{part}.weight.{half.lower()}", values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def prepare(options):
    options.folder.mkdir(parents=True, exist_ok=True)
    wide = options.folder / "model-f32.gguf"
    if not wide.exists():
        partial = wide.with_suffix(".partial")
        subprocess.run([options.peer, "widen", options.model, partial], check=True, stdout=sys.stderr)
        partial.rename(wide)
    adapters, counts = [], heads(options.model)
    for source in sorted(pathlib.Path(options.adapters).iterdir()):
        adapters.append(options.folder / f"{source.name}.gguf")
        if not adapters[-1].exists():
            convert(source, adapters[-1], counts)
    return wide, adapters


def main():
    options = arguments()
    wide, adapters = prepare(options)
    command = [options.peer, "bench", wide, options.threads, options.repeats, options.tokens,
               options.batches, options.distinct, *adapters]
    with Others() as others:
        output = subprocess.run([str(word) for word in command], check=True, stdout=subprocess.PIPE).stdout
    print(json.dumps({
        "peer": "llama.cpp", "type": "float32", "threads": options.threads,
        "others": round(others.share, 4), "rows": json.loads(output)}, indent=1))


main()

"""Times PEFT (transformers and torch on the CPU) where the engine's bench times itself.

Prints one JSON object: versions, the CPU share of others over the whole run, and a row for each case
with the names that `pitwall engine bench --format json` uses. Decodes are of a static batch after
prompts of equal length; the median of a case's steps is taken.

usage: peft.py MODEL ADAPTERS [--batches 1,4,16,32] [--distinct 0,1,4,8,32] ...
  MODEL     a GGUF file or a Hugging Face folder
  ADAPTERS  a folder of PEFT folders, as `pitwall adapter synth --count 32` makes it
"""
import argparse
import json
import os
import statistics
import sys
import time

# This file is called as the package is that it measures.
sys.path.append(sys.path.pop(0))
import peft
import torch
import transformers
from others import Others
from peft import PeftModel
from transformers import AutoModelForCausalLM, DynamicCache


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    numbers = lambda text: [int(part) for part in text.split(",")]
    parser.add_argument("model")
    parser.add_argument("adapters")
    parser.add_argument("--batches", type=numbers, default=[1, 4, 16, 32])
    parser.add_argument("--distinct", type=numbers, default=[0, 1, 4, 8, 32])
    parser.add_argument("--prompt", type=int, default=64)
    parser.add_argument("--tokens", type=int, default=16)
    parser.add_argument("--prefill", type=int, default=512)
    parser.add_argument("--repeats", type=int, default=5, help="of prefill, load, switch and merge")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--type", default="float32", choices=["float32", "bfloat16"])
    return parser.parse_args()


def load_model(path, dtype):
    if os.path.isfile(path):
        folder, file = os.path.split(os.path.abspath(path))
        return AutoModelForCausalLM.from_pretrained(folder, gguf_file=file, dtype=dtype).eval()
    return AutoModelForCausalLM.from_pretrained(path, dtype=dtype).eval()


def seconds(action):
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


class Bench:
    def __init__(self, options):
        self.options = options
        self.rows = []
        self.generator = torch.Generator().manual_seed(0)
        base = load_model(options.model, getattr(torch, options.type))
        self.vocabulary = base.config.vocab_size
        names = sorted(os.listdir(options.adapters))
        self.names = names[: max(1, max(options.distinct))]
        self.folder = lambda name: os.path.join(options.adapters, name)
        self.model = PeftModel.from_pretrained(
            base, self.folder(self.names[0]), adapter_name=self.names[0]).eval()

    def add(self, what, batch, adapters, times, tokens=None):
        median = statistics.median(times)
        self.rows.append({
            "what": what, "batch": batch, "adapters": adapters,
            "tokens/s": tokens and round(tokens / median, 2), "ms": round(1000 * median, 4)})

    def text(self, batch, count):
        return torch.randint(100, self.vocabulary, (batch, count), generator=self.generator)

    def run(self, adapters, batch, action):
        """With no adapter, with one for all rows, or with several that take turns."""
        if adapters == 0:
            with self.model.disable_adapter():
                return action({})
        self.model.set_adapter(self.names[0])
        if adapters == 1:
            return action({})
        return action({"adapter_names": [self.names[row % adapters] for row in range(batch)]})

    def prefill(self, adapters):
        def action(keywords):
            return [
                seconds(lambda: self.model(
                    input_ids=self.text(1, self.options.prefill), use_cache=True,
                    logits_to_keep=1, **keywords))
                for _ in range(self.options.repeats + 1)][1:]
        self.add("prefill", 1, adapters, self.run(adapters, 1, action), self.options.prefill)

    def decode(self, batch, adapters):
        def action(keywords):
            cache = DynamicCache(config=self.model.config)
            state = {"next": self.text(batch, self.options.prompt)}

            def step():
                output = self.model(
                    input_ids=state["next"], past_key_values=cache, use_cache=True,
                    logits_to_keep=1, **keywords)
                state["next"] = output.logits[:, -1:].argmax(-1)
            step()
            return [seconds(step) for _ in range(self.options.tokens + 2)][2:]
        self.add("decode", batch, adapters, self.run(adapters, batch, action), batch)

    def movements(self):
        """Of an adapter, while no other than the first is loaded."""
        first, other = self.names[0], self.names[-1]
        load, switch, merge, unmerge = [], [], [], []
        for _ in range(self.options.repeats):
            load.append(seconds(lambda: self.model.load_adapter(self.folder(other), "moved")))
            self.model.set_adapter(first)
            switch.append(seconds(lambda: self.model.set_adapter("moved")))
            merge.append(seconds(self.model.merge_adapter))
            unmerge.append(seconds(self.model.unmerge_adapter))
            self.model.set_adapter(first)
            self.model.delete_adapter("moved")
        for what, times in [("load", load), ("switch", switch), ("merge", merge), ("unmerge", unmerge)]:
            self.add(what, None, 1, times)


def main():
    options = arguments()
    torch.set_num_threads(options.threads)
    bench = Bench(options)
    with torch.inference_mode(), Others() as others:
        bench.movements()
        for name in bench.names[1:]:
            bench.model.load_adapter(bench.folder(name), adapter_name=name)
        bench.model.eval()
        for adapters in (0, 1):
            bench.prefill(adapters)
        for batch in options.batches:
            for adapters in options.distinct:
                if adapters <= batch:
                    bench.decode(batch, adapters)
    versions = {module.__name__: module.__version__ for module in (torch, transformers, peft)}
    print(json.dumps({
        "peer": "peft", "type": options.type, "threads": options.threads, "versions": versions,
        "others": round(others.share, 4), "rows": bench.rows}, indent=1))


main()

"""Records what PEFT makes of adapter configurations, and Python of patterns, for the tests.

usage: peft_rules.py > Tests/Fixtures/inference/peft-rules.json
"""
import json
import math
import random
import re
import sys
import types
import warnings

# This file lies beside one that is called as the package is.
sys.path.pop(0)
import peft
from peft.tuners.tuners_utils import check_target_module_exists
from peft.utils.other import get_pattern_key

PROJECTIONS = ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj",
               "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj"]
EVERY = [name.split(".")[1] for name in PROJECTIONS]
MODULES = [f"model.layers.{layer}.{name}" for layer in range(12) for name in PROJECTIONS]

CONFIGURATIONS = [
    {}, {"target_modules": EVERY}, {"target_modules": "all-linear"}, {"target_modules": "ALL-LINEAR", "r": 16, "lora_alpha": 4, "use_rslora": True},
    {"target_modules": ["self_attn.q_proj", "mlp.up_proj"]}, {"target_modules": ["1.self_attn.q_proj", "model.layers.2.mlp.down_proj", "proj"]},
    {"target_modules": ["layers.1.self_attn.q_proj", "v_proj"], "layers_to_transform": [0, 1, 11]},
    {"target_modules": ["model.layers.3.self_attn.q_proj", "v_proj"], "layers_to_transform": [1]},
    {"target_modules": EVERY, "layers_to_transform": 3}, {"target_modules": EVERY, "layers_to_transform": []},
    {"target_modules": EVERY, "layers_to_transform": [1, 10], "layers_pattern": "layers"}, {"target_modules": EVERY, "layers_to_transform": [1, 10], "layers_pattern": ["h", "layers"]},
    {"target_modules": EVERY, "layers_to_transform": [1, 10], "layers_pattern": ["model.layers"]}, {"target_modules": EVERY, "layers_to_transform": [1, 10], "layers_pattern": ["l.*s"]},
    {"target_modules": EVERY, "layers_to_transform": [2], "layers_pattern": []},
    {"target_modules": EVERY, "exclude_modules": ["k_proj", "model.layers.0.mlp.up_proj", "1.mlp.gate_proj"]}, {"target_modules": EVERY, "exclude_modules": r".*\.1\d?\..*"},
    {"target_modules": r".*\.(q|v)_proj"}, {"target_modules": r".*\.[0-5]\..*(?:gate|up)_proj$"}, {"target_modules": r"model\.layers\.\d{2}\.(?!mlp).*"}, {"target_modules": r"q_proj"},
    {"target_modules": r"(?:.*?(?:language|text|layers).*?(?:self_attn|attention|attn|mlp|feed_forward|ffn|dense).*?(?:k_proj|v_proj|q_proj|out_proj|fc1|fc2).*?)|(?:\bmodel\.layers\.[\d]{1,}\.(?:self_attn|attention|attn|mlp|feed_forward|ffn|dense)\.(?:(?:k_proj|v_proj|q_proj|out_proj|fc1|fc2)))"},
    {"target_modules": EVERY, "rank_pattern": {"q_proj": 4, "layers.1.self_attn.q_proj": 16}, "alpha_pattern": {"down_proj": 32}},
    {"target_modules": EVERY, "rank_pattern": {"layers.1.mlp.up_proj": 16, "up_proj": 4}, "alpha_pattern": {"layers.1.mlp.up_proj": 1.5, "up_proj": 4, "mlp.*": 7}, "use_rslora": True},
    {"target_modules": EVERY, "rank_pattern": {"^q_proj": 4, "^model.layers.0.self_attn.k_proj": 2, "proj": 99, ".*v_proj": 3}},
    {"target_modules": EVERY, "rank_pattern": {"q_proj|k_proj": 4, "a)|(model": 5}, "alpha_pattern": {"layers.(1|2).*": 3, "[ko]_proj": 5}},
    {"target_modules": EVERY, "alpha_pattern": {"model.layers.[0-9].mlp": 3, "1.self_attn.q_proj": 12}, "rank_pattern": {"mlp.up_proj": 1}},
]


def rules(configuration):
    """Rank and scale of each module that is targeted."""
    fields = dict(
        exclude_modules=None, modules_to_save=None, target_parameters=None, layers_to_transform=None,
        layers_pattern=None, rank_pattern={}, alpha_pattern={}, r=8, lora_alpha=8, use_rslora=False,
        target_modules=["q_proj", "v_proj"]) | configuration
    for key in ("target_modules", "exclude_modules"):
        if isinstance(fields[key], list):
            fields[key] = set(fields[key])
    if isinstance(fields["target_modules"], str) and fields["target_modules"].lower() == "all-linear":
        fields["target_modules"] = set(MODULES)
    config = types.SimpleNamespace(**fields)
    found = {}
    for name in MODULES:
        if not check_target_module_exists(config, name):
            continue
        rank = config.rank_pattern.get(get_pattern_key(config.rank_pattern.keys(), name), config.r)
        alpha = config.alpha_pattern.get(
            get_pattern_key(config.alpha_pattern.keys(), name), config.lora_alpha)
        found[name] = [rank, alpha / math.sqrt(rank) if config.use_rslora else alpha / rank]
    return found



ATOMS = ["q", "v", "_", "proj", r"\.", ".", r"\d", r"\w", r"\D", r"\W", r"\S", r"\s", "[qv]", "[^.]", "[a-m]",
         r"[\d_]", "[]q]", "[q-]", "^", "$", r"\b", r"\B", r"\A", r"\Z", "mlp", "self", "1", "o", "{", "x{",
         r"\_", r"\-"]
QUANTIFIERS = ["*", "+", "?", "*?", "+?", "??", "{1}", "{2,}", "{,3}", "{1,2}", "{0}", "{0,40}"]
TEXTS = ["q_proj", "model.layers.1.self_attn.q_proj", "model.layers.11.mlp.up_proj", "v", "layers.2.o_proj"]
numbers = random.Random(5)


def pattern(depth=0):
    text = ""
    for _ in range(numbers.randint(0 if depth else 1, 4)):
        if depth < 3 and numbers.random() < 0.3:
            group = numbers.choice(["(", "(?:", "(?=", "(?!", f"(?P<n{numbers.randrange(10**6)}>"])
            text += group + pattern(depth + 1) + ")"
        else:
            text += numbers.choice(ATOMS)
        if numbers.random() < 0.35:
            text += numbers.choice(QUANTIFIERS)
    return text + ("|" + pattern(depth + 1) if numbers.random() < 0.15 else "")


def recorded_patterns(count):
    """Most of them match something."""
    patterns = []
    while len(patterns) < count:
        text = numbers.choice(["", "", r".*\.", ".*"]) + pattern()
        try:
            compiled = re.compile(text)
        except (re.error, Warning):
            continue
        whole = "".join("1" if compiled.fullmatch(name) else "0" for name in TEXTS)
        start = "".join("1" if compiled.match(name) else "0" for name in TEXTS)
        if "1" in start or numbers.random() < 0.2:
            patterns.append([text, whole, start])
    return patterns


def main():
    warnings.simplefilter("error")
    configurations = []
    for configuration in CONFIGURATIONS:
        for key in ("rank_pattern", "alpha_pattern"):
            if key in configuration:
                # PEFT writes keys in order.
                configuration[key] = dict(sorted(configuration[key].items()))
        configurations.append({"config": configuration, "modules": rules(configuration)})
    json.dump({"peft": peft.__version__, "texts": TEXTS, "patterns": recorded_patterns(600),
               "configurations": configurations}, sys.stdout, separators=(",", ":"))


main()

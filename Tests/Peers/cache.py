"""Makes traces for caches and compares what Pitwall's policies miss with what libCacheSim's do."""

import argparse
import csv
import io
import subprocess
import sys

import numpy

RECORD = numpy.dtype([("time", "<u4"), ("object", "<u8"), ("size", "<u4"), ("next", "<i8")])
SHARES = [0.001, 0.01, 0.1, 0.5]

# Ours, and theirs with the size of the table that their tests take, where it changes what is drawn.
EXACT = {
    "lru": ("LRU", 20),
    "fifo": ("FIFO", 20),
    "clock": ("Clock", 20),
    "sieve": ("Sieve", 20),
    "lfu": ("LFU", 20),
    "lfu-da": ("LFUDA", 20),
    "lru-k": ("LRUK", 20),
    "two-q": ("TwoQ", 20),
    "slru": ("SLRU", 20),
    "s3-fifo": ("S3FIFO", 20),
    "arc": ("ARC", 20),
    "lirs": ("LIRS", 20),
    "gdsf": ("GDSF", 20),
    "lhd": ("LHD", 20),
    "largest-first": ("Size", 20),
    "random": ("Random", 12),
    "hyperbolic": ("Hyperbolic", 12),
    "belady": ("Belady", 20),
    "belady-size": ("BeladySize", 20),
}
# Built from their papers: the difference is shown, and fails nothing.
PAPER = {
    "w-tiny-lfu": ("WTinyLFU", 20),
    "lecar": ("LeCaR", 20),
    "cacheus": ("Cacheus", 20),
    "mq": ("MQ", 20),
    "clock-pro": ("ClockPro", 20),
    "clock2q-plus": ("Clock2QPlus", 20),
}


def make(arguments):
    """Zipf popularity, a tenth of requests to objects that come once, log-normal sizes."""
    random = numpy.random.default_rng(arguments.seed)
    count = arguments.requests
    ranks = numpy.arange(1, count // 10 + 2)
    weights = 1 / ranks ** random.uniform(0.6, 1.2)
    objects = random.choice(ranks, size=count, p=weights / weights.sum()).astype(numpy.uint64)
    once = random.random(count) < 0.1
    objects[once] = len(ranks) + numpy.arange(once.sum(), dtype=numpy.uint64) + 1
    sizes = random.lognormal(9, 1.5, size=int(objects.max()) + 1).clip(1, 1 << 30)
    trace = numpy.zeros(count, dtype=RECORD)
    trace["time"] = numpy.arange(count) // 100
    trace["object"] = objects * numpy.uint64(2654435761)
    trace["size"] = sizes[objects].astype(numpy.uint32)
    trace["next"] = next_uses(objects)
    trace.tofile(arguments.trace)


def next_uses(objects):
    """The position of the next request to the same object, or -1."""
    order = numpy.argsort(objects, kind="stable")
    result = numpy.full(len(objects), -1, dtype=numpy.int64)
    same = objects[order[1:]] == objects[order[:-1]]
    result[order[:-1][same]] = order[1:][same]
    return result


def compare(arguments):
    """Prints a line for each policy and size; the exit code is 1 where one that must be exact is not."""
    known = available(arguments.pitwall)
    chosen = {**EXACT, **PAPER}
    if arguments.policies != "all":
        chosen = {name: chosen[name] for name in arguments.policies.split(",")}
    chosen = {name: peer for name, peer in chosen.items() if name in known}
    trace = numpy.fromfile(arguments.trace, dtype=RECORD)
    first = numpy.unique(trace["object"], return_index=True)[1]
    working_set = int(trace["size"][first].sum(dtype=numpy.int64))
    sizes = [int(share * working_set) for share in SHARES]
    ours = replay(arguments, chosen, sizes)
    output = csv.writer(sys.stdout)
    output.writerow(["policy", "theirs", "size", "misses", "difference", "bytes_difference", "required"])
    failed = []
    for name, peer in chosen.items():
        for size in sizes:
            misses, missed = theirs(arguments.trace, trace, peer, size)
            own = ours[name, size]
            difference = (own[0] - misses, own[1] - missed)
            required = "exact" if name in EXACT else "paper"
            output.writerow([name, peer[0], size, own[0], *difference, required])
            if name in EXACT and difference != (0, 0):
                failed.append(f"{name} at {size} B")
    sys.stdout.flush()
    for failure in failed:
        print(f"{arguments.trace}: not exact: {failure}", file=sys.stderr)
    return 1 if failed else 0


def available(pitwall):
    """The names of Pitwall's eviction policies."""
    text = subprocess.run(
        [pitwall, "policies", "list", "--format", "csv"], check=True, capture_output=True, text=True
    ).stdout
    return {row["name"] for row in csv.DictReader(io.StringIO(text)) if row["decides"] == "eviction"}


def replay(arguments, chosen, sizes):
    """Misses and missed bytes of ours, by policy and size."""
    text = subprocess.run(
        [
            arguments.pitwall, "cache", arguments.trace, "--policies", ",".join(chosen),
            "--sizes", ",".join(map(str, sizes)), "--no-bounds", "--format", "csv", "--quiet",
        ],
        check=True, capture_output=True, text=True,
    ).stdout
    rows = csv.DictReader(io.StringIO(text))
    return {
        (row["policy"], int(row["capacity"])): (int(row["misses"]), int(row["missed_bytes"]))
        for row in rows
    }


def theirs(path, trace, peer, size):
    """Misses and missed bytes of theirs, from the ratios that are all it says."""
    import libcachesim

    name, buckets = peer
    reader = libcachesim.TraceReader(
        trace=path, trace_type=libcachesim.TraceType.ORACLE_GENERAL_TRACE
    )
    cache = getattr(libcachesim, name)(cache_size=size, hashpower=buckets)
    ratio, byte_ratio = cache.process_trace(reader)
    return round(ratio * len(trace)), round(byte_ratio * int(trace["size"].sum(dtype=numpy.int64)))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(required=True)
    making = commands.add_parser("make")
    making.add_argument("trace")
    making.add_argument("--seed", type=int, default=1)
    making.add_argument("--requests", type=int, default=1_000_000)
    making.set_defaults(run=make)
    comparing = commands.add_parser("compare")
    comparing.add_argument("trace")
    comparing.add_argument("--pitwall", default=".build/release/pitwall")
    comparing.add_argument("--policies", default="all")
    comparing.set_defaults(run=compare)
    arguments = parser.parse_args()
    sys.exit(arguments.run(arguments) or 0)


if __name__ == "__main__":
    main()

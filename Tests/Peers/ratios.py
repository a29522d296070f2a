"""Sets the engine's figures beside a peer's, out of rounds in which they took turns.

usage: ratios.py FOLDER PEER    with ours-N.json, PEER-N.json and others-N.txt of each round N
Prints for each case the medians over the rounds, and the median of the ratios of each round, of which
both halves were measured within the same minutes. Above 1 the engine is faster.
"""
import json
import pathlib
import statistics
import sys


def rows(document):
    found = {}
    for row in document if isinstance(document, list) else document["rows"]:
        speed = row["tokens/s"] or (1000 / row["ms"] if row["ms"] else None)
        if speed:
            found[row["what"], row["batch"], row["adapters"]] = (speed, row["ms"])
    return found


def main():
    folder, name = pathlib.Path(sys.argv[1]), sys.argv[2]
    rounds = []
    for ours in sorted(folder.glob("ours-*.json")):
        peer = folder / ours.name.replace("ours", name)
        document = json.loads(peer.read_text())
        rounds.append((rows(json.loads(ours.read_text())), rows(document)))
        line = (folder / ours.name.replace("ours", "others").replace("json", "txt")).read_text()
        print(f"{ours.stem}: {line.strip()}; {name}: others {100 * document['others']:.1f} %")
    if not rounds:
        sys.exit(f"{folder}: no rounds")
    print(f"{'what':8} {'batch':>5} {'adapters':>8} {'ours':>12} {name:>12} {'ratio':>7}")
    for key in rounds[0][0]:
        both = [(ours[key], peer[key]) for ours, peer in rounds if key in ours and key in peer]
        if not both:
            continue
        what, batch, adapters = key
        unit = 0 if what in ("prefill", "decode") else 1
        ours, peer = (statistics.median(side[unit] for side in sides) for sides in zip(*both))
        ratio = statistics.median(a[0] / b[0] for a, b in both)
        measure = "tok/s" if unit == 0 else "ms"
        print(f"{what:8} {batch or '-':>5} {adapters:>8} {ours:>6.4g} {measure:>5} {peer:>6.4g} {measure:>5} "
              f"{ratio:>7.2f}")


main()

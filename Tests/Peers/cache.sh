#!/usr/bin/env bash
# Compares what our cache policies miss with what libCacheSim's do, on generated traces of objects of
# different sizes, and prints where they differ.
#
# usage: cache.sh [SEEDS] [REQUESTS]
#   PITWALL   the program, built with -c release (default: .build/release/pitwall)
#   PYTHON    of an environment with libcachesim 0.3.5 (default: one is made in OUT)
#   OUT       where traces are kept (default: a temporary folder)
#   POLICIES  which to compare, as cache.py names them (default: all that both have)
# Exit code 1: a policy that must be exact is not.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
seeds=${1:-10}
requests=${2:-1000000}
pitwall=${PITWALL:-$here/../../.build/release/pitwall}
out=${OUT:-$(mktemp -d)}
mkdir -p "$out"
if [ -z "${PYTHON:-}" ]; then
  python3 -m venv "$out/venv"
  "$out/venv/bin/pip" install --quiet --disable-pip-version-check libcachesim==0.3.5
  PYTHON=$out/venv/bin/python
fi

failed=0
for ((seed = 1; seed <= seeds; seed++)); do
  trace=$out/seed-$seed.oracleGeneral.bin
  "$PYTHON" "$here/cache.py" make "$trace" --seed "$seed" --requests "$requests"
  "$PYTHON" "$here/cache.py" compare "$trace" --pitwall "$pitwall" \
    --policies "${POLICIES:-all}" || failed=1
  rm -f "$trace"
done
exit $failed
